import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readJwks, readVerifyingJwks } from "../../src/operator/jwks-source.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "signet-jwks-"));
});
afterAll(() => rm(folder, { recursive: true }));

it.each([
  "null",
  "5",
  "[]",
  "{}",
  '{"keys":{}}',
  '{"keys":[null]}',
  '{"keys":[[]]}',
  '{"keys":["a"]}',
  '{"__proto__":{"keys":[]}}',
])("a file that is no JWKS is told in words: %s", async (text) => {
  await writeFile(join(folder, "jwks.json"), text);
  const reading = readJwks({ cwd: folder, env: {} } as never, "jwks.json");
  await expect(reading).rejects.toMatchObject({ code: "usage", message: expect.stringContaining("is not a JWKS") });
});

it.each([
  [[], "it lists none"],
  [
    [{ kty: "RSA", kid: "enc\u0007", use: "enc" }, null],
    'enc\\u0007: it is for encryption ("use": "enc"); key 2: it is no object',
  ],
  [[{ kty: "RSA", kid: {}, use: "signature" }], 'key 1: its "use" is not "sig"'],
])("a set by which nothing can be verified says why: %j", async (keys, words) => {
  await writeFile(join(folder, "jwks.json"), JSON.stringify({ keys }));
  const reading = readVerifyingJwks({ cwd: folder, env: {} } as never, "jwks.json", {});
  await expect(reading).rejects.toMatchObject({
    code: "invalid_key",
    message: `jwks.json has no key that verifies signatures: ${words}`,
  });
});
