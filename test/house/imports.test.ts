import { describe, expect, test } from "vitest";
import { drawnHouse, folderCycle, heldFor, importFaults, importsOf, placeOf } from "./import-rules.js";
import { repositoryFiles, textOf } from "./repository.js";

const real = new Map(repositoryFiles("src/*.ts", "src/*.tsx").map((path) => [path, textOf(path)]));

function sources(files: Record<string, string>): Map<string, string> {
  return new Map(Object.entries(files));
}

describe("the sources of Signet", () => {
  test("are all seen", () => {
    expect(real.size).toBeGreaterThan(20);
    expect([...real.keys()]).toContain("src/errors.ts");
  });

  test("import only what the house allows", () => {
    expect(importFaults(real)).toEqual([]);
  });

  test("have no cycle between folders", () => {
    expect(folderCycle(real)).toBeUndefined();
  });
});

describe("the house that ARCHITECTURE.md draws", () => {
  const drawn = drawnHouse(textOf("ARCHITECTURE.md"));

  test("has every room that the sources have", () => {
    const rooms = new Set([...real.keys()].flatMap((path) => [placeOf(path), placeOf(path).split("/")[0] ?? ""]));
    rooms.delete("index");
    expect([...drawn.keys()].sort()).toEqual([...rooms].sort());
  });

  test.each([...drawn].filter(([, allowed]) => allowed[0] !== "any"))("lets %s import no more than is held", (room, allowed) => {
    const [folder] = room.split("/");
    const isDrawn = (name: string) => drawn.has(name) || drawn.has(`${folder}/${name}`);
    const existing = heldFor(room).filter((name) => isDrawn(name.replace(/[ /].*/, "")));
    expect([...allowed].sort()).toEqual(existing.sort());
  });
});

describe("the house refuses", () => {
  const refused: [string, string, string][] = [
    ["a folder that stands after it", "src/keyring/a.ts", 'import { x } from "../issue/create-issuer.js";'],
    ["a custodian from an issuer", "src/issue/a.ts", 'import { x } from "../custody/file/open.js";'],
    ["a value where only types may pass", "src/verify/a.ts", 'import { x } from "../keyring/record.js";'],
    ["an inline type, which still loads the module", "src/verify/a.ts", 'import { type X } from "../keyring/record.js";'],
    ["a value handed on from a types-only folder", "src/verify/a.ts", 'export { x } from "../keyring/record.js";'],
    ["everything handed on from a types-only folder", "src/verify/a.ts", 'export * from "../keyring/record.js";'],
    ["a late import", "src/algorithms/a.ts", 'await import("../aws/transport.js");'],
    ["a type named in place", "src/algorithms/a.ts", 'export type X = import("../aws/transport.js").X;'],
    ["a sibling custodian", "src/custody/kms/a.ts", 'import { x } from "../file/seal.js";'],
    ["a custodian from the contract", "src/custody/contract.ts", 'import type { X } from "./file/seal.js";'],
    ["the lambda folder from the command", "src/cli/commands/a.ts", 'import { x } from "../../lambda/issuer/issuer.js";'],
    ["anything from the errors", "src/errors.ts", 'import { x } from "./encoding/base64url.js";'],
    ["jose outside file custody", "src/verify/a.ts", 'import { jwtVerify } from "jose";'],
    ["a package's types outside its place", "src/issue/a.ts", 'import type { X } from "pino";'],
    ["a package that the table does not name", "src/cli/a.ts", 'import x from "left-pad/deep.js";'],
    ["a builtin without its prefix", "src/cli/a.ts", 'import fs from "fs";'],
    ["a room above its own", "src/rotation/plan/a.ts", 'import type { X } from "../session/session.js";'],
    ["a file beside its rooms from one of them", "src/rotation/steps/a.ts", 'import { run } from "../run.js";'],
    ["another function of Lambda", "src/lambda/issuer/a.ts", 'import { x } from "../key-manager/request.js";'],
    ["what its folder may, but its room may not", "src/lambda/issuer/a.ts", 'import { x } from "../../rotation/run.js";'],
    ["a value where only types may pass into a room", "src/rotation/plan/a.ts", 'import { x } from "../../algorithms/jwk.js";'],
    ["a file in no room of a folder that has some", "src/lambda/router/a.ts", ""],
    ["a file in no folder of the house", "src/utils/a.ts", ""],
  ];

  test.each(refused)("%s", (_, path, source) => {
    expect(importFaults(sources({ [path]: source }))).toEqual([expect.stringContaining(path)]);
  });

  test("a cycle between folders, which it names in order", () => {
    const cycle = folderCycle(
      sources({
        "src/issue/a.ts": 'import type { X } from "../keyring/b.js";',
        "src/keyring/b.ts": 'import { x } from "../algorithms/c.js";',
        "src/algorithms/c.ts": 'export * from "../issue/a.js";',
      }),
    );
    expect(cycle).toEqual(["issue", "keyring", "algorithms", "issue"]);
  });

  test("a cycle between rooms, which it names in order", () => {
    const cycle = folderCycle(
      sources({
        "src/rotation/plan/a.ts": 'import type { X } from "../session/b.js";',
        "src/rotation/session/b.ts": 'import { x } from "../plan/a.js";',
      }),
    );
    expect(cycle).toEqual(["rotation/plan", "rotation/session", "rotation/plan"]);
  });

  test("an import whose target is computed", () => {
    expect(() => importsOf("src/cli/a.ts", "await import(name);")).toThrow("computed import");
  });
});

describe("the house allows", () => {
  const allowed: [string, string, string][] = [
    ["the rooms below to a file beside them", "src/rotation/a.ts", 'import { x } from "./steps/b.js"; import "./plan/c.js";'],
    ["a room below its own", "src/rotation/steps/a.ts", 'import { x } from "../plan/b.js"; import "../session/c.js";'],
    ["the errors and the encodings to all", "src/aws/a.ts", 'import "../errors.js"; import "../encoding/base64url.js";'],
    ["types where it says types", "src/verify/a.ts", 'import type { X } from "../keyring/record.js";'],
    ["the custody contract to an issuer", "src/issue/a.ts", 'import type { X } from "../custody/contract.js";'],
    ["a custodian its own folder and the contract", "src/custody/file/a.ts", 'import "./b.js"; import "../contract.js";'],
    ["a package in its place", "src/custody/file/a.ts", 'import { CompactEncrypt } from "jose";'],
    ["builtins", "src/algorithms/a.ts", 'import { sign } from "node:crypto";'],
  ];

  test.each(allowed)("%s", (_, path, source) => {
    expect(importFaults(sources({ [path]: source }))).toEqual([]);
  });
});
