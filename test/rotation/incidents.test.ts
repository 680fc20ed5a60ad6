import { describe, expect, it } from "vitest";
import { isSignetError } from "../../src/errors.js";
import { documentRoutes } from "../../src/http/public-documents.js";
import { ownVerifiers } from "../../src/http/verify.js";
import { createVerifier } from "../../src/verify/create-verifier.js";
import { amount } from "../contracts/matrix.js";
import { memoryPlace } from "../contracts/memory-place.js";
import { followedKeys } from "../server/followed.js";
import { naiveIssuer } from "./incidents/naive-issuer.js";
import { DAY, HOUR, ISSUER, type OurParty, ourIssuer, type Party, type Served } from "./incidents/party.js";
import { isTaken, keepingVerifier, kidOf, requestsOfOneThatObeys } from "./incidents/verifiers.js";
import { SETTINGS } from "./settings-fixture.js";

/*
 * What has gone wrong at others' issuers, each as a scenario on a clock that nothing but the scenario moves: once with our manager, issuer,
 * route and verifier, and once with a naive issuer, or verifier, which fails it. Keys that leak in KMS are in incidents-kms.test.ts.
 */

const ours = async (settings?: Parameters<typeof ourIssuer>[1]): Promise<OurParty> => ourIssuer(memoryPlace(), settings);

/** Both at the same scenario. */
const both = async <T>(scenario: (party: Party) => Promise<T>, naive: Party): Promise<{ ours: T; naive: T }> => ({
  ours: await scenario(await ours()),
  naive: await scenario(naive),
});

const VERIFIERS = amount(4, 20);

// A new key signed as soon as it was made: every verifier came for the keys in the same moment, and failed where Vault was away just then.
// https://github.com/hashicorp/vault/issues/9201
describe("vault#9201: a key that signs at once", () => {
  /** What verifiers do in the moment in which they see the first token of the new key, while the keys can, or cannot, be fetched. */
  async function atTheFirstToken(party: Party, isAway: boolean) {
    let fetches = 0;
    let away = false;
    const fetch = async (): Promise<Response> => {
      fetches += 1;
      if (away) throw new Error("connection refused");
      return Response.json((await party.serve()).jwks);
    };
    const verifiers = Array.from({ length: VERIFIERS }, () =>
      createVerifier({
        issuer: ISSUER,
        audience: null,
        jwksUrl: `${ISSUER}/.well-known/jwks.json`,
        fetch,
        clock: party.now,
        elapsed: party.now,
      }),
    );
    await party.prepare();
    const before = await party.issue();
    for (const verifier of verifiers) await verifier.verify(before);
    await party.pass(120, "is stopped");
    await party.rotate();
    const token = await party.issue();
    expect(kidOf(token)).not.toBe(kidOf(before));
    [fetches, away] = [0, isAway];
    const outcomes = await Promise.allSettled(verifiers.map((verifier) => verifier.verify(token)));
    return { fetches, refused: outcomes.filter(({ status }) => status === "rejected").length };
  }

  it("sends verifiers for the keys all together; ours have them by then", async () => {
    const found = await both((party) => atTheFirstToken(party, false), naiveIssuer());
    expect(found.ours).toStrictEqual({ fetches: 0, refused: 0 });
    expect(found.naive).toStrictEqual({ fetches: VERIFIERS, refused: 0 });
  });

  it("has its tokens refused where the keys cannot be fetched in that moment; ours are taken", async () => {
    const found = await both((party) => atTheFirstToken(party, true), naiveIssuer());
    expect(found.ours).toStrictEqual({ fetches: 0, refused: 0 });
    expect(found.naive).toStrictEqual({ fetches: VERIFIERS, refused: VERIFIERS });
  });
});

// A role could ask for tokens that lived longer than their key was listed: they were refused before their exp.
// https://github.com/hashicorp/vault/issues/11441
describe("vault#11441: a key that leaves before its tokens end", () => {
  /** In how many of its hours a token is refused, whose key is replaced right after it. */
  async function hoursRefused(party: Party, change: () => Promise<unknown> = party.rotate): Promise<number> {
    await party.prepare();
    const token = await party.issue(DAY);
    await change();
    expect(kidOf(await party.issue(600))).not.toBe(kidOf(token));
    let refused = 0;
    for (let hour = 0; hour < 24; hour++) {
      if (!(await isTaken(token, (await party.serve()).jwks, party.now()))) refused += 1;
      await party.pass(HOUR);
    }
    return refused;
  }

  it("refuses a token for most of its life; ours verify to their last hour", async () => {
    expect(await both(hoursRefused, naiveIssuer({ keptSeconds: HOUR }))).toStrictEqual({ ours: 0, naive: 22 });
  });

  it("does not leave early with us either where the operator shortens what tokens may live", async () => {
    const party = await ours();
    const shorten = async () => {
      await party.manager({ maxTtlSeconds: 600 }).applySettings();
      await party.rotate();
    };
    expect(await hoursRefused(party, shorten)).toBe(0);
  });
});

