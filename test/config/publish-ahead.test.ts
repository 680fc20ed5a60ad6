import { describe, expect, it } from "vitest";
import { checkConfig } from "../../src/config/load.js";
import { assertPolicy } from "../../src/rotation/plan/policy.js";

const FILE = "/etc/signet/signet.json";
const check = (rotation: object, env = {}) => checkConfig({ rotation }, FILE, { env });

describe("publishAheadSeconds", () => {
  const accepts = (check: () => unknown) => {
    try {
      check();
      return true;
    } catch {
      return false;
    }
  };

  it.each([0, 1, 300, 3_600])("with clocks %i seconds apart may be just what the planner accepts", (clockSkewSeconds) => {
    const least = 11_160 + 2 * clockSkewSeconds;
    const verdicts = [least - 1, least, least + 1].map((publishAheadSeconds) => {
      const policy = { publishAheadSeconds, clockSkewSeconds, rotateEverySeconds: 0, activeKeyMaxAgeSeconds: 3_600 };
      const limits = { maxTtlSeconds: 900, allowsUnlimitedTokens: false };
      const planner = accepts(() => assertPolicy({ ...policy, ...limits, version: 1, algorithm: "ES256", custody: "file" }));
      return [accepts(() => check({ clockSkewSeconds, publishAheadSeconds })), planner];
    });
    expect(verdicts).toStrictEqual([
      [false, false],
      [true, true],
      [true, true],
    ]);
  });

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
    expect(given({ algorithm: "es256" })).toThrow(
      /^--algorithm has an invalid value; expected one of RS256, RS384, .* \(did you mean ES256\?\)$/,
    );
    expect(given({ ed25519Name: "x" })).toThrow(/^--ed25519-name has an invalid value; expected one of EdDSA, Ed25519$/);
  });

  it("that asks for keys in AWS is told what is missing or misspelt", () => {
    const aws = { installation: "prod", region: "eu-central-1" };
    expect(given({ custody: "vault" })).toThrow(/^--custody has an invalid value; expected one of file, parameter-store, /);
    expect(given({ custody: "kms" })).toThrow(/needs aws\.installation/);
    expect(given({ custody: "kms-data-key", aws })).toThrow(/needs aws\.kmsKey,.*--kms-key/);
    expect(given({ custody: "kms", aws: { ...aws, keyring: "bucket" } })).toThrow(
      /^--keyring has an invalid value.*s3:\/\/my-bucket/,
    );
    expect(given({ custody: "kms", aws: { ...aws, region: "Frankfurt" } })).toThrow(
      /^--region has an invalid value.*eu-central-1/,
    );
    expect(given({ custody: "kms", aws })()).toMatchObject({ custody: "kms", aws });
  });
});
