import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { localSigner } from "../../src/algorithms/signature.js";
import { algorithmNamed } from "../../src/algorithms/table.js";
import { createIssuer } from "../../src/issue/issuer.js";
import type { IssueRequest } from "../../src/issue/request.js";
import { RELYING_PARTIES } from "../../src/relying-parties/index.js";
import { rsaPair } from "../contracts/rsa-keys.mjs";
import { NOW } from "./kinds.js";
import { GIVEN, madeFor } from "./parties-given.js";
import { apns } from "./validators/apns.js";
import { appStoreConnect, appStoreServer } from "./validators/app-store.js";
import { clientAssertion, type Server } from "./validators/client-assertion.js";
import { githubApp } from "./validators/github-app.js";
import { googleApi } from "./validators/google-service-account.js";
import type { Validator } from "./validators/signed-token.js";
import { snowflakeKeypair } from "./validators/snowflake-keypair.js";

/*
 * What `init --for` chooses, before the other side as its own documentation describes it: the validators know neither the table nor the choice.
 */

const rsa = rsaPair(2_048);
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const KID = "ABC123DEFG";
const THUMBPRINT = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0";
const ACCOUNT = { email: GIVEN.serviceAccount, keys: [{ id: "made-there", key: rsa.publicKey }] };
const SQL = { account: "myorg-account1", user: GIVEN.user, keys: [rsa.publicKey] };
const API = "https://pubsub.googleapis.com/";
const TOKEN_URL = "https://login.example/token";

function server(name: Server): Validator {
  const keys = { [KID]: rsa.publicKey, [THUMBPRINT]: rsa.publicKey };
  return clientAssertion(name, { clientId: GIVEN.clientId, keys }, [TOKEN_URL]);
}

/** Each party, what a request says for it, and the other side. */
const SIDES: readonly (readonly [id: string, request: IssueRequest, validator: Validator])[] = [
  ["github-app", { claims: {} }, githubApp([{ clientId: GIVEN.appId, appId: 1, keys: [rsa.publicKey] }])],
  ["app-store-connect", { claims: {} }, appStoreConnect([{ id: KID, key: ec.publicKey, issuerId: GIVEN.issuerId }])],
  [
    "app-store-server",
    { claims: {} },
    appStoreServer({ issuerId: GIVEN.issuerId, bundleIds: [GIVEN.bundleId], keys: [{ id: KID, key: ec.publicKey }] }),
  ],
  ["apns", { claims: {} }, apns({ teamId: GIVEN.teamId, keys: [{ id: KID, key: ec.publicKey }] })],
  ["snowflake-keypair", { claims: {} }, snowflakeKeypair(SQL)],
  ["snowflake-keypair", { claims: {} }, snowflakeKeypair(SQL, { isLogin: true })],
  ["google-service-account", { claims: { aud: API } }, googleApi(ACCOUNT, API)],
  ["client-assertion", { claims: { aud: TOKEN_URL } }, server("oidc")],
  ["okta", { claims: { aud: TOKEN_URL } }, server("okta")],
  ["auth0", { claims: { aud: TOKEN_URL } }, server("auth0")],
  ["keycloak", { claims: { aud: TOKEN_URL } }, server("keycloak")],
  ["entra", { claims: { aud: TOKEN_URL }, setNbf: true }, server("entra")],
];

describe("a token of an issuer that was made for one who knows it by no URL", () => {
  it.each(SIDES)("is taken by %s (%o)", async (id, request, validator) => {
    // Of what a party takes, the key that its validator has is one.
    const { config } = madeFor([id], id === "okta" ? { algorithm: "RS256" } : {});
    const { algorithm, limits } = config;
    const { privateKey } = algorithmNamed(algorithm).kty === "RSA" ? rsa : ec;
    const tokens =
      config.tokens?.certificates === undefined ? config.tokens : { ...config.tokens, certificates: { [KID]: THUMBPRINT } };
    const signer = localSigner({ privateKey, alg: algorithm, kid: KID });
    const { token } = await createIssuer({ signer, limits, tokens, clock: () => NOW }).issue(request);
    expect(validator(token, NOW)).toMatchObject({ iss: expect.any(String) });
  });

  it("is shown to each of them", () => {
    const selfSigned = RELYING_PARTIES.filter(({ kind }) => kind === "self-signed").map(({ id }) => id);
    expect([...new Set(SIDES.map(([id]) => id))]).toStrictEqual(selfSigned);
  });
});
