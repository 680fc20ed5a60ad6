import { createAppAuth } from "@octokit/auth-app";
import { Octokit } from "@octokit/core";
import { openIssuer } from "signet-jwt";

const issuer = await openIssuer(); // Of `signet init --for github-app`.
const ttl = 540;

// The second argument, how far GitHub's clock is ahead, is left alone: nine minutes and an iat a minute back are made for that.
async function createJwt() {
  const { token } = await issuer.issue({ claims: {}, ttl });
  return { jwt: token, expiresAt: new Date(Date.now() + ttl * 1_000).toISOString() };
}

/** A client of one installation: octokit asks for its access token, and for the next one in time. */
export function octokitFor(appId: string, installationId: number, baseUrl = "https://api.github.com"): Octokit {
  return new Octokit({ baseUrl, authStrategy: createAppAuth, auth: { appId, installationId, createJwt } });
}
