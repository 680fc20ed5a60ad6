import { beforeAll, describe, expect, it } from "vitest";
import type { Caller } from "../../src/issue/callers.js";
import type { ProofSettings } from "../../src/settings/trusts.js";
import type { Proofs } from "../../src/trust/contract.js";
import { memoryOnce, proofsOf } from "../trust/fixture.js";
import type { TestKey } from "../verify/tokens.js";
import {
  answerOf,
  assertion,
  CLIENT_CREDENTIALS,
  exchangeOf,
  ISSUER,
  JWT_BEARER,
  keyOf,
  NOW,
  proofBy,
  ruleOf,
  TOKEN_EXCHANGE,
  TYPE,
} from "./proofs-fixture.js";
import { claimsOf, routesFor } from "./routes-fixture.js";

let idp: TestKey;
let users: TestKey;
beforeAll(async () => {
  [idp, users] = await Promise.all([keyOf("ES256", "idp"), keyOf("ES256", "users")]);
});

type Callers = Readonly<Record<string, ProofSettings>>;
type Step = "prove" | "exchangeable";

/** Routes whose rules are edited once while a token is held against them: after it was found good, and before that is told. */
function routes(before: Callers, after: Callers, during: Step = "prove") {
  const once = memoryOnce();
  const [old, next] = [before, after].map((callers) => proofsOf(callers, { issuer: ISSUER, clock: () => NOW, once }));
  let present = old as Proofs;
  const edited =
    <A extends unknown[], T>(step: (...args: A) => Promise<T>) =>
    async (...args: A): Promise<T> => {
      const answer = await step(...args);
      present = next as Proofs;
      return answer;
    };
  present = { ...(old as Proofs), [during]: edited<never[], unknown>((old as Proofs)[during] as never) };
  const named = { ...before, ...after };
  const callers = Object.keys(named).map((name) => ({ ...named[name], name, secrets: [] }) as Caller);
  const { ask } = routesFor({ callers, proofs: () => present });
  return {
    once,
    /** Edits them without a token. */
    edit: () => (present = next as Proofs),
    token: (form: Record<string, string>) =>
      ask("/token", {
        method: "POST",
        body: new URLSearchParams({ audience: "https://api.example", ...form }),
        headers: { "content-type": "application/x-www-form-urlencoded" },
      }),
    issue: (token: string, body: string | ReadableStream = '{"claims":{}}') => {
      const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
      return ask("/issue", { method: "POST", body, headers, duplex: "half" } as RequestInit);
    },
  };
}

const ci = (more: object = {}): Callers => ({ ci: { trusts: [ruleOf(idp, { singleUse: true, ...more })] } });
const OFF = { disabled: true };

describe("a rule that is switched off while a proof is held against it", () => {
  it.each([
    ["as a client", (token: string) => ({ grant_type: CLIENT_CREDENTIALS, ...assertion(token) }), "401 invalid_client"],
    ["as a grant", (token: string) => ({ grant_type: JWT_BEARER, assertion: token }), "400 invalid_grant"],
  ])("proves nobody any more, %s, and nothing is used up", async (_name, form, refused) => {
    const { token, once } = routes(ci(), ci(OFF));
    expect(await answerOf(token(form(proofBy(idp))))).toBe(refused);
    expect(once.uses).toStrictEqual([]);
  });

  it("proves nobody in the header either", async () => {
    const { issue, once } = routes(ci(), ci(OFF));
    expect((await issue(proofBy(idp))).status).toBe(401);
    expect(once.uses).toStrictEqual([]);
  });

  it("proves nobody whose body comes after that", async () => {
    const { issue, edit, once } = routes(ci(), ci(OFF), "exchangeable");
    const encoder = new TextEncoder();
    const body = new ReadableStream(
      {
        pull(controller) {
          edit();
          controller.enqueue(encoder.encode('{"claims":{}}'));
          controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    expect((await issue(proofBy(idp), body)).status).toBe(401);
    expect(once.uses).toStrictEqual([]);
  });
});

describe("an edit that leaves a proof good", () => {
  it("refuses nobody, and uses it once; claims are those of the edit", async () => {
    const { token, once } = routes(ci(), ci({ claimsFromProof: { repository: "repo" } }));
    const answer = await token({ grant_type: CLIENT_CREDENTIALS, ...assertion(proofBy(idp, { repository: "acme/app" })) });
    const { access_token: issued } = (await answer.json()) as { access_token: string };
    expect(claimsOf(issued)).toMatchObject({ repo: "acme/app" });
    expect(once.uses).toHaveLength(1);
  });
});

describe("an exchange", () => {
  const exchanging = (rule: object, exchange: object): Callers => ({
    ci: { ...ci(rule).ci, exchanges: [exchangeOf(users, exchange)] },
  });
  const form = () => ({
    grant_type: TOKEN_EXCHANGE,
    ...assertion(proofBy(idp)),
    subject_token: proofBy(users, { sub: "user:1" }),
    subject_token_type: `${TYPE}jwt`,
  });

  it.each([
    ["is", {}, {}, "token"],
    ["is not, once it was switched off,", {}, OFF, "400 invalid_request"],
    ["is not, once its client's rule was switched off,", OFF, {}, "401 invalid_client"],
  ])(
    "%s given what it asks for when rules are edited while the subject's keys are fetched",
    async (_is, rule, exchange, told) => {
      const { token, once } = routes(exchanging({}, {}), exchanging(rule, exchange), "exchangeable");
      expect(await answerOf(token(form()))).toBe(told);
      expect(once.uses).toHaveLength(told === "token" ? 1 : 0);
    },
  );
});
