import { dirname, isAbsolute, relative, resolve } from "node:path";
import { didYouMean } from "../encoding/nearest.js";
import { ownMember } from "../encoding/own-member.js";
import { urlOf } from "../encoding/url-of.js";
import { isSignetError, SignetError, shortened } from "../errors.js";
import { presentSeconds } from "../issue/issuer.js";
import { toldApart } from "../operator/caller-proofs.js";
import { MAX_KEY_BYTES, readGivenFile } from "../operator/given-file.js";
import { readJwks } from "../operator/jwks-source.js";
import { readPublicKeys } from "../operator/public-keys.js";
import { readSettings } from "../settings/read.js";
import { PRESET_NAMES, TRUST_MEMBERS } from "../settings/trusts.js";
import { assertRuleClaims } from "../trust/judge-claims.js";
import { judgeTrust } from "../trust/rules.js";
import { pairsGiven } from "./claim-pairs.js";
import type { Context } from "./context.js";
import type { TrustFlags } from "./trust-options.js";
import { isUrlTrusted, pairInWords, prefixInWords, slipInWords } from "./trust-words.js";
import { algorithmGiven, durationGiven, namesGiven } from "./typed.js";

/** What is written into a caller. */
export interface GivenProofs {
  readonly rule?: Readonly<Record<string, unknown>>;
  readonly keys?: Readonly<Record<string, unknown>>;
}

/** The flags of a rule, by the members that they set. */
const RULE_FLAGS = {
  trust: "--trust",
  issuer: "--issuer",
  claim: "--claim",
  claimPrefix: "--claim-prefix",
  audience: "--audience",
  sharedAudience: "--shared-audience",
  any: "--any",
  types: "--types",
  maxAge: "--max-age",
  singleUse: "--single-use",
  fromProof: "--from-proof",
  subjectPrefix: "--subject-prefix",
} as const satisfies Partial<Record<keyof TrustFlags, string>>;

/** Those that concern keys: of the rule that `--trust` begins, or else the caller's own. */
const KEY_FLAGS = {
  jwks: "--jwks",
  jwksUrl: "--jwks-url",
  algorithms: "--algorithms",
  privateNetwork: "--private-network",
  caFile: "--ca-file",
  proxy: "--proxy",
} as const satisfies Partial<Record<keyof TrustFlags, string>>;

const FLAG_OF_MEMBER: Readonly<Record<string, string>> = {
  ...RULE_FLAGS,
  ...KEY_FLAGS,
  preset: "--trust",
  claims: "--claim",
  maxAgeSeconds: "--max-age",
  claimsFromProof: "--from-proof",
};

/** Tells whether a flag says how a caller is proven, or by which keys. */
export function hasTrustFlags(flags: TrustFlags): boolean {
  const names = [...Object.keys(RULE_FLAGS), ...Object.keys(KEY_FLAGS), "publicKey", "acceptTokenEndpointAudience"];
  return names.some((name) => ownMember(flags as Readonly<Record<string, unknown>>, name) !== undefined);
}

/** The flags with what stands behind the name: whom `--trust` would name. @throws SignetError `usage` */
export function withTrusted<F extends TrustFlags>(flags: F, whom: string | undefined): F {
  if (whom === undefined) return flags;
  if (/^[^/]+=/.test(whom)) throw new SignetError("usage", `${shortened(whom)} is no preset; a claim is given with --claim`);
  if (flags.trust !== undefined)
    throw new SignetError("usage", "give the preset or the issuer's URL once: behind the name, or with --trust");
  return { ...flags, trust: whom };
}

/**
 * Reads the flags as what is written into a caller. Nothing was written yet when this throws.
 *
 * @param issuer this issuer's URL
 * @param config the config file: paths are written relative to it
 * @throws SignetError `usage` for flags that contradict each other or what a rule needs, and what reading files throws
 */
