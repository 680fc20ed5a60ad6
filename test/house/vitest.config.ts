import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** Apart from `npm test`: these look at the repository's text, which is the same on every Node; `npm run check` runs them. */
export default defineConfig({
  root: fileURLToPath(new URL("../../", import.meta.url)),
  test: {
    name: "house",
    isolate: false,
    include: ["test/house/**/*.test.ts"],
    globalSetup: ["tools/vitest-build.ts"],
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
