/**
 * Lets this process have RSA keys of 2,048 bits that were made before: one costs a quarter of a second. Eight take turns, of which `rsaPair`
 * hands out none, so that the keys of an issuer and those that a test brings are never the same. Keys are made anew where every cell is
 * played, and in `test/algorithms`.
 */
import crypto, { createPrivateKey, createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { promisify } from "node:util";

const made = JSON.parse(readFileSync(new URL("./quick-rsa.json", import.meta.url), "utf8"));
let turn = 0;

export function quickenRsa() {
  const make = promisify(crypto.generateKeyPair);
  /** @type {any} */
  const quick = () => {
    throw new Error("only the promise of a key pair is made quick");
  };
  quick[promisify.custom] = async (/** @type {any} */ type, /** @type {any} */ options) => {
    if (type !== "rsa" || options.modulusLength !== 2_048) return make(type, options);
    const privateKey = createPrivateKey({ key: made[turn++ % made.length], format: "jwk" });
    return { privateKey, publicKey: createPublicKey(privateKey) };
  };
  crypto.generateKeyPair = quick;
  syncBuiltinESMExports();
}