export async function proofsGiven(
  context: Context,
  flags: TrustFlags,
  issuer: string | undefined,
  config: string,
): Promise<GivenProofs> {
  const { trust, publicKey } = flags;
  if (trust === undefined)
    assertNone(flags, RULE_FLAGS, `belongs to a rule: give --trust ${PRESET_NAMES[0]} or --trust URL beside it`);
  const hasOwnKeys = publicKey !== undefined || (trust === undefined && (flags.jwks ?? flags.jwksUrl) !== undefined);
  if (trust === undefined && !hasOwnKeys)
    assertNone(flags, KEY_FLAGS, "is about keys: give --trust, --public-key or --jwks-url beside it");
  if (!hasOwnKeys && flags.acceptTokenEndpointAudience === true)
    throw new SignetError(
      "usage",
      "--accept-token-endpoint-audience is for a caller with keys of its own: give --public-key FILE beside it",
    );
  if (publicKey !== undefined && trust === undefined && (flags.jwks ?? flags.jwksUrl) !== undefined)
    throw new SignetError("usage", "give one of --public-key, --jwks and --jwks-url");
  const keys = hasOwnKeys ? await ownKeysGiven(context, flags, config) : undefined;
  const rule = trust === undefined ? undefined : await ruleGiven(context, { ...flags, trust }, config);
  if (rule !== undefined) assertRule(rule, issuer);
  return { ...(rule && { rule }), ...(keys && { keys }) };
}

function assertNone(flags: TrustFlags, refused: Readonly<Record<string, string>>, why: string): void {
  const flag = Object.entries(refused).find(
    ([name]) => ownMember(flags as Readonly<Record<string, unknown>>, name) !== undefined,
  );
  if (flag !== undefined) throw new SignetError("usage", `${flag[1]} ${why}`);
}

async function ruleGiven(
  context: Context,
  flags: TrustFlags & { readonly trust: string },
  config: string,
): Promise<Readonly<Record<string, unknown>>> {
  const { trust, issuer, audience, sharedAudience, any, types, maxAge, singleUse, fromProof, subjectPrefix } = flags;
  const isUrl = isUrlTrusted(trust);
  if (isUrl && issuer !== undefined && issuer !== trust)
    throw new SignetError("usage", "--trust names the issuer already: give its URL once, or --trust PRESET and --issuer URL");
  const claims = claimsGiven(flags);
  return present({
    ...(isUrl ? { issuer: trust } : { preset: trust, issuer }),
    ...(await keyMembers(context, flags, config)),
    audience,
    sharedAudience,
    claims: Object.keys(claims).length === 0 ? undefined : claims,
    any,
    types: types === undefined ? undefined : namesGiven(types, "--types"),
    maxAgeSeconds: maxAge === undefined ? undefined : durationGiven(maxAge, "--max-age"),
    singleUse,
    claimsFromProof: fromProof === undefined ? undefined : copiedGiven(fromProof),
    subjectPrefix,
  });
}

async function ownKeysGiven(context: Context, flags: TrustFlags, config: string): Promise<Readonly<Record<string, unknown>>> {
  const { trust, publicKey, jwks, acceptTokenEndpointAudience } = flags;
  const files = publicKey ?? (jwks === undefined ? [] : [jwks]);
  const option = publicKey === undefined ? "--jwks" : "--public-key";
  const read = await Promise.all(files.map((file) => readPublicKeys(context, file, option)));
  const { keys } = toldApart(read.flat());
  // Beside a rule they are the rule's.
  const shared = trust === undefined ? await keyMembers(context, withoutPasted(flags), config) : {};
  return present({ ...shared, jwks: files.length === 0 ? undefined : { keys }, acceptTokenEndpointAudience });
}

// Its own keys are read as public keys, and each is judged.
function withoutPasted({ jwks: _, ...flags }: TrustFlags): TrustFlags {
  return flags;
}

async function keyMembers(context: Context, flags: TrustFlags, config: string): Promise<Readonly<Record<string, unknown>>> {
  const { jwks, jwksUrl, algorithms, privateNetwork, caFile, proxy } = flags;
  if (jwks !== undefined && jwksUrl !== undefined) throw new SignetError("usage", "give one of --jwks and --jwks-url");
  if (jwks !== undefined && /^https?:/i.test(jwks))
    throw new SignetError("usage", `--jwks is a file; give --jwks-url ${shortened(jwks)}`);
  for (const [option, url] of Object.entries({ "--jwks-url": jwksUrl, "--proxy": proxy })) {
    if (url !== undefined && urlOf(url) === undefined)
      throw new SignetError("usage", `${option} must be a URL such as https://issuer.example`);
  }
  if (caFile !== undefined) await assertCertificates(context, caFile);
  return {
    ...(jwks !== undefined && { jwks: await readJwks(context, jwks, {}, JWKS_OF_ISSUER), jwksPastedAt: presentSeconds() }),
    jwksUrl,
    algorithms:
      algorithms === undefined
        ? undefined
        : namesGiven(algorithms, "--algorithms").map((name) => algorithmGiven(name, "--algorithms").name),
    privateNetwork,
    caFile: caFile === undefined ? undefined : besideConfig(resolve(context.cwd, caFile), config),
    proxy,
  };
}

