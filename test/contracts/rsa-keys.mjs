/** RSA keys that were made before, since one costs a quarter of a second: eight of 2,048 bits take turns. */
import { createPrivateKey, createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";

const made = JSON.parse(readFileSync(new URL("./rsa-keys.json", import.meta.url), "utf8"));
const turns = new Map();

/** @param {2048 | 3072 | 4096} bits */
export function rsaPair(bits) {
  const turn = turns.get(bits) ?? 0;
  turns.set(bits, turn + 1);
  const privateKey = createPrivateKey({ key: made[bits][turn % made[bits].length], format: "jwk" });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}
