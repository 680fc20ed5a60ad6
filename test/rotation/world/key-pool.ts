import { generateKeyPairSync, type KeyObject } from "node:crypto";

const pool: KeyObject[] = [];

/** The n-th private key: made once, used by every world, because making keys is what costs time. */
export function pooledKey(index: number): KeyObject {
  for (let made = pool.length; made <= index; made++) pool.push(generateKeyPairSync("ed25519").privateKey);
  return pool[index] as KeyObject;
}
