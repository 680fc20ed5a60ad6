/** The stack's `POST /token` on an emulator that runs CloudFormation, Lambda and S3: switched on, and asked with proofs. */
import { exportJWK, generateKeyPair, SignJWT } from "jose";

const IDP = "https://idp.example";
const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/**
 * @param {{ issuer: string, deploy: (...parameters: string[]) => Promise<Record<string, string>>, verifies: (token: string) => Promise<any>,
 *   aws: any, check: (holds: boolean, what: string) => void, callers: object }} stack `callers` are those that it has already
 */
export async function tokenRoute({ issuer, deploy, verifies, aws, check, callers }) {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: "idp", alg: "ES256", use: "sig" }] };
  const rule = { issuer: IDP, jwks, claims: { sub: "job" }, singleUse: true, claimsFromProof: { repository: "repo" } };
  const outputs = await deploy("TokenRoute=on", `Callers=${JSON.stringify({ ...callers, ci: { trusts: [rule] } })}`);
  check(outputs.TokenUrl?.endsWith("/v1/token") === true, "an update switches POST /token on, and an output says where it is");

  let number = 0;
  const proof = (claims = {}) =>
    new SignJWT({ sub: "job", repository: "acme/app", jti: `${number++}`, ...claims })
      .setProtectedHeader({ alg: "ES256", kid: "idp" })
      .setIssuer(IDP)
      .setAudience(issuer)
      .setIssuedAt()
      .setExpirationTime("2m")
      .sign(privateKey);
  // The emulator's API knows no variables of a stage, by which ours names its functions: the function gets what API Gateway would send.
  const name = (await aws.inventory()).functions.find((each) => each.includes("-Token-"));
  const ask = async (assertion) => {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const requestContext = { stage: "v1", identity: { sourceIp: "192.0.2.1" } };
    const body = new URLSearchParams({ grant_type: JWT_BEARER, assertion }).toString();
    const event = { httpMethod: "POST", resource: "/token", path: "/token", headers, requestContext, body };
    const answer = await aws.invoke(name, event);
    return { status: answer.statusCode, told: JSON.parse(answer.body) };
  };

  const shown = await proof();
  const { sub, client_id: client, repo } = await verifies((await ask(shown)).told.access_token ?? "");
  check(
    [sub, client, repo].join() === "ci,ci,acme/app",
    "another issuer's token gets its caller one of ours, with a claim of the proof",
  );
  const again = await ask(shown);
  check(again.status === 400 && again.told.error === "invalid_grant", "the same proof gets none: the bucket remembers it");
  const refused = await ask(await proof({ sub: "another job" }));
  check(refused.status === 400 && refused.told.error === "invalid_grant", "nor does a proof one claim off");
  const claimed = { request: { claims: {} }, proof: { rule: "trusts.0", claims: {}, claimsForTokens: { repo: "other/app" } } };
  const ordinary = await aws.invoke(`${outputs.JWTIssuerFunctionArn}:ci`, claimed);
  check(ordinary.token === undefined, "and the caller's ordinary alias takes no claims of a proof");
}
