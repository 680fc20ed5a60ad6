import { DAY, HOUR, type Timeline, YEAR } from "./timeline.js";

interface Life {
  readonly kid: string;
  readonly publishedAt: number;
  readonly activatedAt: number;
  readonly removedAt: number;
}

/** When the policies below change keys: by the calendar, and at each revocation. */
function changes(seconds: number): readonly { time: number; isRevocation: boolean }[] {
  const planned = Array.from({ length: Math.floor(seconds / YEAR.rotateEverySeconds) }, (_, index) => ({
    time: (index + 1) * YEAR.rotateEverySeconds,
    isRevocation: false,
  }));
  const forced = YEAR.revocations.map((time) => ({ time, isRevocation: true }));
  return [...planned, ...forced].filter(({ time }) => time < seconds).sort((a, b) => a.time - b.time);
}

function timelineOf(lives: readonly Life[], more: Omit<Timeline, "published" | "active">): Timeline {
  const moments = [...new Set(lives.flatMap(({ publishedAt, removedAt }) => [publishedAt, removedAt]))].sort((a, b) => a - b);
  const published = moments.map((time) => ({
    time,
    kids: new Set(lives.filter((life) => life.publishedAt <= time && time < life.removedAt).map((life) => life.kid)),
  }));
  const active = lives.map(({ kid, activatedAt }) => ({ time: activatedAt, kid })).sort((a, b) => a.time - b.time);
  return { ...more, published, active };
}

function revokedIn(seconds: number, kidBefore: (index: number) => string): Map<string, number> {
  return new Map(
    changes(seconds).flatMap(({ time, isRevocation }, index) => (isRevocation ? [[kidBefore(index), time] as const] : [])),
  );
}

/** One key in the list; a rotation replaces it (system B). */
export function replacesTheOnlyKey(seconds: number): Timeline {
  const times = [0, ...changes(seconds).map(({ time }) => time)];
  const lives = times.map((time, index) => ({
    kid: `b${index}`,
    publishedAt: time,
    activatedAt: time,
    removedAt: times[index + 1] ?? Number.POSITIVE_INFINITY,
  }));
  return timelineOf(lives, {
    name: "replaces the only key",
    note: "system B: the list holds one key, and a rotation replaces it",
    revoked: revokedIn(seconds, (index) => `b${index}`),
    ttlSeconds: DAY,
    warmSeconds: HOUR,
  });
}

/** The new key is published and signs at once; the old one stays for as long as its tokens live. */
export function swapsAtOnce(seconds: number): Timeline {
  const moments = changes(seconds);
  const times = [0, ...moments.map(({ time }) => time)];
  const lives = times.map((time, index) => {
    const next = moments[index];
    const kept = next === undefined ? Number.POSITIVE_INFINITY : next.isRevocation ? next.time : next.time + DAY;
    return { kid: `s${index}`, publishedAt: time, activatedAt: time, removedAt: kept };
  });
  return timelineOf(lives, {
    name: "swaps at once",
    note: "publishes the new key and signs with it at once; keeps the old one for a token's life",
    revoked: revokedIn(seconds, (index) => `s${index}`),
    ttlSeconds: DAY,
    warmSeconds: HOUR,
  });
}

/**
 * SPIRE's published defaults (pkg/server/ca/manager): keys live 24 h, the next is prepared at half of that and signs when a
 * sixth is left, keys leave the bundle 24 h after their end; tokens live five minutes. A revocation prepares and activates at once.
 */
export function spireDefaults(seconds: number): Timeline {
  const lives: Life[] = [];
  const revoked = new Map<string, number>();
  const forced = [...YEAR.revocations];
  let activatedAt = 0;
  let publishedAt = 0;
  for (let index = 0; activatedAt < seconds; index++) {
    const kid = `spire${index}`;
    const ends = publishedAt + DAY;
    const nextPublished = publishedAt + DAY / 2;
    const nextActive = ends - DAY / 6;
    const revocation = forced[0];
    if (revocation !== undefined && revocation < nextActive) {
      forced.shift();
      revoked.set(kid, revocation);
      lives.push({ kid, publishedAt, activatedAt, removedAt: revocation });
      // The next one may have been prepared already.
      publishedAt = Math.min(nextPublished, revocation);
      activatedAt = revocation;
      continue;
    }
    lives.push({ kid, publishedAt, activatedAt, removedAt: ends + DAY });
    publishedAt = nextPublished;
    activatedAt = nextActive;
  }
  return timelineOf(lives, {
    name: "SPIRE's defaults",
    note: "daily keys, published 8 h ahead; tokens of five minutes",
    revoked,
    ttlSeconds: 300,
    warmSeconds: 0,
  });
}

/**
 * Auth0's published way (Manage Signing Keys): the current and the next key are always in the list, a rotation is by hand, and the
 * previous key stays until somebody revokes it. Here it is revoked after a token's life, and at once in an emergency.
 */
export function auth0Defaults(seconds: number): Timeline {
  const moments = changes(seconds);
  const times = [0, ...moments.map(({ time }) => time)];
  const lives = times.map((time, index) => {
    const next = moments[index];
    const removedAt = next === undefined ? Number.POSITIVE_INFINITY : next.isRevocation ? next.time : next.time + DAY;
    return { kid: `a${index}`, publishedAt: times[index - 1] ?? 0, activatedAt: time, removedAt };
  });
  return timelineOf(lives, {
    name: "Auth0's way",
    note: "the next key is always published; rotation and revocation by hand, here after exactly one token's life",
    revoked: revokedIn(seconds, (index) => `a${index}`),
    ttlSeconds: DAY,
    warmSeconds: 0,
  });
}
