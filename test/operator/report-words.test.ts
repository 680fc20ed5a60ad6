import { describe, expect, it } from "vitest";
import type { Installation } from "../../src/assemble.js";
import { SignetError } from "../../src/errors.js";
import { isNothingAtRisk, riskInWords, rotationInWords } from "../../src/operator/report-words.js";
import type { RotateReport } from "../../src/rotation/requests.js";
import { issuersByUpload, USUAL } from "../rotation/issuer-by-upload.js";

const DAY = 86_400;
const { issuerByUpload } = issuersByUpload();
const NOW = 1_800_000_000;

/** The risk of revoking another issuer's key whose last token ends so many days from now; `null`: nobody has said when. */
async function riskOfForeign(days: number | null) {
  const { manager, pass } = await issuerByUpload(USUAL);
  const jwk = { kty: "OKP", crv: "Ed25519", kid: "theirs", alg: "EdDSA", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" };
  await manager.importForeignKeys({ keys: [jwk], ...(days !== null && { tokensExpireBy: NOW + days * DAY }) });
  pass(DAY);
  return (await manager.revoke({ kid: "theirs", dryRun: true })).tokensAtRisk;
}

describe("what a revocation breaks", () => {
  it("are the tokens of another issuer's key until the last has ended, though none was signed here", async () => {
    const risk = await riskOfForeign(30);
    expect(isNothingAtRisk(risk)).toBe(false);
    const [words, cached] = riskInWords(risk);
    expect(words).toMatch(/^tokens at risk: all that it signed .*; the last ends 2027-02-14 /);
    expect(cached).toContain("caches may still hold it");
    expect(isNothingAtRisk(await riskOfForeign(null))).toBe(false);
  });

  it("is nothing that is known where a key has signed nothing, or the last of its tokens has ended", async () => {
    const { manager, kids } = await issuerByUpload(USUAL);
    const [standby] = (await kids("pending")) as [string];
    const { tokensAtRisk: never } = await manager.revoke({ kid: standby, dryRun: true });
    expect([isNothingAtRisk(never), riskInWords(never)[0]]).toStrictEqual([true, "it has signed no token here"]);
    const ended = { issuedFrom: null, issuedUntil: null, latestExpiry: NOW - DAY, cachedUntil: NOW + DAY };
    expect([isNothingAtRisk(ended), riskInWords(ended)[0]]).toStrictEqual([
      true,
      "the last of its tokens ended 2027-01-14 08:00:00 UTC",
    ]);
    for (const risk of [never, ended]) expect(riskInWords(risk)[1]).toContain("caches may still hold it");
  });
});

describe("a rotation that was done", () => {
  it("is told as done where what else is to be known cannot be read", async () => {
    const read = async () => {
      throw new SignetError("aws_access_denied", "the session has ended");
    };
    const installation = { stores: { keyring: { read } } } as unknown as Installation;
    const report = { rotated: { from: "k3", to: "k4" }, actions: [], waits: [] } as unknown as RotateReport;
    expect(await rotationInWords(installation, report, { uploaded: "k4" })).toStrictEqual([
      "rotated: key k4 signs in place of k3",
    ]);
  });
});
