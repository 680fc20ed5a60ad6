import { describe, expect, it } from "vitest";
import { checkConfig } from "../../src/config/load.js";
import { leastPublishAheadSeconds } from "../../src/rotation/policy.js";

const FILE = "/etc/signet/signet.json";
const check = (rotation: object, env = {}) => checkConfig({ rotation }, FILE, { env });

describe("publishAheadSeconds", () => {
  it.each([0, 1, 300, 3_600])(
    "with clocks %i seconds apart may be the planner's least, and no second less",
    (clockSkewSeconds) => {
      const least = leastPublishAheadSeconds(clockSkewSeconds);
      expect(check({ clockSkewSeconds, publishAheadSeconds: least }).rotation.publishAheadSeconds).toBe(least);
      expect(() => check({ clockSkewSeconds, publishAheadSeconds: least - 1 })).toThrow(
        expect.objectContaining({ code: "config_invalid", field: "rotation.publishAheadSeconds" }),
      );
    },
  );

  it("that is too small is explained by the sum, and by where it came from", () => {
    const sum = "at least 11760: 300 (max-age) + 60 (stale-while-revalidate) + 3600 (stale-if-error) + 7200";
    expect(() => check({ publishAheadSeconds: 60 })).toThrow(`${FILE}: rotation.publishAheadSeconds`);
    expect(() => check({ publishAheadSeconds: 60 })).toThrow(sum);
    expect(() => check({ publishAheadSeconds: 60 })).toThrow("+ 2 x 300 (clockSkewSeconds)");
    expect(() => check({}, { SIGNET_PUBLISH_AHEAD_SECONDS: "60" })).toThrow(/^SIGNET_PUBLISH_AHEAD_SECONDS: /);
  });
});

describe("a flag", () => {
  const given = (flags: Record<string, unknown>) => () => checkConfig({}, FILE, { env: {}, flags });

  it("at fault is a usage error that names the flag, the words there are and the nearest of them", () => {
    expect(given({ algorithm: "es256" })).toThrow(expect.objectContaining({ code: "usage", field: "algorithm" }));
    expect(given({ algorithm: "es256" })).toThrow(/^--algorithm is a text .* one of RS256, RS384, .* \(did you mean ES256\?\)$/);
    expect(given({ ed25519Name: "x" })).toThrow(/^--ed25519-name is a text .* one of EdDSA, Ed25519$/);
  });

  it("that asks for a custody of another version says which there is", () => {
    expect(given({ custody: "kms" })).toThrow(/"file"; .*kms.* not in this version/);
  });
});
