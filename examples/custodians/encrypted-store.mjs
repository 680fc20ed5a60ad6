#!/usr/bin/env node
// Keeps Signet's private keys as files of one folder, each encrypted (AES-256-GCM) under a passphrase (scrypt). Needs Node alone.
//   "custody": "command",
//   "command": { "program": ["/opt/signet/encrypted-store.mjs", "/srv/keys"], "environment": ["STORE_PASSPHRASE"] }
import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from "node:crypto";
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [folder] = process.argv.slice(2);
const { STORE_PASSPHRASE: passphrase } = process.env;
if (!folder || !passphrase) throw new Error("give the folder, and STORE_PASSPHRASE");
mkdirSync(folder, { recursive: true, mode: 0o700 });
const pathOf = (id) => join(folder, `${id}.key`);
const keyFor = (salt) => scryptSync(passphrase, salt, 32);

// The id is authenticated with the text: two files cannot change places.
function encrypt(id, value) {
  const [salt, iv] = [randomBytes(16), randomBytes(12)];
  const cipher = createCipheriv("aes-256-gcm", keyFor(salt), iv).setAAD(Buffer.from(id));
  const text = Buffer.concat([cipher.update(value, "utf8"), cipher.final()]);
  return Buffer.concat([salt, iv, cipher.getAuthTag(), text]);
}

function decrypt(id, bytes) {
  const decipher = createDecipheriv("aes-256-gcm", keyFor(bytes.subarray(0, 16)), bytes.subarray(16, 28));
  decipher.setAAD(Buffer.from(id)).setAuthTag(bytes.subarray(28, 44));
  return decipher.update(bytes.subarray(44), undefined, "utf8") + decipher.final("utf8");
}

const orAbsent = (error, absent) => {
  if (error.code === "ENOENT" || error.code === "EEXIST") return absent;
  throw error;
};

const operations = {
  get({ id }) {
    try {
      return { value: decrypt(id, readFileSync(pathOf(id))) };
    } catch (error) {
      return orAbsent(error, { value: null });
    }
  },
  store({ id, value }) {
    const written = join(folder, `.${id}.${randomBytes(8).toString("hex")}`);
    writeFileSync(written, encrypt(id, value), { flag: "wx", mode: 0o600, flush: true });
    try {
      // A link never replaces: of two processes one stores its key, and the other one is told.
      linkSync(written, pathOf(id));
      return { stored: true };
    } catch (error) {
      return orAbsent(error, { stored: false });
    } finally {
      rmSync(written);
    }
  },
  erase: ({ id }) => rmSync(pathOf(id), { force: true }) ?? {},
  list: () => ({ ids: readdirSync(folder).flatMap((name) => (/^[\w-]+\.key$/.test(name) ? name.slice(0, -4) : [])) }),
};
const request = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(operations[request.do](request)));
