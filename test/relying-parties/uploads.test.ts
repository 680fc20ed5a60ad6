import { describe, expect, it } from "vitest";
import { partyNamed, RELYING_PARTIES } from "../../src/relying-parties/index.js";
import { ruleValue } from "../../src/relying-parties/notation.js";
import { handsOut, uploadOf } from "../../src/relying-parties/uploads.js";

describe("how our keys get to a relying party", () => {
  it.each([
    ["snowflake-keypair", "body"],
    ["snowflake-external-oauth", "body"],
    ["google-service-account", "certificate"],
    ["entra", "certificate"],
    ["auth0", "spki"],
    ["hotsock", "spki"],
    ["okta", "jwks"],
    ["google-cloud", "jwks"],
    ["jose", "jwks"],
    ["github-app", undefined],
    ["iam", undefined],
  ])("%s: %s", (id, form) => {
    expect(uploadOf(partyNamed(id))?.form).toBe(form);
  });

  it("agrees with what the table says in words", () => {
    const told = RELYING_PARTIES.flatMap((party) => {
      const given = party.ways.find(({ by }) => by.value === "pem");
      const words = given !== undefined && "form" in given ? (ruleValue(given.form) ?? "") : "";
      return given === undefined ? [] : [{ id: party.id, form: uploadOf(party)?.form, words }];
    });
    for (const { id, form, words } of told) {
      if (form === "body") expect(words, id).toContain("the body of");
      if (form === "certificate") expect(words, id).toContain("X.509 certificate");
      if (words.startsWith("the body of")) expect(form, id).toBe("body");
    }
    expect(told.length).toBeGreaterThan(4);
  });

  it("knows who makes the keys itself", () => {
    const handing = RELYING_PARTIES.filter(handsOut).map(({ id }) => id);
    expect(handing).toStrictEqual(["github-app", "app-store-connect", "app-store-server", "apns"]);
    expect(handsOut(partyNamed("google-service-account"))).toBe(false);
  });
});
