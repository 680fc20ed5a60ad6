import { type JwtOptions, jwt } from "better-auth/plugins";
import { openIssuer } from "signet-jwt";

const issuer = await openIssuer(); // Of `signet init --issuer URL`; `signet serve`, or a stack, publishes its keys.
const url = issuer.url ?? "";
const alg = "ES256";

const sign: NonNullable<JwtOptions["jwt"]>["sign"] = async (payload, header, asked) => {
  const isOther = asked?.signingKeyId !== undefined || (asked?.signingAlgorithm ?? alg) !== alg;
  if (isOther || header?.cty !== undefined) throw new Error("Signet chooses the key that signs, and sets no cty");
  const claims = JSON.parse(JSON.stringify(payload)); // Dates become texts, and what is undefined is left out.
  return (await issuer.issue({ claims, typ: header?.typ })).token;
};

/** The plugin: `betterAuth({ plugins: [signetJwt("my-api")] })`. */
export const signetJwt = (audience: string) =>
  jwt({ jwks: { remoteUrl: `${url}/.well-known/jwks.json`, keyPairConfig: { alg } }, jwt: { audience, issuer: url, sign } });
