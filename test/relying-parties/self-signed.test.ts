import { constants, createHmac, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { localSigner } from "../../src/algorithms/signature.js";
import { createIssuer } from "../../src/issue/issuer.js";
import { RELYING_PARTIES } from "../../src/relying-parties/index.js";
import { rsaPair } from "../contracts/rsa-keys.mjs";
import { KINDS, type Kind, NOW, type Parts } from "./kinds.js";
import { Refusal, type Validator } from "./validators/signed-token.js";

/*
 * Tokens that their users sign themselves: the other side, as its documentation describes it, takes ours, and refuses it by the rule in
 * question where one thing is off.
 */

async function ours({ privateKey, alg, kid, settings, request }: Kind): Promise<string> {
  const signer = localSigner({ privateKey, alg, ...(kid !== undefined && { kid }) });
  return (await createIssuer({ ...settings, signer, clock: () => NOW }).issue(request)).token;
}

function partsOf(token: string): Parts {
  const [header = "", claims = ""] = token.split(".").map((part) => Buffer.from(part, "base64url").toString());
  return { header: JSON.parse(header), claims: JSON.parse(claims) };
}

function signed({ header, claims }: Parts, key: KeyObject): string {
  const input = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${input}.${signatureOf(String(header.alg), input, key).toString("base64url")}`;
}

function signatureOf(alg: string, input: string, key: KeyObject): Buffer {
  const digest = `sha${alg.slice(2)}`;
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  if (alg.startsWith("HS"))
    return createHmac(digest, createPublicKey(key).export({ type: "spki", format: "pem" }))
      .update(input)
      .digest();
  return sign(digest, Buffer.from(input), { key, dsaEncoding: "ieee-p1363", ...(alg.startsWith("PS") && pss) });
}

/** The rule by which a token is refused; undefined where it is taken. */
function refusedBy(validator: Validator, token: string, now = NOW): string | undefined {
  try {
    validator(token, now);
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error.rule;
    throw error;
  }
}

function otherKey(key: KeyObject): KeyObject {
  if (key.asymmetricKeyType !== "rsa") return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const { privateKey } = rsaPair(2_048);
  return privateKey.equals(key) ? otherKey(key) : privateKey;
}

/** What none of them may take. */
const FORGED: readonly (readonly [string, string, (token: string, kind: Kind) => string])[] = [
  ["without a signature", "form", (token) => token.slice(0, token.lastIndexOf(".") + 1)],
  ["in two parts", "form", (token) => token.slice(0, token.lastIndexOf("."))],
  ["whose claims are a list", "form", (token, { privateKey }) => signed({ ...partsOf(token), claims: [] as never }, privateKey)],
  ["signed by another key", "signature", (token, { privateKey }) => signed(partsOf(token), otherKey(privateKey))],
  [
    "whose signature belongs to other claims",
    "signature",
    (token, { privateKey }) => {
      const { header, claims } = partsOf(token);
      const [head, , signature] = token.split(".");
      return [head, signed({ header, claims: { ...claims, more: 1 } }, privateKey).split(".")[1], signature].join(".");
    },
  ],
  [
    "with the public key as a shared secret",
    "alg",
    (token, { privateKey }) => {
      const { header, claims } = partsOf(token);
      return signed({ header: { ...header, alg: "HS256" }, claims }, privateKey);
    },
  ],
];

describe.each(Object.entries(KINDS))("%s", (_, kind) => {
  it("takes our token", async () => {
    const token = await ours(kind);
    expect(kind.validator()(token, NOW)).toStrictEqual(partsOf(token).claims);
  });

  it.each(kind.also)("takes %s", async (_what, change) => {
    expect(refusedBy(kind.validator(), signed(change(partsOf(await ours(kind))), kind.privateKey))).toBeUndefined();
  });

  it.each(kind.off)("refuses %s by the rule %s", async (_what, rule, change) => {
    expect(refusedBy(kind.validator(), signed(change(partsOf(await ours(kind))), kind.privateKey))).toBe(rule);
  });

  it.each(FORGED)("refuses a token %s by the rule %s", async (_what, rule, forge) => {
    expect(refusedBy(kind.validator(), forge(await ours(kind), kind))).toBe(rule);
  });
});

describe("APNs", () => {
  const kind = KINDS.apns as Kind;

  it("takes the same token again and again, and the next one after twenty minutes, by whichever key", async () => {
    const parts = partsOf(await ours(kind));
    const later = (seconds: number) => signed({ ...parts, claims: { ...parts.claims, iat: NOW + seconds } }, kind.privateKey);
    const validator = kind.validator();
    const first = later(0);
    expect([0, 600, 1_200].map((after) => refusedBy(validator, first, NOW + after))).toStrictEqual([
      undefined,
      undefined,
      undefined,
    ]);
    const second = later(1_200);
    expect(refusedBy(validator, second, NOW + 1_200)).toBeUndefined();
    expect(refusedBy(validator, later(2_399), NOW + 2_399)).toBe("renewal");
    expect(refusedBy(validator, second, NOW + 2_400)).toBeUndefined();
  });
});

describe.each(["client-assertion", "okta", "auth0", "keycloak"])("%s", (name) => {
  it("takes each of our tokens once", async () => {
    const kind = KINDS[name] as Kind;
    const validator = kind.validator();
    const [first, second] = [await ours(kind), await ours(kind)];
    expect([first, second, first].map((token) => refusedBy(validator, token))).toStrictEqual([undefined, undefined, "jti"]);
  });
});

describe("the validators", () => {
  const source = (file: string) => readFileSync(new URL(`validators/${file}.ts`, import.meta.url), "utf8");
  const CASES: Readonly<Record<string, readonly string[]>> = {
    "github-app": ["github-app"],
    "app-store": ["app-store-connect", "app-store-connect, an individual key", "app-store-server"],
    apns: ["apns"],
    "snowflake-keypair": ["snowflake-keypair, a login", "snowflake-keypair, the SQL API"],
    "google-service-account": ["google-service-account, straight to an API", "google-service-account, at the token endpoint"],
    "client-assertion": ["client-assertion", "okta", "auth0", "keycloak", "entra"],
  };
  // Shown above, by stories of their own.
  const BY_ALL = [...FORGED.map(([, rule]) => rule), "renewal"];

  it.each(Object.entries(CASES))("of %s has a case for each of its rules", (file, names) => {
    const rules = [...source(file).matchAll(/\bdemand\(\s*"(?<rule>[^"]+)"/g)].map(({ groups }) => groups?.rule);
    const shown = names.flatMap((name) => KINDS[name]?.off.map(([, rule]) => rule) ?? []);
    expect(rules.length).toBeGreaterThan(5);
    expect([...new Set(rules)].filter((rule) => ![...shown, ...BY_ALL].includes(rule ?? ""))).toStrictEqual([]);
  });

  it("have nothing of what makes the tokens", () => {
    const imports = [...Object.keys(CASES), "signed-token"].flatMap((file) =>
      [...source(file).matchAll(/ from "(?<from>[^"]+)"/g)].map(({ groups }) => groups?.from),
    );
    expect([...new Set(imports)].toSorted()).toStrictEqual(["./signed-token.js", "node:crypto"]);
  });

  it("are there for parties of the table", () => {
    const parties = Object.keys(KINDS).map((name) => name.replace(/,.*/, ""));
    expect(parties.filter((id) => !RELYING_PARTIES.some((party) => party.id === id))).toStrictEqual([]);
  });
});
