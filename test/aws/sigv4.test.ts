import aws4 from "aws4";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalQuery, percentEncoded, signedHeaders } from "../../src/aws/sigv4.js";

const SUITE = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
const S3_PAGE = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" };
const request = { method: "GET", host: "example.amazonaws.com", path: "/", headers: {}, body: "" };
const scope = { service: "service", region: "us-east-1", time: Date.UTC(2015, 7, 30, 12, 36) };

const signatureOf = (headers: Record<string, string>) => /Signature=(\w+)/.exec(headers.authorization ?? "")?.[1];

describe("AWS's own examples", () => {
  it.each([
    ["get-vanilla", {}, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"],
    [
      "get-vanilla-query-order-key-case",
      { query: { Param2: "value2", Param1: "value1" } },
      "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ],
    ["post-vanilla", { method: "POST" }, "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"],
    [
      "post-x-www-form-urlencoded",
      { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" }, body: "Param1=value1" },
      "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    ],
  ])("%s of the Signature Version 4 suite", (_, more, signature) => {
    expect(signatureOf(signedHeaders({ ...request, ...more }, SUITE, scope))).toBe(signature);
  });

  it("GET Object of the S3 API reference", () => {
    const get = { ...request, host: "examplebucket.s3.amazonaws.com", path: "/test.txt", headers: { range: "bytes=0-9" } };
    const headers = signedHeaders(get, S3_PAGE, { ...scope, service: "s3", time: Date.UTC(2013, 4, 24) });
    expect(signatureOf(headers)).toBe("f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  });
});

describe("random requests", () => {
  const name = fc.stringMatching(/^x-[a-z]{1,8}$/);
  const value = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/);
  const arbitrary = fc.record({
    method: fc.constantFrom("GET", "POST", "PUT"),
    segments: fc.array(
      fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 }).filter((text) => !/^\.+$|\//.test(text) && text.isWellFormed()),
      { maxLength: 3 },
    ),
    query: fc.dictionary(
      fc.stringMatching(/^[A-Za-z0-9-]{1,8}$/),
      fc.string({ unit: "grapheme", maxLength: 8 }).filter((text) => text.isWellFormed()),
      { maxKeys: 3 },
    ),
    headers: fc.dictionary(name, value, { maxKeys: 3 }),
    body: fc.string({ maxLength: 50 }),
    service: fc.constantFrom("kms", "ssm", "secretsmanager", "s3"),
    region: fc.constantFrom("us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1"),
    sessionToken: fc.option(fc.stringMatching(/^[A-Za-z0-9+/=]{1,40}$/), { nil: undefined }),
    time: fc.integer({ min: 1_500_000_000, max: 2_000_000_000 }),
  });

  it("are signed as aws4 signs them", () => {
    fc.assert(
      fc.property(arbitrary, ({ segments, service, region, sessionToken, time, ...rest }) => {
        const path = `/${segments.map(percentEncoded).join("/")}`;
        const unsigned = { ...rest, host: `${service}.${region}.amazonaws.com`, path };
        const scoped = { service, region, time: time * 1_000 };
        const ours = signedHeaders(unsigned, { ...SUITE, sessionToken }, scoped);
        const query = canonicalQuery(unsigned.query);
        const theirs = aws4.sign(
          {
            ...unsigned,
            path: query === "" ? path : `${path}?${query}`,
            service,
            region,
            headers: { ...unsigned.headers, Host: unsigned.host, "X-Amz-Date": ours["x-amz-date"] as string },
            extraHeadersToIgnore: { "content-length": true, "content-type": true },
          } as aws4.Request,
          { ...SUITE, ...(sessionToken === undefined ? {} : { sessionToken }) },
        );
        expect(signatureOf(ours)).toBe(/Signature=(\w+)/.exec(String(theirs.headers?.Authorization))?.[1]);
      }),
      { numRuns: 300 },
    );
  });
});
