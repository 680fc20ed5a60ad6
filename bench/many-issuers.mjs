/** Prints the megabytes that many issuers take in one process; started by verify.mjs with its plan as JSON. */
import { createPrivateKey, sign } from "node:crypto";
import { AUDIENCE, CLAIMS, now } from "./fixture.mjs";
import { FOLLOWERS } from "./followers.mjs";

const { name, base, issuers, privatePem, kid } = JSON.parse(process.argv[2]);
const key = createPrivateKey(privatePem);
const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

function tokenOf(issuer) {
  const payload = { ...CLAIMS[0], iss: issuer, aud: AUDIENCE, iat: now(), exp: now() + 600 };
  const input = `${encoded({ alg: "ES256", kid, typ: "JWT" })}.${encoded(payload)}`;
  return `${input}.${sign("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

function used() {
  for (let times = 0; times < 3; times++) globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1024 / 1024;
}

const kept = [];
const follow = async (at) => {
  const issuer = `${base}/many${at}`;
  const follower = FOLLOWERS[name](issuer, { alg: "ES256" });
  await follower.verify(tokenOf(issuer));
  kept.push(follower);
};
// What the first one loads is not its issuer's.
await follow(issuers);
const before = used();
for (let at = 0; at < issuers; at++) await follow(at);
process.stdout.write(String(used() - before));
process.exit(0);