// Between the time for which a rotation was planned and the minute in which it was made, the keys were answered with no-store.
// https://github.com/hashicorp/vault/issues/11438
describe("vault#11438: keys that may not be kept while a rotation is late", () => {
  const EVERY = 4 * DAY;

  it("make who obeys ask for each token; ours can be kept, however late the rotation is", async () => {
    const naive = naiveIssuer({ everySeconds: EVERY });
    await naive.pass(EVERY - 5, "is stopped");
    expect(await requestsOfOneThatObeys(naive, 30)).toBeGreaterThan(20);

    const { policy } = SETTINGS;
    const late = await ours({ policy: { ...policy, rotateEverySeconds: EVERY } });
    const before = await late.serve();
    await late.pass(EVERY + DAY, "is stopped");
    expect((await late.serve()).cacheControl).toBe(before.cacheControl);
    expect(Number(/max-age=(\d+)/.exec(before.cacheControl)?.[1])).toBe(300);
    late.pass = async () => undefined;
    expect(await requestsOfOneThatObeys(late, 30)).toBe(1);
  });

  it("are no matter of a period that is shorter than the work: such a policy is refused, with the sum", async () => {
    const { policy } = SETTINGS;
    await expect(ours({ policy: { ...policy, rotateEverySeconds: 60 } })).rejects.toMatchObject({
      code: "plan_refused",
      field: "rotation.rotateEverySeconds",
      message: expect.stringContaining("no standby would ever be old enough"),
    });
  });
});

// Verifiers that keep the JWKS as long as they were told to refused the tokens of a key that signed from its first second.
// https://github.com/dexidp/dex/issues/2759
describe("dex#2759: a key that verifiers have not read yet", () => {
  const EVERY_SECONDS = amount(HOUR, 1_200);

  /** Tokens refused in the day and a half after a rotation was asked for, by verifiers that keep the keys for a while. */
  async function refusedAfter(party: Party, begin: () => Promise<void>, isAskedAgain = false) {
    await begin();
    // What max-age says, what a cache may serve while the origin fails, and the longest that rotation waits for.
    const verifiers = [300, 3_960, 11_160].map((keptSeconds) => keepingVerifier(party, keptSeconds));
    const kids = new Set<string>();
    let refused = 0;
    const check = async () => {
      const token = await party.issue();
      kids.add(kidOf(token));
      for (const verifier of verifiers) if (!(await verifier.takes(token))) refused += 1;
    };
    await check();
    await party.rotate();
    for (let passed = 0; passed < 36 * HOUR; passed += EVERY_SECONDS) {
      await check();
      if (isAskedAgain) await party.rotate();
      await party.pass(EVERY_SECONDS);
    }
    return { refused, keys: kids.size };
  }

  it("has its tokens refused until they read again; ours are taken by the slowest cache", async () => {
    const found = await both((party) => refusedAfter(party, party.prepare), naiveIssuer());
    expect(found.ours).toStrictEqual({ refused: 0, keys: 2 });
    // For an hour by the one, for three by the other, which read just before.
    expect(found.naive.refused).toBeGreaterThanOrEqual(amount(5, 13));
  });

  it("does not sign sooner because somebody asks all the time: each standby waits until every cache has it", async () => {
    const party = await ours();
    expect(await refusedAfter(party, () => party.pass(HOUR), true)).toStrictEqual({ refused: 0, keys: 2 });
    const naive = naiveIssuer();
    expect((await refusedAfter(naive, naive.prepare, true)).refused).toBeGreaterThan(30);
  });
});

// Each server of a cluster has keys of its own: thirty servers with four each have more keys in the JWKS than the hundred among which AWS looks.
// https://github.com/spiffe/spire/issues/4699
describe("spire#4699: more than 100 keys in the JWKS", () => {
  const SERVERS = 30;
  /** Of ours every one ticks. */
  const OURS = amount(2, SERVERS);
  const MOST_OF_AWS = 100;

  it("come of keys for each server; of ours all servers have the same, at most ten", async () => {
    const each = Array.from({ length: SERVERS }, () => naiveIssuer());
    for (const server of each) for (let restart = 0; restart < 3; restart++) await server.rotate();
    const together = (await Promise.all(each.map((server) => server.serve()))).flatMap(({ jwks }) => jwks.keys);
    expect(together.length).toBeGreaterThan(MOST_OF_AWS);

    const { policy } = SETTINGS;
    const party = await ours({ policy: { ...policy, rotateEverySeconds: 2 * DAY } });
    const kids = new Set<string>();
    let most = 0;
    for (let day = 0; day < 10; day++) {
      await party.pass(DAY);
      // Every server starts anew, and ticks beside all the others.
      const ticks = await Promise.allSettled(Array.from({ length: OURS }, () => party.manager().tick()));
      for (const tick of ticks)
        if (tick.status === "rejected") expect(isSignetError(tick.reason, "lease_held"), String(tick.reason)).toBe(true);
      most = Math.max(most, (await party.serve()).jwks.keys.length);
      kids.add(kidOf(await party.issue()));
    }
    expect(kids.size).toBeGreaterThan(3);
    expect(most).toBeLessThanOrEqual(10);
  });
});

