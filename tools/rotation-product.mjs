import { fileURLToPath } from "node:url";

/** What each process of the world on a disk runs: the product in one script, with Node's modules from outside. */
export const PRODUCT = /** @satisfies {import("esbuild").BuildOptions} */ ({
  entryPoints: [fileURLToPath(new URL("../test/rotation/disk/product.ts", import.meta.url))],
  bundle: true,
  platform: "node",
  format: "cjs",
  target: "node20",
  supported: { "dynamic-import": false },
  logLevel: "warning",
});
