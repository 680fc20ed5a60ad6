import { expect, it } from "vitest";
import { startTokenFunction } from "../../../src/lambda/token/token.js";
import { jwksOf, keyOf } from "../../trust/fixture.js";

it("leaves out the callers whose rules give what the issuer's limits do not allow, and says so", async () => {
  const rule = { issuer: "https://idp.example", jwks: jwksOf(await keyOf("ES256")) };
  const callers = {
    ci: { trusts: [{ ...rule, claims: { sub: "ci" }, claimsFromProof: { repository: "repo" } }] },
    web: { trusts: [{ ...rule, claims: { sub: "web" }, claimsFromProof: { repository: "team" } }] },
  };
  const env = {
    AWS_REGION: "eu-central-1",
    AWS_ENDPOINT_URL: "http://127.0.0.1:9",
    AWS_LAMBDA_LOG_FORMAT: "JSON",
    SIGNET_ISSUER: "https://issuer.example",
    SIGNET_ISSUER_FUNCTION: "arn:aws:lambda:eu-central-1:111122223333:function:issuer",
    SIGNET_USED_PROOFS: "used-proofs",
    SIGNET_LIMITS: JSON.stringify({ allowedClaims: ["aud", "team"] }),
    SIGNET_CALLERS: JSON.stringify(callers),
  };
  const lines: object[] = [];
  await startTokenFunction(env, (line) => lines.push(JSON.parse(line))).ready;
  const failure = expect.stringContaining("callers.ci.trusts.0.claimsFromProof.repository becomes repo, which is not among");
  expect(lines).toStrictEqual([expect.objectContaining({ level: "ERROR", caller: "ci", code: "config_invalid", failure })]);
});