// The keys were read once, when the process started: after a rotation the issuer's own API refused the issuer's own tokens until a restart.
// https://github.com/supabase/auth/issues/2821
describe("supabase/auth#2821: an issuer that does not know its own new key", () => {
  /** Whether a verifier that was made before two rotations takes the tokens of each of the three keys. */
  async function takenByOneFromBefore(party: Party, takes: (token: string) => Promise<boolean>): Promise<boolean[]> {
    const kids = new Set<string>();
    const takesNext = async () => {
      const token = await party.issue();
      kids.add(kidOf(token));
      return takes(token);
    };
    const taken = [await takesNext()];
    for (const _ of [1, 2]) {
      await party.prepare();
      await party.rotate();
      taken.push(await takesNext());
    }
    expect(kids.size).toBe(3);
    return taken;
  }

  it("refuses good tokens until it is started anew; ours knows each key before it signs", async () => {
    const naive = naiveIssuer();
    const { jwks } = await naive.serve();
    const atStart = (token: string) => isTaken(token, jwks, naive.now());
    expect(await takenByOneFromBefore(naive, atStart)).toStrictEqual([true, false, false]);

    const party = await ours();
    let published = (await party.stores.publicDocuments.read())?.jwks;
    const verifierFor = ownVerifiers({ issuer: ISSUER, jwks: () => published, clock: party.now });
    const byOurs = async (token: string) => {
      published = (await party.stores.publicDocuments.read())?.jwks;
      return verifierFor(null).verify(token).claims.iss === ISSUER;
    };
    expect(await takenByOneFromBefore(party, byOurs)).toStrictEqual([true, true, true]);
  });

  it("is no fault of a restart that comes late: the next key is in what was read before the rotation", async () => {
    const party = await ours();
    await party.prepare();
    const { jwks } = await party.serve();
    const before = await party.issue();
    await party.rotate();
    const token = await party.issue();
    expect(kidOf(token)).not.toBe(kidOf(before));
    expect(await isTaken(token, jwks, party.now())).toBe(true);
  });
});

// Where no rotation was configured, a key's age was compared with no number, and each request made another key.
// https://github.com/better-auth/better-auth/issues/6215
describe("better-auth#6215: a key for each request", () => {
  const REQUESTS = amount(20, 200);

  async function keysAfterRequests(party: Party): Promise<number> {
    for (let request = 0; request < REQUESTS; request++) {
      await party.issue();
      await party.serve();
    }
    return (await party.serve()).jwks.keys.length;
  }

  it("is made where nobody said how often; with us issuing and reading make none, and no policy makes the two that there are", async () => {
    const byHand = { policy: { ...SETTINGS.policy, rotateEverySeconds: 0 } };
    const party = await ours(byHand);
    const before = await party.stores.keyring.read();
    expect(await keysAfterRequests(party)).toBe(2);
    expect(await party.stores.keyring.read()).toStrictEqual(before);
    await party.pass(amount(2, 10) * DAY);
    expect((await party.serve()).jwks.keys).toHaveLength(2);
    expect(await keysAfterRequests(naiveIssuer({ makesKeysOnRequest: true }))).toBe(REQUESTS + 1);
  });
});

