/** The API's document is valid OpenAPI, and what a fuzzer makes of it gets no answer that the document does not tell of. */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { withServed } from "./served.mjs";
import { pythonModule } from "./toolchains.mjs";

const run = promisify(execFile);
const CHECKS = [
  "not_a_server_error",
  "status_code_conformance",
  "content_type_conformance",
  "response_headers_conformance",
  "response_schema_conformance",
  "negative_data_rejection",
  "unsupported_method",
  "ignored_auth",
];

/**
 * @param {ReadonlySet<string>} usable the toolchains that are there
 * @returns {Promise<{ passed: number, failures: string[] }>}
 */
export async function fuzzApi(usable) {
  if (!usable.has("python")) return { passed: 0, failures: [] };
  return withServed([], async ({ url, secret, cwd }) => {
    const document = `${url}/openapi.json`;
    const file = join(cwd, "openapi.json");
    await writeFile(file, await (await fetch(document)).text());
    const secretHeader = ["-H", `Authorization: Bearer ${secret}`];
    const fuzzing = ["--max-examples", "100", "--checks", CHECKS.join(","), "--no-color"];
    const asked = [
      ["the OpenAPI document is valid", pythonModule("openapi_spec_validator", [file])],
      [
        "a fuzzer finds no answer that is not documented",
        pythonModule("schemathesis.cli", ["run", document, ...secretHeader, ...fuzzing]),
      ],
    ];
    const failures = [];
    for (const [what, [command, ...args]] of asked) {
      const said = await run(command, args, { cwd, maxBuffer: 1 << 26 }).then(
        () => undefined,
        (error) => `${error.stdout}${error.stderr}`,
      );
      process.stdout.write(`${said === undefined ? "ok" : "FAIL"}: ${what}\n`);
      if (said !== undefined) failures.push(`${what}:\n${said.slice(-4_000).replaceAll(secret, "SECRET")}`);
    }
    return { passed: asked.length - failures.length, failures };
  });
}
