import { describe, expect, it } from "vitest";
import { NOTHING, readForm } from "../../../src/console/page/issue-request.js";
import type { IssueForm } from "../../../src/operator/issue-form.js";

const FORM: IssueForm = {
  caller: null,
  callers: [],
  right: true,
  ttl: { default: 900, max: 3_600, isRequired: false },
  fixed: [],
  fields: [
    { claim: "sub", isRequired: true, type: "text" },
    { claim: "aud", isRequired: false, type: "texts" },
    { claim: "level", isRequired: false, type: "json" },
  ],
  takesOthers: true,
  types: ["JWT", "at+jwt"],
  always: ["iat"],
};

const faultsOf = (read: ReturnType<typeof readForm>) => ("faults" in read ? Object.fromEntries(read.faults) : {});

describe("a form that was filled in", () => {
  it("asks for as much as was filled in, and for no more", () => {
    expect(readForm(FORM, { ...NOTHING, claims: { sub: " alice ", aud: "" } })).toStrictEqual({
      request: { claims: { sub: "alice" } },
    });
  });

  it("reads each field by its kind", () => {
    const filled = {
      claims: { sub: "alice", aud: "a, b", level: "[1]" },
      ttl: "10m",
      typ: "at+jwt",
      sets: ["jti"],
      others: "{}",
    } as const;
    expect(readForm(FORM, filled)).toStrictEqual({
      request: { claims: { sub: "alice", aud: ["a", "b"], level: [1] }, ttl: 600, typ: "at+jwt", setJti: true },
    });
  });

  it.each([
    ["one", "one"],
    ["one,two", ["one", "two"]],
    // Lines come from values that were chosen, and those may hold commas.
    ["one,two\n", "one,two"],
    ["one,two\nthree\n", ["one,two", "three"]],
    [" , one", "one"],
  ])("reads %j as the audience %j", (typed, aud) => {
    expect(readForm(FORM, { ...NOTHING, claims: { sub: "alice", aud: typed } })).toMatchObject({ request: { claims: { aud } } });
  });

  it("takes other claims, but no field's twice", () => {
    const filled = { ...NOTHING, claims: { sub: "alice" }, others: '{ "sub": "mallory", "tenant": 7 }' };
    expect(readForm(FORM, filled)).toStrictEqual({ request: { claims: { sub: "alice", tenant: 7 } } });
  });

  it("leaves the usual type out", () => {
    expect(readForm(FORM, { ...NOTHING, claims: { sub: "a" }, typ: "JWT" })).toStrictEqual({ request: { claims: { sub: "a" } } });
  });

  it("says what is wrong, field by field", () => {
    const filled = { claims: { level: "{" }, ttl: "soon", typ: "", sets: [], others: "[]" };
    expect(faultsOf(readForm(FORM, filled))).toStrictEqual({
      sub: "has to be filled in",
      level: "is not JSON: texts stand between double quotes",
      ttl: "the life must be a duration such as 90s, 10m, 1h30m or 7d",
      others: 'must be a JSON object: { "name": value }',
    });
  });

  it.each([
    ["12345678901234567890", "holds a whole number beyond 2^53, which loses digits: write it as a text"],
    ['{ "a": 1, "\\u0061": 2 }', "names a member twice"],
  ])("refuses %s, of which something would be lost", (level, fault) => {
    expect(faultsOf(readForm(FORM, { ...NOTHING, claims: { sub: "a", level } }))).toStrictEqual({ level: fault });
  });

  it.each(["0s", "2h"])("refuses a life of %s, which the limits do not allow", (ttl) => {
    expect(faultsOf(readForm(FORM, { ...NOTHING, claims: { sub: "a" }, ttl }))).toStrictEqual({
      ttl: "is at least 1 and at most 3600 seconds",
    });
  });

  it("wants a life where the limits want one", () => {
    const form = { ...FORM, ttl: { default: null, max: 3_600, isRequired: true } };
    expect(faultsOf(readForm(form, { ...NOTHING, claims: { sub: "a" } }))).toStrictEqual({ ttl: "has to be filled in" });
  });

  it("is not mistaken by claims that are called like what every object has", () => {
    const form: IssueForm = { ...FORM, fields: [{ claim: "constructor", isRequired: false, type: "text" }] };
    expect(readForm(form, NOTHING)).toStrictEqual({ request: { claims: {} } });
  });
});