// A verifier threw the keys away after ten minutes, and had none while their issuer could not be reached: good tokens were refused for hours.
// https://github.com/auth0/node-jwks-rsa/issues/385
describe("node-jwks-rsa#385: keys that are thrown away in an outage", () => {
  const KEPT_SECONDS = 600;

  /** In how many of so many minutes without the issuer's keys a good token is refused. */
  async function minutesRefused(party: Party, minutes: number, takes: (token: string) => Promise<boolean>): Promise<number> {
    const token = await party.issue(DAY);
    let refused = 0;
    for (let minute = 0; minute <= minutes; minute++) {
      if (!(await takes(token))) refused += 1;
      await party.pass(60);
    }
    return refused;
  }

  /** An issuer whose keys could be fetched once. */
  function away(party: Party): () => Promise<Served> {
    let asked = 0;
    return async () => {
      asked += 1;
      if (asked > 1) throw new Error("connection refused");
      return party.serve();
    };
  }

  async function byOurVerifier() {
    const party = await ours();
    const served = away(party);
    const verifier = createVerifier({
      issuer: ISSUER,
      audience: null,
      jwksUrl: `${ISSUER}/.well-known/jwks.json`,
      fetch: async () => Response.json((await served()).jwks),
      clock: party.now,
      elapsed: party.now,
    });
    const codes = new Set<string>();
    const takes = (token: string) =>
      verifier.verify(token).then(
        () => true,
        (error: { code: string }) => {
          codes.add(error.code);
          return false;
        },
      );
    return { party, takes, codes };
  }

  it("make a verifier refuse from the tenth minute on; ours goes on for an hour after they were due", async () => {
    const naive = naiveIssuer();
    const evicting = keepingVerifier(naive, KEPT_SECONDS, away(naive));
    expect(await minutesRefused(naive, 65, evicting.takes)).toBe(56);
    const { party, takes } = await byOurVerifier();
    expect(await minutesRefused(party, 65, takes)).toBe(0);
  });

  it("are not believed for ever either: then it is an outage that is told, and not a bad token", async () => {
    const { party, takes, codes } = await byOurVerifier();
    expect(await minutesRefused(party, 70, takes)).toBe(5);
    expect([...codes]).toStrictEqual(["jwks_unavailable"]);
  });
});

// The JWKS had the key that signs and no other, whatever the configuration listed: each rotation cut off the tokens of the key before.
// https://github.com/stacklok/toolhive/issues/6451
describe("toolhive#6451: a JWKS of one key", () => {
  /** Of the tokens that are out when a rotation comes, how many it cuts off; and of those that follow, how many a reader of before misses. */
  async function cutOff(party: Party) {
    await party.prepare();
    const out: string[] = [];
    for (let hour = 0; hour < 5; hour++) {
      out.push(await party.issue(DAY));
      await party.pass(HOUR, "is stopped");
    }
    const read = (await party.serve()).jwks;
    await party.rotate();
    const { jwks } = await party.serve();
    const before = await Promise.all(out.map((token) => isTaken(token, jwks, party.now())));
    const next = await party.issue();
    expect(kidOf(next)).not.toBe(kidOf(out[0] as string));
    const after = await isTaken(next, read, party.now());
    return { lost: before.filter((isGood) => !isGood).length, isNextKnown: after };
  }

  it("cuts off every token that is out; ours lists the key before and the key after as well", async () => {
    expect(await both(cutOff, naiveIssuer({ publishes: "signing" }))).toStrictEqual({
      ours: { lost: 0, isNextKnown: true },
      naive: { lost: 5, isNextKnown: false },
    });
  });
});

// The JWKS was read from the database for each request: when that became slow, nobody could verify a token any more.
// https://github.com/indigo-iam/iam/issues/539
describe("indigo-iam#539: a JWKS behind a slow database", () => {
  const context = { address: "192.0.2.1", log: {} };
  const asked = () => new Request(`${ISSUER}/.well-known/jwks.json`);
  const never = new Promise<never>(() => undefined);

  /** Whether an answer is there without anything having been waited for. */
  async function isAnswered(answer: Response | Promise<Response>): Promise<boolean> {
    const turn = new Promise<undefined>((resolve) => setImmediate(resolve, undefined));
    return (await Promise.race([answer, turn])) !== undefined;
  }

  it("answers nobody while the store is slow; ours answers from memory, and signs, for an hour", async () => {
    let isSlow = false;
    const naive = naiveIssuer();
    const fromDatabase = async () => (isSlow ? never : Response.json((await naive.serve()).jwks));

    const party = await ours();
    const slowly = <T>(read: () => Promise<T>) => (isSlow ? never : read());
    const { stores, active } = party;
    const followed = followedKeys({
      activeKey: active,
      stores: {
        publicDocuments: { read: () => slowly(stores.publicDocuments.read) },
        keyring: { read: () => slowly(stores.keyring.read) },
      },
    });
    await followed.refresh();
    const { jwks: route } = documentRoutes({ documents: followed.documents, scopes: () => [], absent: () => Response.error() });
    expect(await isAnswered(fromDatabase())).toBe(true);

    isSlow = true;
    void followed.refresh();
    await party.pass(HOUR - 1, "is stopped");
    expect(await isAnswered(fromDatabase())).toBe(false);
    const answer = route(asked(), context);
    expect(answer).toBeInstanceOf(Response);
    const { keys } = (await (answer as Response).json()) as { keys: { kid: string }[] };
    expect(keys.map(({ kid }) => kid)).toContain(kidOf(await party.issue()));
  });
});
