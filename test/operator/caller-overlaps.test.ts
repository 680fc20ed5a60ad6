import { describe, expect, it } from "vitest";
import { stackOverlapsInWords } from "../../src/operator/caller-overlaps.js";

const github = (claims: object) => ({
  limits: {},
  trusts: [{ preset: "github-actions", claims: { repository_id: "1", ...claims } }],
});

describe("the callers of a stack", () => {
  it("are told where one token could prove two of them", () => {
    const callers = { ci: github({}), other: github({ ref: "refs/heads/main" }), third: { trusts: [] }, last: {} };
    for (const issuer of [undefined, "https://issuer.example"])
      expect(stackOverlapsInWords(callers, issuer)).toStrictEqual([
        "a token can match trusts.0 of the caller ci and trusts.0 of the caller other: it is refused then, unless client_id names one of them",
      ]);
    expect(stackOverlapsInWords({ ci: github({}), other: github({ repository_id: "2" }) }, undefined)).toStrictEqual([]);
  });

  it.each([undefined, [], "x", { ci: { trusts: "x" } }, { ci: { trusts: [{ preset: "x" }] } }, { ci: null }])(
    "that are wrong are said elsewhere: %j",
    (callers) => {
      expect(stackOverlapsInWords(callers, undefined)).toStrictEqual([]);
    },
  );
});
