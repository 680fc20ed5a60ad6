import { describe, expect, it } from "vitest";
import { codeIn, viewIn } from "../../../src/console/page/route.js";

describe("the address of the console", () => {
  it.each([
    ["#keys", "keys"],
    ["#tokens", "tokens"],
    ["#callers", "callers"],
    ["#audit", "audit"],
    ["", "keys"],
    ["#code=abc", "keys"],
    ["#toString", "keys"],
    ["#<script>", "keys"],
  ])("%j shows %s", (hash, view) => {
    expect(viewIn(hash)).toBe(view);
  });

  it.each([
    [`#code=ab-C_9${"x".repeat(37)}`, `ab-C_9${"x".repeat(37)}`],
    // Whoever can lead a tab here can write such a link: it is not posted.
    ["#code=x", null],
    ["#code=", null],
    ["#code=a&b", null],
    ["#code=a%20b", null],
    [`#code=${"a".repeat(44)}`, null],
    ["?code=abc", null],
    ["#keys", null],
  ])("%j brings the code %j", (hash, code) => {
    expect(codeIn(hash)).toBe(code);
  });
});
