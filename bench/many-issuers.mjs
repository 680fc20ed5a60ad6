/** Prints the megabytes that many issuers take in one process; started by verify.mjs with its plan as JSON. */
import { createPrivateKey } from "node:crypto";
import { AUDIENCE, CLAIMS, now, signedToken } from "./fixture.mjs";
import { FOLLOWERS } from "./followers.mjs";

const { name, base, issuers, privatePem, kid } = JSON.parse(process.argv[2]);
const key = createPrivateKey(privatePem);
const signing = { alg: "ES256", kid, digest: "sha256", signInput: { key, dsaEncoding: "ieee-p1363" } };

function tokenOf(issuer) {
  return signedToken(signing, { ...CLAIMS[0], iss: issuer, aud: AUDIENCE, iat: now(), exp: now() + 600 });
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
