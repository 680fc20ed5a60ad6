import type { KeyObject } from "node:crypto";
import { demand, isTime, readSigned, type Validator } from "./signed-token.js";

/*
 * GitHub, as it takes a GitHub App's token. Written on 2026-11-27 from
 * https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
 * (RS256; iss: client id or application id; iat; exp: no more than 10 minutes into the future), and in the words that octokit's library
 * knows (https://github.com/octokit/auth-app.js, src/hook.ts).
 */

const WORDS = {
  iat: "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
  exp: "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
  far: "'Expiration time' claim ('exp') is too far in the future",
};

/** An app as it stands in GitHub's settings. */
interface App {
  readonly clientId: string;
  readonly appId: number;
  /** Up to 25: GitHub made them, and keeps their public halves. */
  readonly keys: readonly KeyObject[];
}

/** GitHub with these apps. */
export function githubApp(apps: readonly App[]): Validator {
  return (token, now) => {
    const { header, claims, isSignedBy } = readSigned(token);
    demand("alg", header.alg === "RS256");
    const app = apps.find(({ clientId, appId }) => [clientId, appId, `${appId}`].some((id) => id === claims.iss));
    demand("iss", app !== undefined);
    demand("signature", app.keys.some(isSignedBy));
    demand("iat", isTime(claims.iat) && claims.iat <= now, WORDS.iat);
    demand("exp", isTime(claims.exp) && claims.exp > now, WORDS.exp);
    demand("exp", claims.exp <= now + 600, WORDS.far);
    return claims;
  };
}
