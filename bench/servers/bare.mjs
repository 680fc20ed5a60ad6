/**
 * The least that can answer like an issuer: node:http and node:crypto, with no check, no caller, no log and no metric. What it loses
 * against its own empty route is Node's share of the price.
 *
 *   node bench/servers/bare.mjs            reads, signs and answers one request after the other, as most servers do
 *   node bench/servers/bare.mjs --staged   reads all that came in one turn of the event loop, signs all, answers all: Node's ceiling
 */
import { generateKeyPairSync, sign } from "node:crypto";
import { createServer } from "node:http";

const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const header = Buffer.from('{"alg":"ES256","kid":"k","typ":"JWT"}').toString("base64url");

function inputOf(text) {
  const { claims, ttl } = JSON.parse(text);
  const iat = Math.floor(Date.now() / 1_000);
  return `${header}.${Buffer.from(JSON.stringify({ ...claims, iat, exp: iat + ttl })).toString("base64url")}`;
}

// On Node 24 an object around the key costs more than the signature: so it is DER, and put into JWS form here.
function signed(input) {
  return `${input}.${jwsForm(sign("sha256", Buffer.from(input), privateKey)).toString("base64url")}`;
}

function jwsForm(der) {
  const out = Buffer.alloc(64);
  let at = 3;
  for (const end of [32, 64]) {
    const length = der[at];
    const integer = der.subarray(at + 1, at + 1 + length);
    const bytes = integer.length > 32 ? integer.subarray(integer.length - 32) : integer;
    bytes.copy(out, end - bytes.length);
    at += length + 2;
  }
  return out;
}

function answer(outgoing, text) {
  outgoing.writeHead(200, { "content-type": "application/json", "content-length": text.length });
  outgoing.end(text);
}

function byOne({ url, text, outgoing }) {
  answer(outgoing, url === "/issue" ? `{"token":"${signed(inputOf(text))}"}` : '{"status":"ok"}');
}

let turn = [];

function staged(request) {
  if (turn.push(request) === 1) setImmediate(takeTurn);
}

function takeTurn() {
  const now = turn;
  turn = [];
  const inputs = now.map(({ url, text }) => (url === "/issue" ? inputOf(text) : undefined));
  const tokens = inputs.map((input) => input && signed(input));
  for (const [at, { outgoing }] of now.entries()) answer(outgoing, tokens[at] ? `{"token":"${tokens[at]}"}` : '{"status":"ok"}');
}

const take = process.argv.includes("--staged") ? staged : byOne;
const server = createServer((incoming, outgoing) => {
  const chunks = [];
  incoming.on("data", (chunk) => chunks.push(chunk));
  incoming.on("end", () => take({ url: incoming.url, text: Buffer.concat(chunks).toString(), outgoing }));
});
server.listen(0, "127.0.0.1", () => process.stderr.write(`serves http://127.0.0.1:${server.address().port}\n`));
