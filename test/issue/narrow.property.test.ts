import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createCallers } from "../../src/issue/callers.js";
import { createImmediateIssuer, type ImmediateIssuer, type IssuerOptions } from "../../src/issue/issuer.js";
import type { IssueRequest } from "../../src/issue/request.js";
import type { OwnLimits } from "../../src/settings/limits.js";
import { cases } from "../contracts/matrix.js";

const NOW = 1_800_000_000;
const signer = { kid: "k", alg: "ES256", sign: () => Buffer.alloc(64) } as unknown as IssuerOptions["signer"];
const options = { signer, clock: () => NOW };

// Few values, so that limits and requests meet.
const claim = fc.constantFrom("sub", "aud", "scope", "tenant");
const audience = fc.constantFrom("a", "a/", "a/b", "a/*", "b");
const pattern = fc.constantFrom("a", "a*", "a/*", "a/b*", "a/b", "b", "*");
const seconds = fc.constantFrom(1, 60, 900, 3_600);
const type = fc.constantFrom("at+jwt", "logout+jwt");
const limits: fc.Arbitrary<OwnLimits> = fc.record(
  {
    maxTtlSeconds: seconds,
    defaultTtlSeconds: fc.option(seconds),
    requireExpiration: fc.boolean(),
    fixedClaims: fc.dictionary(fc.constantFrom("tenant", "aud"), fc.constantFrom("a", "b"), { maxKeys: 1 }),
    allowedClaims: fc.uniqueArray(claim, { minLength: 2 }),
    requiredClaims: fc.uniqueArray(claim, { maxLength: 1 }),
    allowedAudiences: fc.uniqueArray(pattern, { minLength: 1 }),
    allowedTypes: fc.uniqueArray(type),
  },
  { requiredKeys: [] },
);
const request = fc.record(
  {
    claims: fc.record(
      {
        sub: fc.constant("s"),
        aud: fc.oneof(audience, fc.array(audience, { minLength: 1, maxLength: 2 })),
        tenant: fc.constantFrom("a", "b"),
        scope: fc.constant("r"),
      },
      { requiredKeys: [] },
    ),
    ttl: seconds,
    typ: type,
  },
  { requiredKeys: ["claims"] },
);

interface Content {
  readonly typ: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

function contentOf(issuer: ImmediateIssuer, asked: IssueRequest): Content | undefined {
  try {
    const { token } = issuer.issue(asked) as { token: string };
    const [header, payload] = token.split(".").map((part) => Buffer.from(part, "base64url").toString());
    return { typ: JSON.parse(header as string).typ, claims: JSON.parse(payload as string) };
  } catch {
    return undefined;
  }
}

/** Tells whether an issuer would issue what a caller got, if it were asked for that itself. */
function wouldIssue(issuer: ImmediateIssuer, { typ, claims: { exp, ...claims } }: Content): boolean {
  const same = contentOf(issuer, { claims, typ, ...(exp !== undefined && { ttl: (exp as number) - NOW }) });
  const sorted = (value: object | undefined) => JSON.stringify(Object.entries(value ?? {}).sort());
  return sorted(same?.claims) === sorted({ ...claims, ...(exp !== undefined && { exp }) });
}

interface Tally {
  pairs: number;
  got: number;
  refused: number;
  beyond: number;
}

/** Asks as a caller for each request, and counts what it gets beyond what the issuer allows. */
function tallyOf(issuerLimits: OwnLimits, callers: () => ImmediateIssuer, requests: readonly IssueRequest[], tally: Tally): void {
  let issuer: ImmediateIssuer;
  try {
    issuer = callers();
  } catch {
    return;
  }
  tally.pairs++;
  // The exception: an issuer that lists no types leaves them to its callers.
  const allowedTypes = issuerLimits.allowedTypes ?? ["at+jwt", "logout+jwt"];
  const whole = createImmediateIssuer({ ...options, limits: { ...issuerLimits, allowedTypes } });
  for (const asked of requests) {
    const content = contentOf(issuer, asked);
    if (content === undefined) tally.refused++;
    else tally.got++;
    if (content !== undefined && !wouldIssue(whole, content)) tally.beyond++;
  }
}

function tallied(callerOf: (issuer: OwnLimits, caller: OwnLimits) => ImmediateIssuer): Tally {
  const tally = { pairs: 0, got: 0, refused: 0, beyond: 0 };
  const check = (issuer: OwnLimits, caller: OwnLimits, requests: IssueRequest[]) =>
    tallyOf(issuer, () => callerOf(issuer, caller), requests, tally);
  fc.assert(
    fc.property(limits, limits, fc.array(request, { minLength: 5, maxLength: 12 }) as fc.Arbitrary<IssueRequest[]>, check),
    { numRuns: cases(400) },
  );
  return tally;
}

describe("for random limits of an issuer and of a caller", () => {
  it("what the caller gets is a part of what the issuer allows", () => {
    const tally = tallied((issuer, caller) => {
      const found = createCallers({ ...options, limits: issuer }, [{ name: "web", limits: caller }]).named("web");
      return found?.issuer as ImmediateIssuer;
    });
    expect(tally).toMatchObject({ beyond: 0 });
    // The corpus reaches both sides of many limits.
    expect(Math.min(tally.pairs, tally.got, tally.refused)).toBeGreaterThan(cases(100));
  });

  it("the same corpus finds a caller whose limits are not narrowed, or only by overwriting", () => {
    expect(tallied((_, caller) => createImmediateIssuer({ ...options, limits: caller })).beyond).toBeGreaterThan(50);
    expect(
      tallied((issuer, caller) => createImmediateIssuer({ ...options, limits: { ...issuer, ...caller } })).beyond,
    ).toBeGreaterThan(50);
  });
});
