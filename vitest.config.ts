import { defineConfig } from "vitest/config";

/** What needs dist/: it is built once, when a source is newer, before the first of these files runs. */
const needsBuild = ["test/cli/**/*.test.ts", "test/house/transcripts.test.ts"];

export default defineConfig({
  test: {
    coverage: { provider: "v8", include: ["src/**/*.ts"], reporter: ["text", "json-summary"] },
    projects: [
      {
        test: {
          name: "source",
          include: ["test/**/*.test.ts"],
          exclude: [...needsBuild, "test/packaging/**", "test/witnesses/**"],
        },
      },
      {
        test: {
          name: "built",
          include: needsBuild,
          globalSetup: ["tools/vitest-build.ts"],
          testTimeout: 20_000,
        },
      },
    ],
  },
});
