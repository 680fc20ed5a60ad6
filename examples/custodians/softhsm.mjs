#!/usr/bin/env node
// Signs with keys in a PKCS #11 token that never leave it: SoftHSM, or any HSM with a module. Needs pkcs11-tool (Debian: opensc, softhsm2).
//
//   "custody": "command", "algorithm": "ES256",
//   "command": { "program": ["/opt/signet/softhsm.mjs", "/usr/lib/softhsm/libsofthsm2.so", "signet"], "signs": true,
//                "environment": ["HSM_PIN", "SOFTHSM2_CONF"] }
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";

const [modulePath, token] = process.argv.slice(2);
const CURVES = { ES256: "prime256v1", ES384: "secp384r1", ES512: "secp521r1" };

// The PIN is named, not given: arguments can be read by every user of the machine.
function tool(args, input = "") {
  const login = ["--module", modulePath, "--token-label", token, "--login", "--pin", "env:HSM_PIN"];
  return execFileSync("pkcs11-tool", [...login, ...args], { input, stdio: ["pipe", "pipe", "pipe"] });
}

function objects(type) {
  const text = tool(["--list-objects", "--type", type]).toString();
  return text.split(/^(?=\w+ Key Object)/m).flatMap((one) => {
    const { label, id } = /label: +(?<label>[\w-]+)\n(?:.*\n)*? +ID: +(?<id>[0-9a-f]+)/.exec(one)?.groups ?? {};
    return label === undefined ? [] : { label, id };
  });
}

// A make that was interrupted, or two at once, can leave several of one label: the smallest id is the key, and all of them are erased.
function find({ id }) {
  const [key] = objects("privkey")
    .filter(({ label }) => label === id)
    .map((found) => found.id)
    .sort();
  if (key === undefined) return { key: null, publicKey: null };
  return { key, publicKey: tool(["--read-object", "--type", "pubkey", "--id", key]).toString("base64") };
}

const operations = {
  find,
  make({ id, alg }) {
    if (CURVES[alg] === undefined) throw new Error(`this example makes no keys for ${alg}: ${Object.keys(CURVES).join(", ")}`);
    const name = ["--label", id, "--id", randomBytes(16).toString("hex")];
    tool(["--keypairgen", "--key-type", `EC:${CURVES[alg]}`, ...name]);
    return find({ id });
  },
  // The token signs the digest; pkcs11-tool answers r || s, as JWS has it.
  sign({ key, digest }) {
    const made = tool(["--sign", "--mechanism", "ECDSA", "--id", key], Buffer.from(digest, "base64"));
    return { signature: made.toString("base64") };
  },
  erase({ id }) {
    for (const type of ["privkey", "pubkey"])
      for (const { label, id: key } of objects(type)) if (label === id) tool(["--delete-object", "--type", type, "--id", key]);
    return {};
  },
  list: () => ({ ids: [...new Set(objects("privkey").map(({ label }) => label))] }),
};

const request = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(operations[request.do](request)));
