import { describe, expect, test } from "vitest";
import { repositoryFiles, textOf } from "./repository.js";

/** Whoever opens a file by its name alone hangs on a named pipe, and believes what another user has put there. */
const OPENS =
  /import \{[^}]*\b(readFile|readFileSync|createReadStream|open|openSync|writeFile|writeFileSync|rename)\b[^}]*\} from "node:fs/;

/** The text of the package itself; AWS's profiles; the log, which is opened once it was read. */
const ALLOWED = [
  // What AWS's own tools write, as every program of the same user reads it.
  "src/aws/shared-config.ts",
  "src/console/page-files.ts",
  "src/deploy/template.ts",
  // The kernel's word on an open pipe.
  "src/server/log-destination.ts",
  "src/storage/file/audit-store.ts",
];

describe("files are opened in src/files/ alone", () => {
  const others = repositoryFiles("src/*.ts", "src/*.tsx").filter((path) => !path.startsWith("src/files/"));

  test("so that one place judges who could have written them", () => {
    expect(others.filter((path) => OPENS.test(textOf(path)))).toStrictEqual(ALLOWED.toSorted());
  });

  test("and the rule sees what it is made for", () => {
    expect(OPENS.test('import { lstat, readFile } from "node:fs/promises";')).toBe(true);
    expect(OPENS.test('import { stat } from "node:fs";')).toBe(false);
  });
});
