import { describe, expect, it } from "vitest";
import { SignetError } from "../../src/errors.js";
import type { RequestLog } from "../../src/http/request-context.js";
import type { Answered } from "../../src/server/listener.js";
import { createAnsweredLog } from "../../src/server/log.js";
import { createMetrics } from "../../src/server/metrics.js";
import { createSummedMetrics } from "../../src/server/summed-metrics.js";

const ISSUER = "https://token.actions.githubusercontent.com";
const proof = (subject?: string) => ({ rule: "trusts.0", issuer: ISSUER, subject });

function answered(log: RequestLog, status = 200): Answered {
  return { context: { address: "192.0.2.1", log }, method: "POST", status, milliseconds: 1, id: "r" } as unknown as Answered;
}

const metrics = () =>
  createMetrics(
    () => undefined,
    () => 0,
  );

function lineOf(log: RequestLog, status?: number): Record<string, unknown> {
  const lines: string[] = [];
  createAnsweredLog((line) => lines.push(line))(answered(log, status));
  return JSON.parse(lines[0] as string) as Record<string, unknown>;
}

describe("what the log says of a proof", () => {
  it("is the rule that took it, the rule's issuer, and its subject", () => {
    const line = lineOf({ route: "/issue", caller: "ci", tokens: 1, proof: proof("repo:acme/web") });
    expect(line).toMatchObject({ caller: "ci", rule: "trusts.0", issuer: ISSUER, subject: "repo:acme/web", tokens: 1 });
    expect(lineOf({ route: "/issue", caller: "ci", proof: proof() })).not.toHaveProperty("subject");
    expect(lineOf({ route: "/issue", caller: "web" })).not.toHaveProperty("rule");
  });

  it("names beside an exchanged token the one that proved who asked, its subject cut as well", () => {
    const client = proof(`\n${"x".repeat(10_000)}`);
    const line = lineOf({
      route: "/token",
      caller: "gate",
      proof: { rule: "exchanges.0", issuer: "https://a.example", subject: "u", client },
    });
    const shown = { rule: "trusts.0", issuer: ISSUER, subject: expect.stringMatching(/^\\u000ax{200,250}\.\.\.$/) };
    expect(line).toMatchObject({ rule: "exchanges.0", issuer: "https://a.example", subject: "u", client: shown });
  });

  it("has a subject that hides nothing and is cut", () => {
    const { subject } = lineOf({ route: "/issue", proof: proof(`a\u202e\n\u001b[2J${"x".repeat(10_000)}`) });
    expect(subject).toMatch(/^a\\u202e\\u000a\\u001b\[2Jx+\.\.\.$/);
    expect((subject as string).length).toBe(256);
  });

  it("says why it was refused, in words that are ours", () => {
    const cause = new SignetError("proof_refused", "ci (trusts.0): the claim ref is not as the rule has it");
    const failure = new SignetError("proof_refused", "this token proves no caller", { cause });
    expect(lineOf({ route: "/issue", code: "proof_refused", failure }, 401).failure).toContain(
      "ci (trusts.0): the claim ref is not",
    );
  });
});

describe("what metrics say of proofs", () => {
  it("is how many tokens which rule and which issuer of a rule got, and never a subject", async () => {
    const own = metrics();
    own.answered(answered({ route: "/issue", caller: "ci", tokens: 3, proof: proof("repo:acme/web") }));
    own.answered(answered({ route: "/token", caller: "ci", tokens: 1, proof: proof("repo:acme/other") }));
    own.answered(answered({ route: "/issue", caller: "web", tokens: 1 }));
    const text = await own.text();
    expect(text).toContain(`signet_proven_tokens_total{caller="ci",rule="trusts.0",issuer="${ISSUER}"} 4`);
    expect(text.match(/^signet_proven_tokens_total\{/gm)).toHaveLength(1);
    expect(text).not.toContain("acme");
  });

  it("is how many were refused, by the code, and not what /decode could not fetch", async () => {
    const own = metrics();
    for (const code of ["proof_refused", "proof_refused", "proof_replayed", "jwks_unavailable", "caller_unknown"]) {
      own.answered(answered({ route: "/token", code }, 401));
    }
    own.answered(answered({ route: "/decode", code: "jwks_unavailable" }, 503));
    const text = await own.text();
    expect(text).toContain('signet_proof_refusals_total{reason="proof_refused"} 2');
    expect(text).toContain('signet_proof_refusals_total{reason="proof_replayed"} 1');
    expect(text).toContain('signet_proof_refusals_total{reason="jwks_unavailable"} 1');
    expect(text.match(/^signet_proof_refusals_total\{/gm)).toHaveLength(3);
  });

  it("is summed up over workers, failed fetches of keys too", async () => {
    const workers = [metrics(), metrics()];
    const sum = createSummedMetrics(metrics());
    for (const worker of workers) {
      worker.keysFailed(ISSUER);
      worker.answered(answered({ route: "/issue", caller: "ci", tokens: 2, proof: proof("a") }));
      sum.add(await worker.takeCounts());
    }
    const text = await sum.text();
    expect(text).toContain(`signet_rule_key_failures_total{issuer="${ISSUER}"} 2`);
    expect(text).toContain(`signet_proven_tokens_total{caller="ci",rule="trusts.0",issuer="${ISSUER}"} 4`);
  });
});

describe("what metrics say of tokens", () => {
  it("is what came of each that was asked for, and nothing of a request by another method", async () => {
    const own = metrics();
    own.answered(answered({ route: "/issue", caller: "web", tokens: 2 }));
    own.answered(answered({ route: "/issue", caller: "web", code: "ttl_exceeds_limit" }, 403));
    for (const route of ["/issue", "/encode", "/token", "/2015-03-31/functions/{name}/invocations"])
      own.answered(answered({ route, code: "method_not_allowed" }, 405));
    const text = await own.text();
    expect(text.match(/^signet_tokens_total\{.*$/gm)).toStrictEqual([
      'signet_tokens_total{alg="",kid="",caller="web",outcome="issued"} 2',
      'signet_tokens_total{alg="",kid="",caller="web",outcome="ttl_exceeds_limit"} 1',
    ]);
    // It is counted as the request that it is.
    expect(text).toMatch(/^signet_request_seconds_count\{route="\/issue",status="405"\} 1$/m);
  });
});
