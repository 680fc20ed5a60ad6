// Verifies at once and again just before the end, against a JWKS that it reads no more than every two hours of its clock.
import { readFileSync } from "node:fs";
import { createVerifier } from "../../../dist/verify/index.js";

const CACHE_SECONDS = 7_200;
/** How long before its end a token is verified again: half a second by the true clock. */
const LATE_SECONDS = 900;
const seconds = () => Date.now() / 1_000;
let [readAt, verifier] = [0, undefined];
let [verified, refused, ended] = [0, 0, 0];
const kids = new Set();
const waiting = [];

function verify(token) {
  if (seconds() - readAt >= CACHE_SECONDS) {
    readAt = seconds();
    const keys = JSON.parse(readFileSync(process.argv[2], "utf8"));
    verifier = createVerifier({ keys, issuer: "https://issuer.example", audience: null, clock: () => Math.floor(seconds()) });
  }
  try {
    const { claims, header } = verifier.verify(token);
    kids.add(header.kid);
    verified++;
    return claims.exp;
  } catch (error) {
    // A fast clock runs on while this process waits for its turn: a token that has really ended is no loss.
    if (error.code === "token_expired") ended++;
    else refused++;
    if (error.code !== "token_expired") process.stderr.write(`refused: ${error.code} ${error.message}\n`);
    return undefined;
  }
}

process.on("message", ({ tokens, isOver }) => {
  for (const token of tokens ?? []) {
    const exp = verify(token);
    if (exp !== undefined) waiting.push({ token, at: exp - LATE_SECONDS });
  }
  while (waiting.length > 0 && waiting[0].at <= seconds()) {
    const { token, at } = waiting.shift();
    if (seconds() < at + LATE_SECONDS) verify(token);
  }
  if (isOver) process.send({ verified, refused, ended, kids: [...kids] }, () => process.exit());
});
