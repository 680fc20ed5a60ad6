import { describe, expect, it } from "vitest";
import { algorithmNamed } from "../../src/algorithms/table.js";
import { CUSTODIES } from "../../src/custody/registry.js";
import { CUSTODIAN_RULES, custodianSuite } from "../contracts/custodian-suite.js";
import { memoryPlace } from "../contracts/memory-place.js";
import { storesSuite } from "../contracts/stores-suite.js";

const NAME = "in memory, which tests of managers have";
/** What is about a disk: it is on none, so that nothing is cut off there, and it has no passphrase. */
const LEFT_OUT = [
  "is what its facts say",
  "writes below its folder alone, for its owner alone, and opens no key that others can reach",
  "lists what a crash in the middle of a making left, and destroys it",
];

async function inMemory() {
  const facts = CUSTODIES.find(({ name }) => name === "file");
  if (facts === undefined) throw new Error("there is no custodian of files");
  const { custodian } = memoryPlace();
  return { facts, open: () => custodian };
}

storesSuite(NAME, async () => memoryPlace().stores);

custodianSuite(NAME, ["ES256", "RS256", "EdDSA"], inMemory, LEFT_OUT);

describe("the custodian in memory", () => {
  it("is left out of rules that there are", () => {
    expect(Object.keys(CUSTODIAN_RULES)).toStrictEqual(expect.arrayContaining(LEFT_OUT));
  });

  it("opens an RSA key for its certificate as RS256, as the one on files does, and for no other algorithm", async () => {
    const { custodian } = memoryPlace();
    const { kid } = await custodian.create("a", algorithmNamed("PS256"));
    const material = await custodian.material("a");
    expect(await custodian.open({ kid, alg: "RS256", material })).toMatchObject({ kid, alg: "RS256" });
    await expect(custodian.open({ kid, alg: "PS384", material })).rejects.toMatchObject({ code: "key_mismatch" });
  });
});
