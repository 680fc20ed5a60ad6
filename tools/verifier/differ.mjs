/** Shows the same tokens to Signet, jose and aws-jwt-verify; every disagreement has to have a reason that is known. */
import { createRequire } from "node:module";
import { createLocalJWKSet, errors, jwtVerify } from "jose";
import { AUDIENCE, chance, ISSUER, makeKeys, nearlyRight } from "./tokens.mjs";

const { createVerifier, isSignetError } = await import(new URL("../../dist/verify/index.js", import.meta.url).href);
const { JwtVerifier } = createRequire(new URL("../../bench/", import.meta.url))("aws-jwt-verify");

/** Why Signet refuses what others take: what the standards forbid, or leave open, and Signet does not take. */
const STRICTER = {
  token_malformed: "base64url in another spelling, members named twice, invalid UTF-8 (RFC 7515 section 2, RFC 8725 section 2.4)",
  token_header_refused: "crit, b64, zip, keys or places of keys within the header (RFC 8725 sections 3.1 and 3.10)",
  token_type_refused: "another typ than JWT (RFC 8725 section 3.11)",
  token_kid_missing: "several keys, and no kid",
  token_claims_malformed: "claims of a form that RFC 7519 section 4.1 forbids",
  token_issued_in_future: "iat ahead of the clock",
  token_expiration_missing: "no exp",
};

/** Why others refuse what Signet takes. */
const LAXER = {
  jose: { ERR_JWT_EXPIRED: "it has no leeway by itself" },
  "aws-jwt-verify": { JwtExpiredError: "it has no leeway by itself" },
};

/** @param {{ count: number, seed: number, check: (what: string, isRight: boolean, seen?: unknown) => void }} options */
export async function differ({ count, seed, check }) {
  const random = chance(seed);
  const keys = makeKeys();
  const now = Math.floor(Date.now() / 1000);
  const libraries = librariesWith({ keys: keys.map(({ jwk }) => jwk) });
  const seen = { good: 0, forged: 0, disagreements: new Map(), unexplained: /** @type {object[]} */ ([]) };
  for (let made = 0; made < count; made++) {
    const { token, isSigned, what } = nearlyRight(keys, random, now);
    const own = await libraries.signet(token);
    if (own === "accepted") seen.good += 1;
    if (own === "accepted" && !isSigned) seen.forged += 1;
    for (const name of /** @type {const} */ (["jose", "aws-jwt-verify"])) {
      const other = await libraries[name](token);
      if ((own === "accepted") === (other === "accepted")) continue;
      const [verb, code] = own === "accepted" ? ["refuses", other] : ["accepts", own];
      const key = `${name} ${verb} (${code})`;
      seen.disagreements.set(key, (seen.disagreements.get(key) ?? 0) + 1);
      if ((own === "accepted" ? LAXER[name][other] : STRICTER[own]) === undefined)
        seen.unexplained.push({ name, own, other, what, token });
    }
  }
  for (const [what, times] of [...seen.disagreements].sort()) console.log(`  ${what}: ${times} times`);
  const { good, forged, unexplained } = seen;
  check(
    `of ${count} tokens that are nearly right ${good} are accepted, and none whose signature is not its own`,
    forged === 0,
    forged,
  );
  check("good ones are among them", good > count / 50, good);
  check("every disagreement with jose and aws-jwt-verify has a known reason", unexplained.length === 0, unexplained.slice(0, 3));
}

/** Each library with the same keys, issuer and audience: what it says to a token, "accepted" or its own word. */
function librariesWith(jwks) {
  const ours = createVerifier({ keys: jwks, issuer: ISSUER, audience: AUDIENCE });
  const local = createLocalJWKSet(jwks);
  const options = { issuer: ISSUER, audience: AUDIENCE, requiredClaims: ["exp"] };
  const aws = JwtVerifier.create({ issuer: ISSUER, audience: AUDIENCE, jwksUri: `${ISSUER}/jwks.json` });
  aws.cacheJwks(jwks);
  const isJose = (error) => error instanceof errors.JOSEError || error instanceof TypeError;
  return {
    signet: (token) =>
      answerOf(
        () => ours.verify(token),
        isSignetError,
        ({ code }) => code,
      ),
    jose: (token) =>
      answerOf(
        () => jwtVerify(token, local, options),
        isJose,
        ({ code, name }) => code ?? name,
      ),
    "aws-jwt-verify": (token) =>
      answerOf(
        () => aws.verifySync(token),
        (error) => error instanceof Error,
        (error) => error.constructor.name,
      ),
  };
}

async function answerOf(verify, isRefusal, nameOf) {
  try {
    await verify();
    return "accepted";
  } catch (error) {
    if (isRefusal(error)) return nameOf(error);
    throw error;
  }
}
