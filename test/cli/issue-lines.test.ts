import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { issueLines } from "../../src/cli/issue-lines.js";
import { SignetError } from "../../src/errors.js";
import type { ImmediateIssuer } from "../../src/issue/issuer.js";
import type { IssueRequest } from "../../src/issue/request.js";
import { cases } from "../contracts/matrix.js";

/** Answers the requests themselves; a claim `bad` is refused. */
function echoing(isAsync: boolean): ImmediateIssuer {
  const issue = (request: IssueRequest) => {
    if ("bad" in request.claims) throw new SignetError("invalid_claim", "claims.bad is bad");
    const issued = { token: JSON.stringify(request) };
    return isAsync ? Promise.resolve(issued) : issued;
  };
  return { issue, issueMany: async () => [], check: () => undefined };
}

async function* chunksOf(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0;
  for (let index = 0; at < bytes.length; index++) {
    const size = sizes[index % sizes.length] ?? bytes.length;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function lines(text: string, { sizes = [7], isAsync = false, defaults = {} } = {}): Promise<IssueRequest[]> {
  const tokens: string[] = [];
  const writer = { write: (token: string) => void tokens.push(token), end: async () => undefined };
  try {
    await issueLines(chunksOf(Buffer.from(text), sizes), echoing(isAsync), defaults, writer);
  } catch (error) {
    throw Object.assign(error as Error, { before: tokens.length });
  }
  return tokens.map((token) => JSON.parse(token) as IssueRequest);
}

const CLAIMS = fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.oneof(fc.string(), fc.integer(), fc.constant("é\u{1f511}")), {
  maxKeys: 3,
  noNullPrototype: true,
});
const SIZES = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });

describe("lines of claims", () => {
  it("become a request each, in their order, however the stream is cut", async () => {
    const property = fc.asyncProperty(
      fc.array(CLAIMS),
      SIZES,
      fc.constantFrom("\n", "\r\n", "\n\n", "\n \t\n"),
      fc.boolean(),
      check,
    );
    await fc.assert(property, { numRuns: cases(300) });

    async function check(all: object[], sizes: number[], end: string, isAsync: boolean): Promise<void> {
      const asked = all.filter((claims) => !("claims" in claims) && !("bad" in claims));
      const text = asked.map((claims) => JSON.stringify(claims) + end).join("");
      const expected = asked.map((claims) => ({ ttl: 5, claims }));
      expect(await lines(text, { sizes, isAsync, defaults: { ttl: 5 } })).toStrictEqual(expected);
      expect(await lines(text.trimEnd(), { sizes, isAsync, defaults: { ttl: 5 } })).toStrictEqual(expected);
    }
  });

  it("may be whole requests, which stand over the options", async () => {
    const text = '{"claims":{"sub":"a"},"ttl":9}\n{"claims":{"sub":"b"}}\n{"sub":"c"}\n';
    expect(await lines(text, { defaults: { ttl: 5, setIat: true } })).toStrictEqual([
      { ttl: 9, setIat: true, claims: { sub: "a" } },
      { ttl: 5, setIat: true, claims: { sub: "b" } },
      { ttl: 5, setIat: true, claims: { sub: "c" } },
    ]);
  });

  it("may be one object over several lines", async () => {
    const text = '\n{\n  "sub": "a",\n  "aud": ["b",\n "c"]\n}\n';
    for (const size of [1, 3, 100]) {
      expect(await lines(text, { sizes: [size] })).toStrictEqual([{ claims: { sub: "a", aud: ["b", "c"] } }]);
    }
  });

  it.each([
    ["a line that is refused", '{"a":1}\n{"bad":1}\n{"c":1}\n', 2, 1],
    ["a line that is no JSON", '{"a":1}\n\n{"b":1}\n{"c":\n{"d":1}\n', 4, 2],
    ["a last line without end", '{"a":1}\n{"b":1', 2, 1],
    ["a line without end", `{"a":1}\n${"x".repeat(70_000)}`, 2, 1],
    ["what is no JSON from its beginning", "x".repeat(70_000), 1, 0],
  ])("end at %s, named by its number, after what stands before it", async (_what, text, number, before) => {
    for (const sizes of [[5], [1_000], [100_000]]) {
      await expect(lines(text, { sizes })).rejects.toMatchObject({
        name: "SignetError",
        message: expect.stringContaining(`line ${number} of stdin: `),
        before,
      });
    }
  });
});
