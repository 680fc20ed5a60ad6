import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { findingsOf } from "../../src/doctor/checks.js";
import { type ExamineOptions, examine } from "../../src/doctor/evidence.js";
import { verdictsOf } from "../../src/doctor/verdicts.js";
import type { Visit } from "../../src/doctor/visit.js";
import { partyNamed } from "../../src/relying-parties/index.js";
import type { RelyingParty } from "../../src/relying-parties/relying-party.js";
import { rsaPair } from "../contracts/rsa-keys.mjs";

/** What the pages of docs/recipes/ say that `signet doctor` says: it does, of an issuer or a token that is off in just that. */
const NOW = 1_900_000_000;
const { privateKey, publicKey } = rsaPair(2_048);
const key = (alg: string) => ({ ...publicKey.export({ format: "jwk" }), kid: "k", alg, use: "sig" });

type Claims = Readonly<Record<string, unknown>>;

/** What is off: claims, header, or the issuer's documents. */
interface Off {
  readonly claims?: Claims;
  readonly header?: Claims;
  readonly alg?: string;
  readonly issuer?: string;
  readonly discovery?: Partial<Visit>;
  readonly jwks?: Partial<Visit>;
}

const OFF: readonly Off[] = [
  ...["iat", "sub", "bid", "jti"].map((name) => ({ claims: { [name]: undefined } })),
  ...[601, 1_201, 3_601].map((seconds) => ({ claims: { exp: NOW + seconds } })),
  ...[1, 31, 61].map((seconds) => ({ claims: { iat: NOW + seconds } })),
  ...[61, 3_601].map((seconds) => ({ claims: { iat: NOW - seconds } })),
  { claims: { exp: NOW - 600 } },
  { claims: { aud: "another" } },
  { claims: { aud: ["a", "b"] } },
  { claims: { sub: "é".repeat(64) } },
  { header: { kid: undefined } },
  { header: { alg: "ES256" } },
  { alg: "ES256" },
  { alg: "EdDSA" },
  { issuer: "http://localhost:7117" },
  { issuer: "https://issuer.example:8443" },
  { discovery: { json: undefined } as never },
  { discovery: { json: { issuer: "https://another.example", jwks_uri: "https://issuer.example/jwks" } } },
  { jwks: { json: undefined } as never },
];

async function tokenOf(claims: Claims, { alg = "RS256", ...header }: Claims): Promise<string> {
  const all = { iss: "https://issuer.example", sub: "job", aud: "api", iat: NOW, exp: NOW + 300, jti: "1", bid: "b", ...claims };
  const own = JSON.parse(JSON.stringify({ alg: "RS256", kid: "k", typ: "JWT", ...header }));
  const signed = await new SignJWT(JSON.parse(JSON.stringify(all))).setProtectedHeader(own).sign(privateKey);
  // Of a self-signed one the signature is not looked at.
  const other = Buffer.from(JSON.stringify({ ...own, alg })).toString("base64url");
  return alg === "RS256" ? signed : [other, ...signed.split(".").slice(1)].join(".");
}

/** What doctor says of rules and of a party. */
async function wordsOf(party: RelyingParty, off: Off): Promise<readonly string[]> {
  const { claims = {}, header = {}, alg = "RS256", issuer = "https://issuer.example" } = off;
  const isSelfSigned = party.kind === "self-signed";
  const isOfToken = off.claims !== undefined || off.header !== undefined;
  const options: ExamineOptions = {
    ...(isOfToken && { token: await tokenOf(claims, header), isSelfSigned }),
    now: () => NOW * 1_000,
    addresses: async () => ["8.8.8.8"],
    async visit(url) {
      const base = { url, status: 200, headers: {}, milliseconds: 1, bytes: 500 };
      if (!url.endsWith("/openid-configuration")) return { ...base, json: { keys: [key(alg)] }, ...off.jwks };
      return { ...base, json: { issuer, jwks_uri: `${issuer}/jwks` }, ...off.discovery };
    },
  };
  const evidence = await examine(issuer, options);
  return [...findingsOf(evidence).map(({ words }) => words), ...verdictsOf(evidence, [party]).flatMap(({ reasons }) => reasons)];
}

/** What stands in backticks in the last column of a page's table of refusals, where that is something that doctor says. */
function quotedIn(page: string): readonly string[] {
  const text = readFileSync(fileURLToPath(new URL(`../../docs/recipes/${page}.md`, import.meta.url)), "utf8");
  const [, table = ""] = /^\|[^\n]*`signet doctor[^\n]*\n((?:\|.*\n)+)/m.exec(text) ?? [];
  const last = table.split("\n").map((row) => row.split(/ ?\| ?/).at(-2) ?? "");
  return last
    .filter((cell) => !cell.startsWith("nothing"))
    .flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, quoted = ""]) => quoted))
    .filter((quoted) => quoted !== "?");
}

describe("what a recipe says that doctor says", () => {
  it.each([
    ["aws", ["iam"]],
    ["google-cloud", ["google-cloud"]],
    ["azure", ["azure"]],
    ["entra", ["entra"]],
    ["anthropic", ["anthropic"]],
    ["openai", ["openai"]],
    ["github-app", ["github-app"]],
    ["snowflake", ["snowflake-keypair"]],
    ["app-store", ["app-store-connect", "app-store-server", "apns"]],
  ])("is what it says: %s", async (page, ids) => {
    const said = new Set<string>();
    for (const party of ids.map(partyNamed))
      for (const off of OFF) for (const words of await wordsOf(party, off)) said.add(words);
    const quoted = quotedIn(page);
    expect(quoted.length).toBeGreaterThan(1);
    expect(quoted.filter((words) => !said.has(words))).toStrictEqual([]);
  });
});
