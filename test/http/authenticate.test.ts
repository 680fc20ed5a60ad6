import { describe, expect, it } from "vitest";
import { createAuthenticator } from "../../src/http/authenticate.js";
import { makeSecret, secretDigest } from "../../src/issue/caller-secret.js";
import { createCallers } from "../../src/issue/callers.js";
import { NOW, signer } from "./routes-fixture.js";

const record = (secret: string) => ({ sha256: secretDigest(secret).toString("hex"), createdAt: NOW });
const callersWith = (...secrets: readonly string[]) =>
  createCallers(
    { signer, issuer: undefined, clock: () => NOW },
    secrets.map((secret, index) => ({ name: `caller-${index}`, secrets: [record(secret)] })),
  );

/** An authenticator for a config to which one more caller was added since it was read. */
function behind(before: readonly string[], added: string) {
  let callers = callersWith(...before);
  let looks = 0;
  const { bySecret } = createAuthenticator({
    callers: () => callers,
    clock: () => NOW,
    async lookAgain() {
      looks += 1;
      callers = callersWith(...before, added);
    },
  });
  const ask = async (secret: string) => bySecret(secret, { address: "192.0.2.1", log: {} });
  return { ask, looks: () => looks };
}

describe("a secret that is not known", () => {
  it.each([
    ["beside others", [makeSecret()]],
    ["as the first of all", []],
  ])("belongs to a caller that was added a moment ago, %s", async (_which, before) => {
    const added = makeSecret();
    const { ask, looks } = behind(before, added);
    expect(await ask(added)).toMatchObject({ name: `caller-${before.length}` });
    expect(await ask(added)).toMatchObject({ name: `caller-${before.length}` });
    expect(looks()).toBe(1);
  });

  it("is refused after the look, and looked for no more once its address has failed too often", async () => {
    const known = makeSecret();
    const { ask, looks } = behind([known], makeSecret());
    const codes = [];
    for (let at = 0; at < 70; at++) codes.push(await ask("signet_wrong").catch(({ code }) => code));
    expect([codes[0], codes[59], codes[60], codes[69]]).toStrictEqual([
      "caller_unknown",
      "caller_unknown",
      "rate_exceeded",
      "rate_exceeded",
    ]);
    expect(looks()).toBe(60);
    expect(await ask(known)).toMatchObject({ name: "caller-0" });
  });
});
