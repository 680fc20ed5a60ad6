/**
 * Before each file of tests. Where every cell is played, and in the tests of files themselves, they are read and written through the pool
 * of threads, as always.
 */
import { afterAll, expect } from "vitest";
import { isEvery } from "./matrix.js";
import { quickenFiles, slowFiles } from "./quick-files.mjs";

const isSlow = isEvery || /\/test\/(contracts|files|storage)\//.test(expect.getState().testPath ?? "");
// What a file whose hooks failed has left.
slowFiles();
if (!isSlow) quickenFiles();
afterAll(slowFiles);
