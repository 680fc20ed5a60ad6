import { describe, expect, it } from "vitest";
import { CONFIG_MEMBERS } from "../../src/config/schema.js";
import { objectSchemaOf } from "../../src/settings/json-schema.js";
import { type Fault, readSettings } from "../../src/settings/read.js";
import { asOwn, defaultsOf, group, integer, listOfTexts, membersIn, oneOf, type Shape, text } from "../../src/settings/shape.js";
import { textOf } from "../house/repository.js";

const SHAPE = {
  attempts: { ...integer(1, 10), default: 3, variable: "SIGNET_ATTEMPTS" },
  words: listOfTexts("a list of words"),
  inner: { ...group({ program: { ...text("a path"), required: true }, mode: oneOf(["sign", "keep"]) }), filled: true },
  byName: {
    type: "object",
    title: "an object",
    values: group({ size: integer(0) }),
    names: { pattern: "^[a-z]+$", refused: ["constructor"], title: "a name", refusal: "it means something else" },
  },
} as const satisfies Shape;

const RIGHT = { inner: { program: "/bin/keys" } };

function faultOf(value: unknown, shape: Shape = SHAPE): Omit<Fault, "member"> & { mustBe?: string } {
  try {
    readSettings(shape, value, (fault) => Object.assign(new Error("refused"), { fault }));
  } catch (error) {
    const { member, ...fault } = (error as { fault: Fault }).fault;
    return member === undefined ? fault : { ...fault, mustBe: member.title };
  }
  throw new Error("it was taken");
}

describe("settings that are read by their shape", () => {
  it("are complete: what is absent has its default, and a group of defaults is there", () => {
    const read = (value: unknown) => readSettings(SHAPE, value, () => new Error("refused"));
    expect(read(RIGHT)).toStrictEqual({ attempts: 3, inner: { program: "/bin/keys" } });
    expect(read({ ...RIGHT, attempts: undefined, byName: { a: { size: 0 } } })).toMatchObject({
      attempts: 3,
      byName: { a: { size: 0 } },
    });
    expect(
      readSettings({ group: { ...group({ a: { ...integer(0), default: 1 } }), filled: true } }, {}, () => new Error()),
    ).toStrictEqual({ group: { a: 1 } });
  });

  it.each([
    [[], [], "an object"],
    [{ ...RIGHT, attempts: 0 }, ["attempts"], "a whole number from 1 to 10"],
    [{ ...RIGHT, attempts: 11 }, ["attempts"], "a whole number from 1 to 10"],
    [{ ...RIGHT, attempts: null }, ["attempts"], "a whole number from 1 to 10"],
    [{ ...RIGHT, words: "a" }, ["words"], "a list of words"],
    [{ ...RIGHT, words: ["a", ""] }, ["words", "1"], "a text that is not empty"],
    [{ ...RIGHT, words: new Array(3) }, ["words", "0"], "a text that is not empty"],
    [{ inner: {} }, ["inner", "program"], "a path"],
    [{}, ["inner", "program"], "a path"],
    [{ inner: { program: "" } }, ["inner", "program"], "a path"],
    [{ inner: { program: "p", mode: "Sign" } }, ["inner", "mode"], "one of sign, keep"],
    [{ ...RIGHT, byName: { a: { size: -1 } } }, ["byName", "a", "size"], "a whole number, at least 0"],
    [{ ...RIGHT, byName: { A: {} } }, ["byName", "A"], "a name"],
    [{ ...RIGHT, byName: { a: new Map() } }, ["byName", "a"], "an object"],
  ])("are refused at the path of the fault: %j", (value, path, mustBe) => {
    expect(faultOf(value)).toMatchObject({ path, mustBe });
  });

  it("may hold no member that no shape names, at any depth, nor a name that is refused", () => {
    expect(faultOf({ ...RIGHT, attempt: 1 })).toMatchObject({ path: ["attempt"], known: Object.keys(SHAPE) });
    expect(faultOf({ inner: { program: "p", modes: 1 } })).toMatchObject({
      path: ["inner", "modes"],
      known: ["program", "mode"],
    });
    expect(faultOf({ ...RIGHT, byName: { a: { __proto: 1 } } })).toMatchObject({
      path: ["byName", "a", "__proto"],
      known: ["size"],
    });
    expect(faultOf(JSON.parse('{"__proto__":{"attempts":1},"inner":{"program":"p"}}'))).toMatchObject({ path: ["__proto__"] });
    expect(faultOf({ ...RIGHT, byName: { constructor: {} } })).toMatchObject({
      path: ["byName", "constructor"],
      refusal: expect.any(String),
    });
  });
});

describe("a shape", () => {
  it("answers its defaults, and its members in every group", () => {
    expect(defaultsOf(SHAPE)).toStrictEqual({ attempts: 3 });
    expect(membersIn(SHAPE).map(({ path }) => path.join("."))).toStrictEqual([
      ...["attempts", "words", "inner", "inner.program", "inner.mode", "byName"],
    ]);
  });

  it("of a user's own has no defaults, and no variable sets it", () => {
    expect(asOwn(SHAPE).attempts).toStrictEqual(integer(1, 10));
    expect(readSettings(asOwn(SHAPE), RIGHT, () => new Error("refused"))).toStrictEqual(RIGHT);
  });

  it("is a JSON Schema that says the same", () => {
    expect(objectSchemaOf(SHAPE)).toStrictEqual({
      type: "object",
      additionalProperties: false,
      properties: {
        attempts: { type: "integer", minimum: 1, maximum: 10, default: 3 },
        words: { type: "array", items: { type: "string", minLength: 1 } },
        inner: {
          type: "object",
          additionalProperties: false,
          required: ["program"],
          properties: { program: { type: "string" }, mode: { enum: ["sign", "keep"] } },
        },
        byName: {
          type: "object",
          propertyNames: { pattern: "^[a-z]+$", not: { enum: ["constructor"] } },
          additionalProperties: {
            type: "object",
            additionalProperties: false,
            properties: { size: { type: "integer", minimum: 0 } },
          },
        },
      },
    });
  });
});

describe("the template", () => {
  it("has the default life of tokens", () => {
    const template = textOf("src/deploy/template.yaml");
    const given = /^ {2}MaxTtlSeconds:\n {4}Type: Number\n {4}Default: (\d+)$/m.exec(template)?.[1];
    expect(Number(given)).toBe(CONFIG_MEMBERS.limits.properties.maxTtlSeconds.default);
  });
});

describe("each member of signet.json", () => {
  const { limits, secrets } = CONFIG_MEMBERS.callers.values.properties;
  const ALL = [CONFIG_MEMBERS, { limits, secrets }, secrets.items.properties].flatMap((shape: Shape) => membersIn(shape));

  it.each(ALL.map(({ path, member }) => [path.join("."), member] as const))(
    "%s says what it is for, with an example that is right",
    (_, member) => {
      expect(member.meaning).toMatch(/^\S.*\.$/);
      expect(() => readSettings({ member }, { member: member.example }, ({ path }) => new Error(path.join(".")))).not.toThrow();
    },
  );
});
