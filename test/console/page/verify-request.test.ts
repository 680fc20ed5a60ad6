import { expect, it } from "vitest";
import { type Typed, verifyRequest } from "../../../src/console/page/verify-request.js";

const TYPED: Typed = { token: " a.b.c\n", by: "own", other: "", audience: "" };
const OTHER: Typed = { ...TYPED, by: "other", other: "https://issuer.example " };

it("asks for what was typed, and for nothing where something is missing", () => {
  expect(verifyRequest(TYPED)).toStrictEqual({ token: "a.b.c", by: "own" });
  expect(verifyRequest({ ...OTHER, audience: "api" })).toStrictEqual({
    token: "a.b.c",
    by: { issuer: "https://issuer.example" },
    audience: "api",
  });
  expect(verifyRequest({ ...TYPED, token: " " })).toBeNull();
  expect(verifyRequest({ ...OTHER, other: "" })).toBeNull();
});

it("is another request for each thing that is typed, so that a verdict is shown beside its own alone", () => {
  const asked = [
    TYPED,
    { ...TYPED, token: "a.b.d" },
    { ...TYPED, audience: "api" },
    OTHER,
    { ...OTHER, other: "https://issuer.example/b" },
    { ...OTHER, audience: "api" },
  ].map((typed) => JSON.stringify(verifyRequest(typed)));
  expect(new Set(asked).size).toBe(asked.length);
});
