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

/** @param {() => number} [next] whose turn it is */
export function quickenRsa(next = () => turn++) {
  const make = promisify(crypto.generateKeyPair);
  /** @type {any} */
  const quick = () => {
    throw new Error("only the promise of a key pair is made quick");
  };
  quick[promisify.custom] = async (/** @type {any} */ type, /** @type {any} */ options) => {
    if (type !== "rsa" || options.modulusLength !== 2_048) return make(type, options);
    const privateKey = createPrivateKey({ key: made[next() % made.length], format: "jwk" });
    return { privateKey, publicKey: createPublicKey(privateKey) };
  };
  crypto.generateKeyPair = quick;
  syncBuiltinESMExports();
}

/**
 * What does the same to other processes of Node, in their `NODE_OPTIONS`. The processes of one issuer take turns by
 * numbered files: a turn is the process's that has made its file.
 *
 * @param {string} path what their names begin with
 */
export function quickRsaBy(path) {
  const [begin, self] = [path, import.meta.url].map((text) => JSON.stringify(text));
  const preload = `import { closeSync, openSync } from "node:fs"; import { quickenRsa } from ${self};
const isMine = (turn) => {
  try { closeSync(openSync(${begin} + turn, "wx")); return true; } catch (error) { if (error.code !== "EEXIST") throw error; return false; }
};
quickenRsa(() => { let turn = 0; while (!isMine(turn)) turn++; return turn; });`;
  return `--import=data:text/javascript,${encodeURIComponent(preload)}`;
}
