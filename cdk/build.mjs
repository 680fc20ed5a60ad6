// Takes over Signet's template for a stack that has other things in it as well: without the console's form, of which a stack has one, and
// with each function in a folder of its own, an asset. What checks parameters and callers is what `signet deploy` checks them by.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { longForm } from "../tools/template.mjs";

rmSync(new URL("dist", import.meta.url), { recursive: true, force: true });
const text = readFileSync(fileURLToPath(import.meta.resolve("signet-jwt/template.yaml")), "utf8");
const { Metadata, ...template } = longForm(text);
for (const [name, { Type, Properties }] of Object.entries(template.Resources)) {
  if (Type !== "AWS::Lambda::Function") continue;
  const folder = new URL(`dist/functions/${name}/`, import.meta.url);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL("index.js", folder), Properties.Code.ZipFile);
  Properties.Code = { ZipFile: "// an asset takes its place" };
}
writeFileSync(new URL("dist/template.json", import.meta.url), JSON.stringify(template));

await build({
  absWorkingDir: fileURLToPath(new URL("..", import.meta.url)),
  stdin: {
    contents: `
      export { checkParameter } from "./src/deploy/template.js";
      export { checkCallers, checkTokens } from "./src/operator/stack-change.js";
      export { didYouMean } from "./src/encoding/nearest.js";`,
    resolveDir: fileURLToPath(new URL("..", import.meta.url)),
  },
  outfile: "cdk/dist/checks.js",
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  packages: "external",
  logLevel: "error",
});
