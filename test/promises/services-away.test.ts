import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { STATUS_BY_CODE } from "../../src/error-status.js";
import { amount, some } from "../contracts/matrix.js";
import { kidOf } from "../rotation/incidents/verifiers.js";
import {
  type AwsCustody,
  type AwsService,
  CUSTODIES,
  DAY,
  EVERY_SERVICE,
  HOUR,
  IN_MEMORY,
  isGood,
  issue,
  pass,
  START_MS,
  seconds,
  startAws,
  verifierOf,
} from "./installation.js";

/*
 * What docs/promises.md says of services that are away. Each of its lines is one of these tests, by the same words; promises-page.test.ts
 * holds the page against this file.
 */

let there: Awaited<ReturnType<typeof startAws>>;
beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: START_MS }));
beforeAll(async () => {
  there = await startAws();
});
afterEach(() => {
  there.back();
  vi.useRealTimers();
});
afterAll(() => there.aws.close());

/** As long as nothing is too long for: further than every bound of an issuer or a verifier. */
const DAYS = amount(6 * HOUR, 3 * DAY);

type Instance = Parameters<typeof issue>[0];

/** Tokens of an instance, every so many seconds, each of which verifies. */
async function signsFor(instance: Instance, jwks: Parameters<typeof isGood>[1], forSeconds: number, everySeconds = HOUR / 2) {
  const end = seconds() + forSeconds;
  while (seconds() < end) {
    expect(await isGood(await issue(instance), jwks)).toBe(true);
    pass(everySeconds);
  }
}

const refusedWith = (work: Promise<unknown>, name: string | RegExp) =>
  expect(work).rejects.toMatchObject({ name: typeof name === "string" ? name : expect.stringMatching(name) });

describe("KMS is away", () => {
  it.each(some(1, ["kms-data-key", "secrets-manager"] as const))(
    "a key in memory signs on, without end (%s)",
    async (custody) => {
      const { start, jwks } = await there.installed(custody);
      const instance = start();
      await issue(instance);
      there.away("kms");
      await signsFor(instance, jwks(), DAYS);
    },
  );

  it("a key in KMS signs nothing; the answer is 503 aws_unavailable, and the next request after that is answered", async () => {
    const { start, jwks } = await there.installed("kms");
    const instance = start();
    await issue(instance);
    there.away("kms");
    for (const _ of [1, 2, 3]) await refusedWith(issue(instance), "aws_unavailable");
    expect(STATUS_BY_CODE.aws_unavailable).toBe(503);
    there.back();
    expect(await isGood(await issue(instance), jwks())).toBe(true);
  });

  it("a key in Parameter Store is encrypted there by KMS: an issuer that runs signs for an hour, and then nothing", async () => {
    const { start, jwks } = await there.installed("parameter-store");
    const instance = start();
    const confirmedAt = seconds();
    await issue(instance);
    there.away("kms");
    await signsFor(instance, jwks(), 55 * 60, 300);
    vi.setSystemTime((confirmedAt + HOUR) * 1_000);
    await refusedWith(issue(instance), "active_key_stale");
    there.back();
    expect(await isGood(await issue(instance), jwks())).toBe(true);
  });

  it.each(some(1, CUSTODIES))(
    "an instance that starts meanwhile signs nothing, and signs as soon as KMS is back (%s)",
    async (custody) => {
      const { start, jwks } = await there.installed(custody);
      there.away("kms");
      const instance = start();
      await refusedWith(issue(instance), "aws_unavailable");
      there.back();
      expect(await isGood(await issue(instance), jwks())).toBe(true);
    },
  );
});

describe("Parameter Store is away", () => {
  it.each(some(1, CUSTODIES))(
    "an issuer that runs signs for an hour after it last read its key, and then nothing (%s)",
    async (custody) => {
      const { start, jwks } = await there.installed(custody);
      const instance = start();
      const confirmedAt = seconds();
      await issue(instance);
      there.away("ssm");
      await signsFor(instance, jwks(), 55 * 60, 300);
      expect(seconds() - confirmedAt).toBeGreaterThan(55 * 60);
      vi.setSystemTime((confirmedAt + HOUR) * 1_000);
      await refusedWith(issue(instance), "active_key_stale");
      there.back();
      expect(await isGood(await issue(instance), jwks())).toBe(true);
    },
  );

  it.each(some(1, CUSTODIES))(
    "an instance that starts meanwhile signs nothing, and signs as soon as it is back (%s)",
    async (custody) => {
      const { start, jwks } = await there.installed(custody);
      there.away("ssm");
      const instance = start();
      await refusedWith(issue(instance), "aws_unavailable");
      there.back();
      expect(await isGood(await issue(instance), jwks())).toBe(true);
    },
  );
});

describe("Secrets Manager is away", () => {
  it("a key in memory signs on, without end", async () => {
    const { start, jwks } = await there.installed("secrets-manager");
    const instance = start();
    await issue(instance);
    there.away("secretsmanager");
    await signsFor(instance, jwks(), DAYS);
  });

  it("an instance that starts meanwhile signs nothing, and signs as soon as it is back", async () => {
    const { start, jwks } = await there.installed("secrets-manager");
    there.away("secretsmanager");
    const instance = start();
    await refusedWith(issue(instance), "aws_unavailable");
    there.back();
    expect(await isGood(await issue(instance), jwks())).toBe(true);
  });
});

