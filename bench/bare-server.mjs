/**
 * The least that can answer like an issuer: node:http and node:crypto, with no check, no caller, no log and no metric. What it loses
 * against its own empty route is Node's share of the price.
 */
import { generateKeyPairSync, sign } from "node:crypto";
import { createServer } from "node:http";

const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const key = /** @type {const} */ ({ key: privateKey, dsaEncoding: "ieee-p1363" });
const header = Buffer.from('{"alg":"ES256","kid":"k","typ":"JWT"}').toString("base64url");

function tokenFor(text) {
  const { claims, ttl } = JSON.parse(text);
  const iat = Math.floor(Date.now() / 1_000);
  const input = `${header}.${Buffer.from(JSON.stringify({ ...claims, iat, exp: iat + ttl })).toString("base64url")}`;
  return `${input}.${sign("sha256", Buffer.from(input), key).toString("base64url")}`;
}

const server = createServer((incoming, outgoing) => {
  const chunks = [];
  incoming.on("data", (chunk) => chunks.push(chunk));
  incoming.on("end", () => {
    const text = Buffer.concat(chunks).toString();
    const answer = incoming.url === "/issue" ? `{"token":"${tokenFor(text)}"}` : '{"status":"ok"}';
    outgoing.writeHead(200, { "content-type": "application/json", "content-length": answer.length });
    outgoing.end(answer);
  });
});
server.listen(0, "127.0.0.1", () => process.stderr.write(`Signet serves http://127.0.0.1:${server.address().port};\n`));
