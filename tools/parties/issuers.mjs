/** One issuer of each kind of token that its users sign themselves, as `signet init --for` makes it, with a key that was made elsewhere. */
import { execFile } from "node:child_process";
import { createPublicKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const bin = fileURLToPath(new URL("../../bin/signet", import.meta.url));
const signet = async (cwd, ...args) => (await run(process.execPath, [bin, ...args], { cwd })).stdout;

export const APP = { clientId: "Iv23liT0kenMaker", appId: 123_456 };
export const TEAM_ISSUER = "57246542-96fe-1a63-e053-0824d011072a";
export const BUNDLE = "com.example.app";
export const TEAM = "DEF123GHIJ";
export const SNOWFLAKE_USER = { account: "myorg-my_account", user: "robot" };
export const EMAIL = "robot@my-project.iam.gserviceaccount.com";
export const CLIENT_ID = "reports";
/** An application of Entra's. */
export const ENTRA = {
  clientId: "11112222-bbbb-3333-cccc-4444dddd5555",
  tenant: "aaaabbbb-0000-cccc-1111-dddd2222eeee",
};

/** What `signet init --for` is told, and the name of the key; the key is RSA where nothing else is said. */
const KINDS = {
  "github-app": { flags: ["--app-id", APP.clientId] },
  "app-store-connect": { flags: ["--issuer-id", TEAM_ISSUER], kid: "2X9R4HXF34", isEc: true },
  "app-store-server": { flags: ["--issuer-id", TEAM_ISSUER, "--bundle-id", BUNDLE], kid: "3ABC4HXF34", isEc: true },
  apns: { flags: ["--team-id", TEAM], kid: "ABC123DEFG", isEc: true },
  "snowflake-keypair": { flags: ["--account", SNOWFLAKE_USER.account, "--user", SNOWFLAKE_USER.user] },
  "google-service-account": { flags: ["--service-account", EMAIL], kid: "0123456789abcdef" },
  "client-assertion": { flags: ["--client-id", CLIENT_ID], kid: "reports-1" },
  entra: { flags: ["--client-id", ENTRA.clientId], kid: "entra-1" },
};

export const KIND_NAMES = Object.keys(KINDS);

/**
 * Makes an issuer of a kind in a folder of its own.
 *
 * @param {string} base
 * @param {string} name
 */
export async function makeIssuer(base, name) {
  const { flags, kid, isEc = false } = KINDS[name];
  const cwd = join(base, name);
  mkdirSync(cwd);
  const { privateKey } = isEc
    ? generateKeyPairSync("ec", { namedCurve: "P-256" })
    : generateKeyPairSync("rsa", { modulusLength: 2_048 });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  writeFileSync(join(cwd, "key.pem"), pem, { mode: 0o600 });
  const named = kid === undefined ? [] : ["--kid", kid];
  await signet(cwd, "init", "--for", name, ...flags, "--import", "key.pem", ...named);
  const config = join(cwd, "signet.json");
  const thumbprint = name === "entra" ? await uploadCertificate(cwd, config, kid) : undefined;
  return { config, pem, kid, publicKey: createPublicKey(privateKey), thumbprint };
}

/** The certificate of a key as it is uploaded, of which the config has to name the thumbprint. @returns {Promise<Buffer>} that of its SHA-256 */
async function uploadCertificate(cwd, config, kid) {
  const { fingerprint256 } = new X509Certificate(await signet(cwd, "keys", "pem", "--for", "entra"));
  const thumbprint = Buffer.from(fingerprint256.replaceAll(":", ""), "hex");
  const members = JSON.parse(readFileSync(config, "utf8"));
  members.tokens.certificates = { [kid]: thumbprint.toString("base64url") };
  writeFileSync(config, JSON.stringify(members));
  return thumbprint;
}

/**
 * Makes an issuer whose keys are found by its URL.
 *
 * @param {string} base
 * @param {string} issuer
 */
export async function makePublishedIssuer(base, issuer) {
  const cwd = join(base, "published");
  mkdirSync(cwd);
  await signet(cwd, "init", "--issuer", issuer);
  return { config: join(cwd, "signet.json") };
}
