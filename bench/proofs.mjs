/** Callers without secrets: the rules that servers have, and the tokens that are shown to them. */
import { generateKeyPairSync } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { byAssertion, kidOf, OURS, post, signed } from "./assertions.mjs";

const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const REPOSITORY_ID = "74";
const MANY_RULES = 1_000;

/** The issuers of proofs. */
const ISSUERS = { ES256: "https://ci-es256.example", RS256: "https://ci-rs256.example" };
const KEYS = {
  ES256: generateKeyPairSync("ec", { namedCurve: "P-256" }),
  RS256: generateKeyPairSync("rsa", { modulusLength: 2_048 }),
};

function jwksOf(alg) {
  return { keys: [{ ...KEYS[alg].publicKey.export({ format: "jwk" }), alg, kid: kidOf(alg), use: "sig" }] };
}

/** A token as long as that of a job in GitHub Actions; it lives longer than all rounds take. */
function jobToken(alg) {
  const iat = Math.floor(Date.now() / 1_000);
  return signed(alg, KEYS[alg].privateKey, {
    jti: "6ce5f2b0-6e3f-4f7a-9f7a-0f8f6a1b2c3d",
    sub: "repo:acme/app:ref:refs/heads/main",
    aud: OURS,
    ref: "refs/heads/main",
    sha: "f2c1a3f04d8a9e5b7c6d1e2f3a4b5c6d7e8f9a0b",
    repository: "acme/app",
    repository_owner: "acme",
    repository_owner_id: "65",
    run_id: "30433642",
    run_number: "10",
    run_attempt: "2",
    repository_visibility: "private",
    repository_id: REPOSITORY_ID,
    actor_id: "12",
    actor: "octocat",
    workflow: "deploy",
    event_name: "push",
    ref_type: "branch",
    job_workflow_ref: "acme/app/.github/workflows/deploy.yml@refs/heads/main",
    runner_environment: "github-hosted",
    iss: ISSUERS[alg],
    iat,
    nbf: iat,
    exp: iat + 80_000,
  });
}

function rule(alg, { repositoryId = REPOSITORY_ID, issuer = ISSUERS[alg] } = {}) {
  const claims = { repository_id: repositoryId, ref: "refs/heads/main" };
  return { issuer, jwks: jwksOf(alg), algorithms: [alg], claims, any: true, maxAgeSeconds: 86_400 };
}

/** Callers with one rule each; the last of them is the one that a job's token proves. */
function callersWithRules(count, otherRule) {
  const ruleOf = (at) => (at === count - 1 ? rule("ES256") : otherRule(at));
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`job-${at}`, { trusts: [ruleOf(at)] }]));
}

/** Callers that prove themselves, one of each kind. */
export function callersOfKinds() {
  return {
    es256: { trusts: [rule("ES256")] },
    rs256: { trusts: [rule("RS256")] },
    signs: { keys: { jwks: jwksOf("ES256") } },
  };
}

const ofOneIssuer = (at) => rule("ES256", { repositoryId: `other-${at}` });
const ofAnotherIssuer = (at) => rule("ES256", { issuer: `https://ci-${at}.example` });

/**
 * Folders like that of an issuer, with callers that prove themselves.
 *
 * @param {string} folder
 */
export function foldersWithProofs(folder) {
  const withCallers = (callers) => {
    const copy = mkdtempSync(join(tmpdir(), "signet-bench-http-"));
    cpSync(folder, copy, { recursive: true });
    const path = join(copy, "signet.json");
    const config = JSON.parse(readFileSync(path, "utf8"));
    writeFileSync(path, JSON.stringify({ ...config, callers: { ...config.callers, ...callers } }));
    return copy;
  };
  return {
    kinds: withCallers(callersOfKinds()),
    ten: withCallers(callersWithRules(10, ofOneIssuer)),
    ofOne: withCallers(callersWithRules(MANY_RULES, ofOneIssuer)),
    ofMany: withCallers(callersWithRules(MANY_RULES, ofAnotherIssuer)),
  };
}

/** The requests of callers that prove themselves. */
export function proofRequests() {
  const [es256, rs256] = ["ES256", "RS256"].map(jobToken);
  const empty = (request) => ({ ...request, path: "/healthz", method: "GET" });
  return {
    // The same requests, to a route that does nothing.
    emptyES256: empty(byAssertion(es256)),
    emptyRS256: empty(byAssertion(rs256)),
    proofES256: byAssertion(es256),
    proofRS256: byAssertion(rs256),
    grantES256: post({ grant_type: JWT_BEARER, assertion: es256 }),
    // Taken once: who sends them makes one for each request.
    ownKeys: { ...byAssertion(""), assertions: { jwk: KEYS.ES256.privateKey.export({ format: "jwk" }), caller: "signs" } },
  };
}
