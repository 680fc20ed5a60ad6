import { describe, expect, it } from "vitest";
import { loggableField, SignetError, shortened } from "../../src/errors.js";
import { createLog } from "../../src/lambda/shared/log.js";
import { logRefused } from "../../src/lambda/shared/report.js";
import { causeOf } from "../../src/server/log.js";
import { routesFor } from "./routes-fixture.js";

const LONG = "x".repeat(300_000);
const limits = { allowedClaims: ["sub", "aud"], allowedAudiences: ["api"] };

describe("an answer", () => {
  const { post, ask, secret } = routesFor();
  const limited = routesFor({ own: limits });

  it.each([
    ["a field that is unknown", () => post("/issue", { claims: {}, [LONG]: 1 })],
    ["a member that is named twice", () => post("/issue", `{"claims":{"${LONG}":1,"${LONG}":2}}`)],
    ["a claim that is none", () => post("/issue", `{"claims":{"${LONG}":1e999}}`)],
    ["a claim within a claim", () => post("/issue", `{"claims":{"${LONG}":{"a":1e999}}}`)],
    ["a claim that is not allowed", () => limited.post("/issue", { claims: { aud: "api", [LONG.slice(0, 9_000)]: 1 } })],
    ["such a claim in a batch", () => limited.post("/issue", { requests: [{ claims: { [LONG.slice(0, 9_000)]: 1 } }] })],
    ["an audience that is not allowed", () => limited.post("/issue", { claims: { aud: LONG.slice(0, 9_000) } })],
    ["a typ", () => post("/issue", { claims: {}, typ: LONG })],
    ["a claim to encode", () => post("/encode", { [LONG.slice(0, 60_000)]: { toJSON: 1e300, b: "\ud800" } })],
    ["a token", () => post("/verify", { token: LONG.slice(0, 60_000), audience: null })],
    ["an audience", () => post("/verify", { token: "a.b.c", audience: LONG.slice(0, 60_000) })],
    ["a URL of keys", () => post("/decode", { token: "a.b.c", jwksUri: `https://h.example/${LONG.slice(0, 60_000)}` })],
    ["a path", () => ask(`/${LONG.slice(0, 9_000)}`)],
    [
      "a form's parameter",
      () =>
        post("/token", `${LONG.slice(0, 9_000)}=1`, {
          "content-type": "application/x-www-form-urlencoded",
          authorization: `Basic ${Buffer.from(`web:${secret}`).toString("base64")}`,
        }),
    ],
  ])("repeats no more than 64 characters of %s", async (_what, asked) => {
    const text = await (await asked()).text();
    expect(text.match(/x/g)?.length ?? 0).toBeLessThanOrEqual(64 + "exceeds".length);
    expect(text.length).toBeLessThan(700);
  });

  it("names a field as long as it is of a length that names have", async () => {
    const name = "https://example.com/claims/department";
    const answer = (await (await limited.post("/issue", { claims: { aud: "api", [name]: 1 } })).json()) as object;
    expect(answer).toMatchObject({ field: `claims.${name}`, detail: expect.stringContaining(name) });
  });
});

describe("a log line", () => {
  const foreign = new SignetError("invalid_claim", "claims.my-illness must be a text", { field: "claims.my-illness.name" });

  it("names what is ours of a field, and nothing that a caller made up", () => {
    expect(loggableField("claims.sub")).toBe("claims.sub");
    expect(loggableField("claims.my-illness.sub")).toBe("claims");
    expect(loggableField("my-illness")).toBeUndefined();
    expect(loggableField("constructor")).toBeUndefined();
    expect(loggableField("SIGNET_ROUTES")).toBe("SIGNET_ROUTES");
  });

  it("of a function has the code of what a request did wrong, not the words", () => {
    const lines: string[] = [];
    logRefused(
      createLog({}, (line) => lines.push(line)),
      "r",
      foreign,
      {},
    );
    expect(lines.join()).toContain("invalid_claim");
    expect(lines.join()).not.toContain("illness");
  });

  it("of the server has the words of what is ours alone", () => {
    expect(causeOf(foreign)).toStrictEqual({ failure: "invalid_claim" });
    const full = new SignetError("store_failed", "the disk is full");
    expect(causeOf(new SignetError("replay_store_failed", "it cannot be known", { cause: full }))).toStrictEqual({
      failure: "replay_store_failed: it cannot be known (store_failed: the disk is full)",
    });
    expect(causeOf(new SignetError("store_failed", "the disk is full"))).toStrictEqual({
      failure: "store_failed: the disk is full",
    });
  });
});

it("a text that is cut ends with whole characters", () => {
  expect(shortened("a".repeat(64))).toHaveLength(64);
  expect(shortened(`${"a".repeat(60)}\u{1f600}${"b".repeat(60)}`)).toBe(`${"a".repeat(60)}...`);
  expect(shortened("\u{1f600}".repeat(1_000)).isWellFormed()).toBe(true);
});
