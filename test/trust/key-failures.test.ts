import { expect, it } from "vitest";
import { isSignetError } from "../../src/errors.js";
import type { Resolve } from "../../src/verify/listed-hosts.js";
import { answerTo, IDP, jwksOf, keyOf, proofBy, proofsOf } from "./fixture.js";

it("A fetch of another issuer's keys that brings none is told once, by the issuer that the rule names, and pasted keys are never fetched", async () => {
  const failures: [string, unknown][] = [];
  const key = await keyOf("ES256");
  // No connection is made to an address that is not public.
  const resolve: Resolve = (_name, _options, answer) => answer(null, [{ address: "10.0.0.1", family: 4 }]);
  const fetched = { maxAgeSeconds: 3_600, issuer: IDP, jwksUrl: `${IDP}/jwks.json`, claims: { sub: { prefix: "repo:acme/" } } };
  const pasted = { maxAgeSeconds: 3_600, issuer: "https://other.example", jwks: jwksOf(key), claims: { sub: "x" } };
  const callers = { ci: { trusts: [fetched] }, other: { trusts: [pasted] } };
  const proofs = proofsOf(callers, { resolve, elapsed: () => 5, onFailure: (...told) => failures.push(told) });
  expect(await answerTo(proofs, proofBy(key, { iss: "https://other.example", sub: "x" }))).toBe("other trusts.0");
  expect(await answerTo(proofs, proofBy(key))).toBe("jwks_unavailable");
  expect(await answerTo(proofs, proofBy(key))).toBe("jwks_unavailable");
  expect(failures).toStrictEqual([[IDP, expect.anything()]]);
  expect(isSignetError(failures[0]?.[1])).toBe(true);
});
