import { STATUS_CODES } from "node:http";
import { describe, expect, it } from "vitest";
import { problemText } from "../../src/encoding/problem.js";
import { type ErrorCode, SignetError, statusOf } from "../../src/errors.js";
import { problemResponse } from "../../src/http/problem.js";
import { httpProblem } from "../../src/lambda/shared/http-event.js";
import { bearerGuard } from "../../src/verify/bearer.js";
import { ERROR_GROUPS } from "../../tools/reference/errors.mjs";

describe("a problem (RFC 9457)", () => {
  it("has its status in words as the title, whatever the code", () => {
    const codes = ERROR_GROUPS.flatMap((group) => Object.keys(group.codes)) as ErrorCode[];
    for (const status of new Set(codes.map(statusOf))) {
      const { title } = JSON.parse(problemText({ status, code: "internal", message: "m" }));
      // Node has the name of RFC 7231 for 413; RFC 9110 has another one.
      expect(title).toBe(status === 413 ? "Content Too Large" : STATUS_CODES[status]);
    }
  });

  it("is the same from the server, a function and a guard", async () => {
    const error = new SignetError("not_ready", "the key is not here yet", { field: "key" });
    const expected = {
      ...{ type: "about:blank", title: "Service Unavailable", status: 503 },
      ...{ detail: "the key is not here yet", code: "not_ready", field: "key" },
    };
    expect(await problemResponse(error, { log: {} }).json()).toStrictEqual(expected);
    expect(JSON.parse(httpProblem(error).body)).toStrictEqual(expected);
    const { refusal } = await bearerGuard({ verify: () => Promise.reject(error) } as never)("Bearer e30.e30.e30");
    const { field: _, ...rest } = expected;
    expect(JSON.parse(refusal?.body ?? "")).toStrictEqual({ ...rest, detail: "the token cannot be verified now" });
  });
});
