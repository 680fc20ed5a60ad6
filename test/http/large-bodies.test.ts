import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitBatch } from "../../src/http/batch-body.js";
import { createLargeBodies, type Slot } from "../../src/http/large-bodies.js";
import { anyCharacter } from "../contracts/any-text.js";
import { claimsOf, NOW, routesFor } from "./routes-fixture.js";

const LARGE = 70_000;
const bytesOf = (text: string) => Buffer.from(text);
const split = (text: string) => splitBatch(bytesOf(text)).map((each) => Buffer.from(each).toString());

describe("a large batch", () => {
  it("is split where JSON.parse sees its requests", () => {
    const stringUnit = fc.oneof(anyCharacter, fc.constantFrom(...'",\\[]{}'));
    const request = fc.jsonValue({ maxDepth: 3, stringUnit });
    fc.assert(
      fc.property(fc.array(request, { maxLength: 20 }), fc.constantFrom(0, 1, "\t"), (requests, space) => {
        const text = JSON.stringify({ requests }, null, space);
        expect(split(text).map((each) => JSON.parse(each))).toStrictEqual(JSON.parse(text).requests);
      }),
    );
  });

  it.each([
    ['{"claims":{}}', "request_too_large"],
    ['{"ttl":1,"requests":[]}', "request_too_large"],
    ['{"requests":[],"ttl":1}', "request_too_large"],
    ['{"requests":[]}x', "request_too_large"],
    ['{"requests":{}}', "request_too_large"],
    ['{"requests":[{}', "invalid_json"],
    ['{"requests":["]}', "invalid_json"],
    [`{"requests":[${"{},".repeat(1_000)}{}]}`, "invalid_request"],
  ])("is refused where it is anything else (%#)", (text, code) => {
    expect(() => split(text)).toThrow(expect.objectContaining({ code }));
  });

  const { post, ask, handle, secret } = routesFor();
  const requests = Array.from({ length: 900 }, (_, at) => ({ claims: { sub: `u${at}`, data: "d".repeat(100) } }));

  it("is answered as a small one is, in order, with an error for each that is refused", async () => {
    // So that the portions that are worked on at a time end by their number and by their bytes.
    const longer = { at: [0, 40, 41, 899], data: "d".repeat(50_000) };
    const odd = requests.map((each, at) => {
      if (at % 100 === 7) return { ...each, ttl: -1 };
      return longer.at.includes(at) ? { claims: { ...each.claims, data: longer.data } } : each;
    });
    const answer = await post("/issue", { requests: odd });
    const { results } = (await answer.json()) as { results: { token?: string; error?: { code: string } }[] };
    expect(results.map(({ token, error }) => (token === undefined ? error?.code : claimsOf(token).sub))).toStrictEqual(
      odd.map(({ claims }, at) => {
        if (at % 100 === 7) return "invalid_request";
        return longer.at.includes(at) ? "request_too_large" : claims.sub;
      }),
    );
  });

  it.each([
    ["a comma too many", (text: string) => text.replace("},{", "},,{"), "invalid_json"],
    ["text between two requests", (text: string) => text.replace("},{", "}x,{"), "invalid_json"],
    ["a bracket of the wrong kind", (text: string) => text.replace("},{", "],{"), "invalid_json"],
    ["a member given twice", (text: string) => text.replace('{"sub"', '{"sub":"a","sub"'), "duplicate_member"],
    ["a request of more than 64 KB", (text: string) => text.replace("ddd", "d".repeat(LARGE)), "request_too_large"],
  ])("is answered with no token where it has %s", async (_what, change, code) => {
    const answer = await post("/issue", change(JSON.stringify({ requests })));
    expect(((await answer.json()) as { code: string }).code).toBe(code);
  });

  it("is not looked at while another one of its caller is worked on: its stream would fill itself", async () => {
    const headers = { authorization: `Bearer ${secret}`, "content-type": "application/json" };
    let feed: ReadableStreamDefaultController | undefined;
    const slow = new ReadableStream({
      start(controller) {
        feed = controller;
      },
    });
    const call = () => ({ address: "192.0.2.1", log: {} });
    const post = (body: ReadableStream | string, more = {}) =>
      new Request("https://issuer.example/issue", {
        ...{ method: "POST", body, headers: { ...headers, ...more }, duplex: "half" },
      } as RequestInit);
    const first = handle(post(slow), call());
    const text = JSON.stringify({ requests });
    const second = post(text, { "content-length": String(text.length) });
    let looks = 0;
    const { body } = second;
    const get = () => {
      looks += 1;
      return body;
    };
    Object.defineProperty(second, "body", { get });
    const answer = handle(second, call());
    await new Promise(setImmediate);
    expect(looks).toBe(0);
    feed?.error(new Error("gone"));
    expect([(await first).status, (await answer).status]).toStrictEqual([400, 200]);
    expect(looks).toBe(1);
  });

  it("of which nothing can be one is refused by its first piece", async () => {
    let pulled = 0;
    const body = new ReadableStream({
      pull(controller) {
        pulled += 1;
        controller.enqueue(bytesOf("[".repeat(LARGE)));
      },
    });
    const headers = { authorization: `Bearer ${secret}`, "content-type": "application/json" };
    const answer = await ask("/issue", { method: "POST", body, headers, duplex: "half" } as RequestInit);
    expect([answer.status, pulled < 4]).toStrictEqual([413, true]);
  });
});