async function assertCertificates(context: Context, path: string): Promise<void> {
  const text = await readGivenFile(context, path, "--ca-file", MAX_KEY_BYTES);
  if (text.includes("-----BEGIN CERTIFICATE-----")) return;
  throw new SignetError(
    "usage",
    `--ca-file: ${path} has no certificate; expected PEM, which begins with -----BEGIN CERTIFICATE-----`,
  );
}

const JWKS_OF_ISSUER =
  "an issuer's is at the jwks_uri of its discovery, a cluster's comes from `kubectl get --raw /openid/v1/jwks`; a caller's own key is given with --public-key";

/** A path as the config names it: what is below its folder moves with it. */
function besideConfig(path: string, config: string): string {
  const within = relative(dirname(config), path);
  return within.startsWith("..") || isAbsolute(within) ? path : within;
}

/** What claims must say: a value that is given again is another one that will do. */
function claimsGiven({ claim = [], claimPrefix = [] }: TrustFlags): Readonly<Record<string, unknown>> {
  const prefixes = pairsGiven(claimPrefix, (pair) => pairInWords(pair, "--claim-prefix")).map(
    ([name, prefix]) => [name, { prefix }] as const,
  );
  const choices = new Map<string, unknown[]>();
  for (const [name, value] of [...pairsGiven(claim, (pair) => pairInWords(pair, "--claim")), ...prefixes])
    choices.set(name, [...(choices.get(name) ?? []), value].flat());
  // fromEntries defines, so that a claim may be called __proto__.
  return Object.fromEntries([...choices].map(([name, values]) => [name, values.length === 1 ? values[0] : values]));
}

function copiedGiven(pairs: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    pairsGiven(
      pairs.map((pair) => (pair.includes("=") ? pair : `${pair}=${pair}`)),
      (pair) => pairInWords(pair, "--from-proof"),
    ),
  );
}

function present(members: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

/** Judges a rule as the config does, in the words of flags. @throws SignetError `usage` */
function assertRule(rule: Readonly<Record<string, unknown>>, issuer: string | undefined): void {
  const where = "rule";
  try {
    const read = readSettings(TRUST_MEMBERS, rule, ({ path, value, member }) => {
      const field = [where, ...path].join(".");
      const guess = typeof value === "string" ? didYouMean(value, member?.enum ?? []) : "";
      return new SignetError("config_invalid", `${field} must be ${member?.title ?? "known"}${guess}`, { field });
    });
    judgeTrust(read, { where, issuer });
    assertRuleClaims(read, where);
  } catch (error) {
    if (!isSignetError(error, "config_invalid")) throw error;
    const [, member = "", ...inner] = (error.field ?? "").split(".");
    const name = flagInWords(rule, member, inner);
    const said = error.message.replace(`needs ${where}.`, "needs ");
    const words = said.startsWith(`${error.field ?? ""}`) ? said.slice(error.field?.length ?? 0) : ` ${said}`;
    throw new SignetError("usage", `${name}${words}${claimHint(rule, member, inner)}`, { cause: error });
  }
}

function flagInWords(rule: Readonly<Record<string, unknown>>, member: string, inner: readonly string[]): string {
  if (member === "issuer" && rule.preset === undefined) return "--trust";
  if (member === "claims" && inner.length === 0) return "the claims (--claim)";
  const flag = ownMember(FLAG_OF_MEMBER, member) ?? "--trust";
  return [flag, ...inner].join(" ").replace(/^--claim (.+) prefix$/, "--claim-prefix $1");
}

function claimHint(
  { claims = {}, preset }: Readonly<Record<string, unknown>>,
  member: string,
  [claim]: readonly string[],
): string {
  if (member !== "claims") return "";
  const given = claims as Readonly<Record<string, unknown>>;
  if (claim !== undefined) return prefixInWords(given, claim);
  return slipInWords(given) || (preset === undefined ? "; --claim sub=NAME fixes it, or --claim-prefix sub=BEGINNING/" : "");
}
