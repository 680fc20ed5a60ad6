import type { RequestListener } from "node:http";
import { isSignetError, type SignetError } from "../../src/errors.js";
import type { ProofSettings } from "../../src/settings/trusts.js";
import type { OnceStore } from "../../src/storage/contract.js";
import type { Proofs, Shown } from "../../src/trust/contract.js";
import { createKeySources, type KeySourcesOptions } from "../../src/trust/key-sources.js";
import { createProofs, type ProofsOptions } from "../../src/trust/proofs.js";
import { type TestKey, testKey } from "../verify/tokens.js";

/** The instant at which the tests stand still. */
export const NOW = 1_800_000_000;
/** The issuer whose callers are proven. */
export const US = "https://tokens.example";
/** An issuer that rules trust. */
export const IDP = "https://idp.example";

const made = new Map<string, Promise<TestKey>>();

/** A key, made once for a file. */
export function keyOf(alg: string, kid = alg): Promise<TestKey> {
  const name = `${alg} ${kid}`;
  const key = made.get(name) ?? testKey(alg, kid);
  made.set(name, key);
  return key;
}

export function jwksOf(...keys: readonly TestKey[]): { readonly keys: readonly Readonly<Record<string, unknown>>[] } {
  return { keys: keys.map(({ signer }) => ({ ...signer.publicJwk })) };
}

/** The claims of a good proof. */
export const proofClaims = {
  iss: IDP,
  aud: US,
  sub: "repo:acme/app:ref:refs/heads/main",
  iat: NOW - 10,
  exp: NOW + 300,
  jti: "1",
};

/** A signed proof, with changes; a claim that is undefined is left out. */
export function proofBy(key: TestKey, claims: object = {}, header: object = {}): string {
  return key.token({ ...key.header, ...header }, { ...proofClaims, ...claims });
}

/** Remembers in memory what was used, and with which arguments. */
export function memoryOnce(): OnceStore & { readonly uses: readonly (readonly [string, number, string])[] } {
  const uses: [string, number, string][] = [];
  return {
    uses,
    async createOnce(digest, until, share) {
      const isFirst = !uses.some(([used]) => used === digest);
      uses.push([digest, until, share]);
      return isFirst;
    },
  };
}

export type Callers = Readonly<Record<string, ProofSettings>>;

/** Proofs of callers, at a clock that stands still. */
export function proofsOf(callers: Callers, more: Partial<ProofsOptions & KeySourcesOptions> = {}): Proofs {
  const clock = more.clock ?? (() => NOW);
  const sources = more.sources ?? createKeySources({ ...more, clock });
  return createProofs({ issuer: US, once: memoryOnce(), ...more, callers, sources, clock });
}

/** How a token is answered: the caller and its rule, or the code of the error. */
export async function answerTo(proofs: Proofs, token: unknown, shown: Shown = {}): Promise<string> {
  try {
    const { caller, rule } = await proofs.prove(token as string, shown);
    return `${caller} ${rule}`;
  } catch (error) {
    if (isSignetError(error)) return error.code;
    throw error;
  }
}

/** Why a token is refused, as the log has it. */
export async function reasonFor(proofs: Proofs, token: unknown, shown: Shown = {}): Promise<string> {
  const error = await proofs.prove(token as string, shown).then(
    () => undefined,
    (thrown: SignetError) => thrown,
  );
  return (error?.cause as Error | undefined)?.message ?? "";
}

/** Answers JSON to every request, and counts them by path. */
export function answering(bodies: (path: string) => unknown): { readonly listener: RequestListener; readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    listener(request, response) {
      asked.push(request.url ?? "");
      const body = bodies(request.url ?? "");
      response.writeHead(body === undefined ? 404 : 200, { "content-type": "application/json" }).end(JSON.stringify(body));
    },
  };
}
