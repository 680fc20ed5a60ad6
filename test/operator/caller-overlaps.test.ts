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

  it("are told where an exchange can name the subjects of two issuers alike", () => {
    const exchange = (issuer: string, subjectPrefix: string) => ({ issuer, audiences: ["https://api.example"], subjectPrefix });
    const callers = (one: string, other: string) => ({
      gateway: { exchanges: [exchange("https://corp.example", one), exchange("https://partner.example", other)] },
    });
    expect(stackOverlapsInWords(callers("git", "github:"), undefined)).toStrictEqual([
      'the subjectPrefix of exchanges.0 of the caller gateway begins that of exchanges.1, and exchanges.1 is for another issuer: each can name its subjects as the other\'s; give each a subjectPrefix of its own that ends in : or /, such as "corp:"',
    ]);
    expect(stackOverlapsInWords(callers("corp", "github:"), undefined)).toStrictEqual([
      'the subjectPrefix of exchanges.0 of the caller gateway ends in neither : nor /, so that it and a subject can read as another one: end it so, such as "corp:"',
    ]);
    expect(stackOverlapsInWords(callers("corp:", "github:"), undefined)).toStrictEqual([]);
  });

  it.each([undefined, [], "x", { ci: { trusts: "x" } }, { ci: { trusts: [{ preset: "x" }] } }, { ci: null }])(
    "that are wrong are said elsewhere: %j",
    (callers) => {
      expect(stackOverlapsInWords(callers, undefined)).toStrictEqual([]);
    },
  );
});