describe("the room for large bodies", () => {
  it("is shared: one caller has one place at a time, and keeps no other caller waiting", async () => {
    const large = createLargeBodies();
    const order: string[] = [];
    const release: (() => void)[] = [];
    const call = { address: "a", log: {}, whenSent: (then: () => void) => void release.push(then) };
    const ask = (caller: string) => large.within(caller, call, async (_slot: Slot) => void order.push(caller));
    const all = [ask("a"), ask("a"), ask("a"), ask("b"), ask("c")];
    await Promise.all([all[0], all[3]]);
    expect(order).toStrictEqual(["a", "b"]);
    // The answer to b was sent: c comes before the second of a, whose first is still on its way.
    release[1]?.();
    await all[4];
    expect(order).toStrictEqual(["a", "b", "c"]);
    release[0]?.();
    await all[1];
    release[3]?.();
    await all[2];
    expect(order).toStrictEqual(["a", "b", "c", "a", "a"]);
  });
});

describe("a line of large bodies", () => {
  it("is bounded for each caller: one too many is told at once to come again, and others still find room", async () => {
    const large = createLargeBodies();
    const release: (() => void)[] = [];
    const call = { address: "a", log: {}, whenSent: (then: () => void) => void release.push(then) };
    const ask = (caller: string) => large.within(caller, call, async () => caller);
    // One is worked on, and thirty-two wait.
    const all = Array.from({ length: 33 }, () => ask("a"));
    await expect(ask("a")).rejects.toMatchObject({ code: "not_ready", retryAfterSeconds: 5 });
    expect(await ask("b")).toBe("b");
    for (const [at, each] of all.entries()) {
      expect(await each).toBe("a");
      release[at === 0 ? 0 : at + 1]?.();
    }
  });
});

describe("a caller's rate", () => {
  const limits = { maxTokensPerMinute: 3 };

  it.each([
    ["bodies that are no JSON", "{"],
    ["requests that are refused", { claims: {}, ttl: -1 }],
    ["batches without one token", { requests: [{ claims: {}, ttl: -1 }] }],
  ])("counts %s", async (_what, body) => {
    const limited = routesFor({ own: limits });
    for (let each = 0; each < 3; each++) expect((await limited.post("/issue", body)).status).toBeLessThan(429);
    expect((await limited.post("/issue", body)).status).toBe(429);
    expect((await limited.post("/issue", { claims: {} })).status).toBe(429);
    limited.setNow(NOW + 60);
    expect((await limited.post("/issue", { claims: {} })).status).toBe(200);
  });

  it("is looked at before a large body is read", async () => {
    const limited = routesFor({ own: limits });
    for (let each = 0; each < 3; each++) await limited.post("/issue", { claims: {} });
    const body = new ReadableStream({ pull: () => Promise.reject(new Error("it was read")) }, { highWaterMark: 0 });
    const headers = { authorization: `Bearer ${limited.secret}`, "content-type": "application/json" };
    const answer = await limited.ask("/issue", { method: "POST", body, headers, duplex: "half" } as RequestInit);
    expect(answer.status).toBe(429);
  });
});
