import { hasMembers, isText } from "../encoding/list-of.js";
import { shortened, visible } from "../errors.js";
import { PUBLIC_PARAMETERS } from "./jwk-members.js";
import { ALGORITHMS, type Algorithm, type AlgorithmName, algorithmNamed, findAlgorithm, isSame } from "./table.js";

type Jwk = Readonly<Record<string, unknown>>;

/**
 * Tells whether an entry of a key set is a key that may verify signatures (RFC 7517 sections 4.2 and 4.3). Verifiers, imports and doctor
 * all ask here, so that nothing is published that our own verifiers leave aside.
 */
export function isForSignatures(entry: unknown): entry is Jwk {
  if (!hasMembers(entry)) return false;
  const operations = entry.key_ops ?? ["verify"];
  return (entry.use ?? "sig") === "sig" && Array.isArray(operations) && operations.includes("verify");
}

/**
 * The algorithms that a JWK can be used with: its own `alg` under each of its names, or what its type and curve allow where it names none.
 *
 * @param names narrows them
 */
export function algorithmsOfJwk({ alg, kty, crv }: Jwk, names?: readonly AlgorithmName[]): readonly Algorithm[] {
  const own = findAlgorithm(alg);
  // RFC 9964 section 3: for AKP alg is a required member, so a JWK without it is none.
  const fits = (each: Algorithm) => each.kty === kty && kty !== "AKP" && (kty === "RSA" || each.crv === crv);
  return ALGORITHMS.filter((each) => (alg == null ? fits(each) : own && isSame(each, own))).filter(
    (each) => !names || names.some((name) => isSame(each, algorithmNamed(name))),
  );
}

/** Tells whether a member of a JWK says nothing: some serializers write null for what is not there. */
export function isAbsent(member: unknown): boolean {
  return member == null;
}

/** What tokens call a key; `undefined` where it has no name. What is no text is no token's name. */
export function kidOfJwk({ kid }: Jwk): unknown {
  return kid === "" ? undefined : (kid ?? undefined);
}

/** What tokens call the keys of a set that are for signatures, each name once. */
export function kidsIn(entries: readonly unknown[]): readonly string[] {
  return [...new Set(entries.filter(isForSignatures).map(kidOfJwk).filter(isText))];
}

/** Tells whether two JWKs are one public key. */
export function isSameKey(one: Jwk, other: Jwk): boolean {
  return ["kty" as const, ...Object.values(PUBLIC_PARAMETERS).flat()].every((name) => one[name] === other[name]);
}

/** Why verifiers leave an entry of a key set aside, in words that repeat nothing of it; `undefined` for a key that they look at. */
export function whyAside(entry: unknown): string | undefined {
  if (!hasMembers(entry)) return "it is no object";
  const { use, alg, kty, crv } = entry;
  if (use === "enc") return 'it is for encryption ("use": "enc")';
  if ((use ?? "sig") !== "sig") return 'its "use" is not "sig"';
  if (!isForSignatures(entry)) return 'its "key_ops" has no "verify"';
  if (algorithmsOfJwk(entry).length > 0) return undefined;
  if (kty === "oct") return 'it is a secret ("kty": "oct"), not a public key';
  const isKnown = ALGORITHMS.some((each) => each.kty === kty && (each.crv === undefined || each.crv === crv));
  if (!isKnown) return "no supported algorithm uses a key of its type or curve";
  return isAbsent(alg) ? 'a JWK of this type must have the member "alg"' : 'its "alg" is none that is supported';
}

/** What an entry of a key set is called in a sentence: by its kid, or by its place, from 1. */
export function nameOfEntry(entry: unknown, index: number): string {
  const kid = hasMembers(entry) ? kidOfJwk(entry) : undefined;
  return isText(kid) ? visible(shortened(kid)) : `key ${index + 1}`;
}
