import { expect, it } from "vitest";
import type { Signer } from "../../src/custody/contract.js";
import { SignetError } from "../../src/errors.js";
import type { Answered } from "../../src/server/listener.js";
import { createAnsweredLog } from "../../src/server/log.js";
import { createMetrics } from "../../src/server/metrics.js";
import { NOW, routesFor, signer } from "./routes-fixture.js";

/** Signs, but for every second token. */
function failingSigner(): Signer {
  let asked = 0;
  const sign = async (input: string) => {
    if (asked++ % 2 === 1) throw new SignetError("aws_access_denied", "kms:Sign on key/a: access denied");
    return signer.sign(input);
  };
  return { kid: signer.kid, alg: signer.alg, publicJwk: signer.publicJwk, sign };
}

it("a token of a batch that nobody can say why it failed is in the log by its kind and place", async () => {
  const sign = () => {
    throw new TypeError("a secret");
  };
  const { post, notes } = routesFor({ signer: { kid: signer.kid, alg: signer.alg, publicJwk: signer.publicJwk, sign } });
  const answer = await post("/issue", { requests: [{ claims: { sub: "a" } }] });
  const text = await answer.text();
  expect(JSON.parse(text)).toMatchObject({ results: [{ error: { code: "internal" } }] });
  let line = "";
  createAnsweredLog((written) => {
    line += written;
  })({
    context: { address: "", log: notes[0] ?? {} },
    method: "POST",
    status: answer.status,
    milliseconds: 1,
    id: "1",
  } as Answered);
  expect(JSON.parse(line)).toMatchObject({
    level: "error",
    failed: 1,
    failure: "TypeError",
    at: expect.stringContaining("batch-failures"),
  });
  expect(text + line).not.toContain("secret");
});

// Whatever is longer is worked on in portions.
it.each([4, 4_000])(
  "a batch whose tokens fail is an error in the log, which says why, and in the metrics (%i requests)",
  async (count) => {
    const { post, notes } = routesFor({ signer: failingSigner(), own: {} });
    const requests = Array.from({ length: Math.min(count, 999) }, () => ({ claims: { sub: "a".repeat(count / 10) } }));
    requests.push({ claims: { sub: 1 as never } });
    const answer = await post("/issue", { requests });
    const { results } = (await answer.json()) as { results: { token?: string; error?: { code: string; message: string } }[] };
    const failed = results.filter(({ error }) => error?.code === "aws_access_denied");
    const words = "the issuer cannot do this now; its log says why";
    expect(failed).toStrictEqual(
      Array(Math.floor((requests.length - 1) / 2)).fill({ error: { code: "aws_access_denied", message: words } }),
    );
    const [log = {}] = notes;
    const answered = { context: { address: "192.0.2.1", log }, method: "POST", status: answer.status, milliseconds: 1, id: "1" };
    const tokens = requests.length - 1 - failed.length;
    let line = "";
    createAnsweredLog((text) => {
      line += text;
    })(answered as Answered);
    const failure = "aws_access_denied: kms:Sign on key/a: access denied";
    expect(JSON.parse(line)).toMatchObject({
      level: "error",
      status: 200,
      tokens,
      failed: failed.length,
      failure,
      msg: "failed",
    });
    const metrics = createMetrics(
      () => undefined,
      () => NOW,
    );
    metrics.answered(answered as Answered);
    const counted = (await metrics.text()).split("\n").filter((each) => each.startsWith("signet_tokens_total"));
    expect(counted).toStrictEqual([
      `signet_tokens_total{alg="",kid="",caller="web",outcome="issued"} ${tokens}`,
      `signet_tokens_total{alg="",kid="",caller="web",outcome="aws_access_denied"} ${failed.length}`,
    ]);
  },
);
