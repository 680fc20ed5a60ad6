import { generateKeyPairSync } from "node:crypto";

const CURVES = { ES256: "P-256", ES384: "P-384", ES512: "P-521" };

/** A new key pair of node:crypto for a JOSE algorithm. */
export function newKeyPair(alg) {
  if (/^[RP]S/.test(alg)) return generateKeyPairSync("rsa", { modulusLength: 2_048 });
  if (alg in CURVES) return generateKeyPairSync("ec", { namedCurve: CURVES[alg] });
  if (alg === "EdDSA" || alg === "Ed25519") return generateKeyPairSync("ed25519");
  return generateKeyPairSync(alg.toLowerCase());
}

/** The keys that a witness made, each under the name that the request gave it. */
export function ownKeys(make) {
  const kept = new Map();
  return {
    async keygen(request) {
      const key = await make(request);
      kept.set(request.name, key);
      return { jwk: key.jwk };
    },
    named: (name) => kept.get(name),
  };
}

/** `ownKeys` of a library that takes keys of node:crypto. */
export function nodeKeys() {
  return ownKeys(({ alg, kid }) => {
    const { publicKey, privateKey } = newKeyPair(alg);
    return { privateKey, kid, jwk: { ...publicKey.export({ format: "jwk" }), alg, kid, use: "sig" } };
  });
}
