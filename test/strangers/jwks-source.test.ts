import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readJwks } from "../../src/operator/jwks-source.js";

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