describe("S3 is away", () => {
  it.each(some(1, CUSTODIES))(
    "issuers sign on, also those that start meanwhile: what they need is not there (%s)",
    async (custody) => {
      const { start, jwks } = await there.installed(custody);
      const published = jwks();
      there.away("s3");
      await signsFor(start(), published, DAYS);
    },
  );

  it("a rotation that is due waits, and its wait for verifiers is not shortened by the outage", async () => {
    const { start, jwks, tick, keyring } = await there.installed("parameter-store");
    const instance = start();
    const before = kidOf(await issue(instance));
    there.away("s3");
    // Due three days from here, and prepared a day before.
    for (let hour = 0; hour < 5 * 24; hour += 6) {
      pass(6 * HOUR);
      await refusedWith(tick(), "aws_unavailable");
      expect(kidOf(await issue(instance))).toBe(before);
    }
    there.back();
    await tick();
    expect(kidOf(await issue(instance))).toBe(before);
    const listedAt = seconds();
    const known = new Set(jwks().keys.map(({ kid }) => kid));
    let next = before;
    for (let hour = 0; hour < 72 && next === before; hour += 1) {
      pass(HOUR);
      await tick();
      next = kidOf(await issue(instance));
    }
    expect(next).not.toBe(before);
    // The key that took over had been listed before the outage, or for a day by now.
    const { pendingAt } = keyring().keys.find(({ publicJwk }: { publicJwk?: { kid: string } }) => publicJwk?.kid === next);
    expect(seconds() - pendingAt).toBeGreaterThanOrEqual(DAY);
    expect(known.has(next) || seconds() - listedAt >= DAY).toBe(true);
  });
});

describe("the key manager does not run", () => {
  it.each(some(1, CUSTODIES))(
    "for a month: the key signs on, every token verifies, and the next run goes on (%s)",
    async (custody) => {
      const { start, jwks, tick, lines } = await there.installed(custody);
      const instance = start();
      const before = kidOf(await issue(instance));
      await signsFor(instance, jwks(), 30 * DAY, amount(3 * DAY, 8 * HOUR));
      expect(kidOf(await issue(instance))).toBe(before);
      await tick();
      expect(lines.some((line) => line.includes('"overdue"'))).toBe(true);
      for (let hour = 0; hour < 30; hour += 6) {
        pass(6 * HOUR);
        await tick();
      }
      const token = await issue(instance);
      expect(kidOf(token)).not.toBe(before);
      expect(await isGood(token, jwks())).toBe(true);
    },
  );
});

/** What each custody needs. */
const NEEDED: Readonly<Record<AwsCustody, readonly AwsService[]>> = {
  "parameter-store": ["ssm", "s3"],
  "secrets-manager": ["ssm", "s3", "secretsmanager"],
  kms: ["ssm", "s3", "kms"],
  "kms-data-key": ["ssm", "s3", "kms"],
};

describe("a service that the key manager needs is away for three days", () => {
  const outages = CUSTODIES.flatMap((custody) => NEEDED[custody].map((service) => [custody, service] as const));

  it.each(some(2, outages))("no key is given up, destroyed or replaced for it (%s, %s)", async (custody, service) => {
    const { start, jwks, tick, keyring } = await there.installed(custody);
    const kids = () =>
      keyring().keys.map(({ publicJwk, state }: { publicJwk: { kid: string }; state: string }) => [publicJwk.kid, state]);
    const before = kids();
    there.away(service);
    for (let hour = 0; hour < 2 * 24; hour += 6) {
      pass(6 * HOUR);
      await tick().catch((error: Error) =>
        expect(error.name).toMatch(/^(aws_unavailable|key_unusable|plan_refused|lease_held)$/),
      );
    }
    there.back();
    pass(HOUR);
    await tick();
    expect(kids()).toStrictEqual(expect.arrayContaining(before));
    expect(keyring().lease).toBeNull();
    expect(await isGood(await issue(start()), jwks())).toBe(true);
  });
});

describe("the public documents cannot be fetched (API Gateway, or what stands before it, is away)", () => {
  it("verifiers of ours go on for 65 minutes after their last fetch, and then say jwks_unavailable", async () => {
    const { start, jwks } = await there.installed("parameter-store");
    const instance = start();
    let isAway = false;
    const verifier = verifierOf(() => {
      if (isAway) throw new Error("connection refused");
      return jwks();
    });
    await verifier.verify(await issue(instance));
    const fetchedAt = seconds();
    isAway = true;
    for (; seconds() < fetchedAt + 3_900; pass(60)) await verifier.verify(await issue(instance));
    pass(60);
    await expect(verifier.verify(await issue(instance))).rejects.toMatchObject({ code: "jwks_unavailable" });
    isAway = false;
    pass(60);
    await verifier.verify(await issue(instance));
  });
});

describe("a region is away", () => {
  it.each(some(1, IN_MEMORY))(
    "a server elsewhere that has its key in memory signs for an hour, and all is as before when it is back (%s)",
    async (custody) => {
      const { start, jwks, keyring, tick } = await there.installed(custody);
      const [published, before] = [jwks(), keyring()];
      const instance = start();
      const confirmedAt = seconds();
      const first = await issue(instance, DAY);
      there.away(...EVERY_SERVICE);
      await signsFor(instance, published, 55 * 60, 300);
      vi.setSystemTime((confirmedAt + HOUR) * 1_000);
      await refusedWith(issue(instance), "active_key_stale");
      pass(6 * HOUR);
      there.back();
      await tick();
      expect(keyring().keys).toStrictEqual(before.keys);
      expect(kidOf(await issue(instance))).toBe(kidOf(first));
      expect(await isGood(first, jwks())).toBe(true);
    },
  );
});
