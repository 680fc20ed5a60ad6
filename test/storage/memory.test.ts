import { describe, it } from "vitest";
import { CUSTODIES } from "../../src/custody/registry.js";
import { CUSTODIAN_RULES } from "../contracts/custodian-suite.js";
import { memoryPlace } from "../contracts/memory-place.js";
import { storesSuite } from "../contracts/stores-suite.js";

storesSuite("in memory, which tests of managers have", async () => memoryPlace().stores);

describe("the custodian in memory, which tests of managers have", () => {
  const facts = CUSTODIES.find(({ name }) => name === "file");
  // It is on no disk, and takes nothing that is there already.
  const of = ["folder", "crash", "adopts", "facts"];
  const rules = Object.entries(CUSTODIAN_RULES).filter(([rule]) => !of.some((word) => rule.includes(word)));

  it.each(rules)("%s", async (_, rule) => {
    const { custodian } = memoryPlace();
    if (facts === undefined) throw new Error("there is no custodian of files");
    await rule({ facts, open: () => custodian });
  });
});
