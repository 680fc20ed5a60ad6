import { describe, expect, it } from "vitest";
import { endOf, lifeSecondsOf } from "../../src/client/life.js";
import { tokenWith } from "./machine.js";

const NOW = 1_800_000_000;
const MS = NOW * 1_000;
const HOUR = 3_600;

describe("how long a token lives", () => {
  it.each([
    ["by the issuer's Date, cut to the second", { exp: NOW + 900 }, { issuersTimeMs: MS }, {}, 899],
    ["by its Date where this clock is an hour ahead", { exp: NOW - HOUR + 900 }, { issuersTimeMs: MS - HOUR * 1_000 }, {}, 899],
    ["by its Date where this clock is an hour behind", { exp: NOW + HOUR + 900 }, { issuersTimeMs: MS + HOUR * 1_000 }, {}, 899],
    ["by iat where there is no Date", { exp: NOW + HOUR + 900, iat: NOW + HOUR }, {}, { setIat: true }, 900],
    ["by this clock where nothing else says the time", { exp: NOW + 900 }, {}, {}, 900],
    [
      "by what was asked, where the Date is that of a cache",
      { exp: NOW + 900 },
      { issuersTimeMs: MS - 500_000 },
      { ttl: 900 },
      900,
    ],
    ["by what the answer says", { exp: NOW + 900 }, { issuersTimeMs: MS, saysSeconds: 300 }, {}, 300],
    ["by the Date where iat stands in the past", { exp: NOW + 900, iat: NOW - 60 }, { issuersTimeMs: MS }, { setIat: true }, 899],
    ["without an end, by what was asked", { iat: NOW }, { issuersTimeMs: MS }, { ttl: 3_000 }, 3_000],
    ["not at all where it is over", { exp: NOW - 5 }, { issuersTimeMs: MS }, {}, -6],
    ["by no iat that was not asked of the issuer", { exp: NOW + 900, iat: NOW + 890 }, { issuersTimeMs: MS }, {}, 899],
  ])("%s", (_, claims, answered, request, seconds) => {
    expect(lifeSecondsOf({ token: tokenWith(claims), ...answered }, request, MS)).toBe(seconds);
  });

  it("is not known of a token without an end that was asked for without one", () => {
    expect(() => lifeSecondsOf({ token: tokenWith({ iat: NOW }) }, {}, MS)).toThrow(
      expect.objectContaining({ code: "config_invalid", field: "request.ttl" }),
    );
  });

  it.each(["", "a", "a.b", "a.!.c", "a.e30", `a.${Buffer.from("[]").toString("base64url")}.c`, "<html>.x.y"])(
    "is not asked of what is no token (%s)",
    (token) => {
      expect(() => lifeSecondsOf({ token }, { ttl: 60 }, MS)).toThrow(expect.objectContaining({ code: "issuer_unavailable" }));
      expect(endOf(token)).toBeUndefined();
    },
  );

  it("ends where the token says", () => {
    expect(endOf(tokenWith({ exp: NOW }))).toBe(NOW);
    expect(endOf(tokenWith({ exp: "soon" }))).toBeUndefined();
  });
});
