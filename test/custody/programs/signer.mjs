#!/usr/bin/env node
/** Signs with keys that it keeps as PEM files of a folder: what an HSM does, without one. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [folder] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const pathOf = (id) => join(folder, `${id}.pem`);
const CURVES = { ES256: "P-256", ES384: "P-384" };

function find({ id }) {
  try {
    const key = createPrivateKey(readFileSync(pathOf(id)));
    return { key: `slot/${id}`, publicKey: createPublicKey(key).export({ format: "der", type: "spki" }).toString("base64") };
  } catch {
    return { key: null, publicKey: null };
  }
}

const operations = {
  find,
  make({ id, alg }) {
    const { privateKey } =
      alg === "EdDSA" ? generateKeyPairSync("ed25519") : generateKeyPairSync("ec", { namedCurve: CURVES[alg] });
    const written = join(folder, `.${id}.${process.pid}`);
    writeFileSync(written, privateKey.export({ format: "pem", type: "pkcs8" }));
    try {
      linkSync(written, pathOf(id));
    } catch {}
    rmSync(written);
    return find({ id });
  },
  sign({ key, message }) {
    const privateKey = createPrivateKey(readFileSync(pathOf(key.slice("slot/".length))));
    const digest = privateKey.asymmetricKeyType === "ed25519" ? null : "sha256";
    const signature = sign(digest, Buffer.from(message, "base64"), { key: privateKey, dsaEncoding: "ieee-p1363" });
    return { signature: signature.toString("base64") };
  },
  erase: ({ id }) => rmSync(pathOf(id), { force: true }) ?? {},
  list: () => ({ ids: readdirSync(folder).flatMap((name) => (/^[\w-]+\.pem$/.test(name) ? name.slice(0, -4) : [])) }),
};
const request = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(operations[request.do](request)));
