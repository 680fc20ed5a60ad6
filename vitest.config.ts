import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** A worker runs file after file, which saves importing the product for each: a test puts back what it changes. */
const isolate = false;

/** What needs dist/: it is built once, when a source is newer, before the first of these files runs. */
const needsBuild = ["test/cli/**/*.test.ts", "test/deploy/**/*.test.ts", "test/custody/registry.test.ts"];

/** Only for what hangs: a machine that does something else at the same time must not fail a test. */
const bounds = { testTimeout: 180_000, hookTimeout: 180_000 };

export default defineConfig({
  test: {
    // Many tests wait for other processes, so there is work for one worker more than there are cores.
    maxWorkers: availableParallelism() + 1,
    coverage: { provider: "v8", include: ["src/**/*.ts"], reporter: ["text", "json-summary"] },
    projects: [
      {
        test: {
          name: "source",
          isolate,
          ...bounds,
          include: ["test/**/*.test.ts"],
          exclude: [...needsBuild, "test/house/**", "test/packaging/**", "test/witnesses/**"],
        },
      },
      {
        test: {
          name: "built",
          isolate,
          include: needsBuild,
          globalSetup: ["tools/vitest-build.ts"],
          ...bounds,
        },
      },
    ],
  },
});
