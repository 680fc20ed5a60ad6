import { readFileSync } from "node:fs";

/** A key of the vectors: a private JWK, or a public one. */
export type VectorJwk = Readonly<Record<string, string>>;

/** A published example: what was signed by whom. */
export interface SignedExample {
  readonly section: string;
  readonly alg: string;
  readonly key: VectorJwk | null;
  /** In compact form. */
  readonly token: string;
}

/** RFC 7515: the tokens of appendix A in compact form. */
export const RFC7515 = read<{ expiresAt: number; examples: readonly SignedExample[] }>("rfc7515-appendix-a.json");
/** RFC 7520: section 4, compact form, and one JWS with several signatures. */
export const RFC7520 = read<{ examples: readonly SignedExample[]; severalSignatures: { serialization: object } }>(
  "rfc7520-section-4.json",
);
/** RFC 7638: the thumbprint of an RSA key. */
export const RFC7638 = read<{ key: VectorJwk; thumbprint: string }>("rfc7638-section-3.json");
/** RFC 8037: an Ed25519 key, its thumbprint and a signature of it. */
export const RFC8037 = read<{ alg: string; key: VectorJwk; thumbprint: string; token: string }>("rfc8037-appendix-a.json");
/** RFC 9964: a key of each ML-DSA parameter set, its thumbprint and a signature of it. */
export const RFC9964 = read<{
  examples: readonly { alg: string; key: VectorJwk; thumbprint: string; token: string }[];
}>("rfc9964-appendix-a.json");

/** Project Wycheproof: signatures that other libraries have taken wrongly, by algorithm. Bytes are base64url. */
export const WYCHEPROOF =
  read<
    Readonly<
      Record<
        string,
        readonly { spki: string; tests: readonly [id: number, result: string, message: string, signature: string][] }[]
      >
    >
  >("wycheproof.json");

function read<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, import.meta.url), "utf8")) as T;
}
