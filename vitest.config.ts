import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** A file that receives the results as JSON besides, where it is named: `.ci/run` counts those of README's command. */
const results = process.env.TEST_RESULTS;

export default defineConfig({
  test: {
    reporters: results === undefined ? ["default"] : ["default", ["json", { outputFile: results }]],
    // Many tests wait for other processes, so there is work for one worker more than there are cores.
    maxWorkers: availableParallelism() + 1,
    // A worker runs file after file, which saves importing the product for each: a test puts back what it changes. All files are of one
    // project: two would run one after the other, read each source twice, and leave those that wait without those that compute.
    isolate: false,
    include: ["test/**/*.test.ts"],
    exclude: ["test/house/**", "test/packaging/**", "test/witnesses/**"],
    globalSetup: ["tools/vitest-build.ts"],
    setupFiles: ["test/contracts/quick.ts"],
    // Only for what hangs: a machine that does something else at the same time must not fail a test.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // What vite makes of a source is kept by its content in node_modules: the next run, on whichever Node, does not make it again.
    experimental: { fsModuleCache: true },
    coverage: { provider: "v8", include: ["src/**/*.ts"], reporter: ["text", "json-summary"] },
  },
});
