import { describe, expect, it } from "vitest";
import { localSigner } from "../../src/algorithms/signature.js";
import { createIssuer } from "../../src/issue/issuer.js";
import { KINDS, type Kind, NOW } from "./kinds.js";
import { type Instead, madeFor } from "./parties-given.js";

/** What `init --for` is told of each kind. */
const TOLD: Readonly<Record<string, Instead>> = {
  "github-app": { appId: "Iv23liT0kenMaker" },
  "app-store-connect": { issuerId: "57246542-96fe-1a63-e053-0824d011072a" },
  "app-store-server": { issuerId: "57246542-96fe-1a63-e053-0824d011072a", bundleId: "com.example.app" },
  apns: { teamId: "DEF123GHIJ" },
  "snowflake-keypair, a login": { account: "myorg-my_account", user: "robot" },
  "snowflake-keypair, the SQL API": { account: "myorg-my_account", user: "robot" },
  "google-service-account, straight to an API": { serviceAccount: "robot@my-project.iam.gserviceaccount.com" },
  "client-assertion": { clientId: "6731de76-14a6-49ae-97bc-6eba6914391e" },
  okta: { clientId: "6731de76-14a6-49ae-97bc-6eba6914391e" },
  auth0: { clientId: "6731de76-14a6-49ae-97bc-6eba6914391e" },
  keycloak: { clientId: "6731de76-14a6-49ae-97bc-6eba6914391e" },
  entra: { clientId: "6731de76-14a6-49ae-97bc-6eba6914391e" },
};

describe("what init --for chooses", () => {
  it.each(Object.entries(TOLD))("makes tokens that the validator of %s takes", async (name, told) => {
    const { privateKey, alg, kid, settings, request, validator } = KINDS[name] as Kind;
    const { choice, config } = madeFor([name.replace(/,.*/, "")], told);
    expect(choice.algorithms).toContain(alg);
    // Which thumbprint the certificate has is known once it was made.
    const certificates = settings.tokens?.certificates;
    const tokens = { ...config.tokens, ...(certificates !== undefined && { certificates }) };
    const signer = localSigner({ privateKey, alg, ...(kid !== undefined && { kid }) });
    const { token } = await createIssuer({ signer, tokens, limits: config.limits, clock: () => NOW }).issue(request);
    expect(validator()(token, NOW)).toMatchObject({ iss: expect.any(String), iat: expect.any(Number) });
  });
});
