import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** Apart from `npm test`, because it packs, and installs from the registry. */
export default defineConfig({
  root: fileURLToPath(new URL("../../", import.meta.url)),
  test: {
    name: "packaging",
    include: ["test/packaging/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 240_000,
  },
});
