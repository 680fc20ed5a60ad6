/** The verifier for browsers and the edge: how it is built, and how large it is where it arrives. */
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/** What stands in another module's place where there is no Node, or where bytes count. */
const WEB_MODULES = {
  base64url: "encoding/base64url-web.ts",
  "error-status": "verify/web/error-status.ts",
  "json-names": "encoding/json-names-web.ts",
  "judged-fetch": "verify/judged-fetch-web.ts",
};

/**
 * @param {string} root the repository's
 * @returns {import("esbuild").BuildOptions} one file, without anything of Node's
 */
export function webBuild(root) {
  return {
    absWorkingDir: root,
    entryPoints: { "verify/web": "src/verify/web/index.ts" },
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    plugins: [
      {
        name: "what is written for Node, without it",
        setup({ onResolve }) {
          for (const [module, path] of Object.entries(WEB_MODULES)) {
            onResolve({ filter: new RegExp(`/${module}\\.js$`) }, () => ({ path: join(root, "src", path) }));
          }
        },
      },
    ],
    legalComments: "none",
    logLevel: "error",
  };
}

/**
 * What a program carries that imports these names: bundled, minified, and packed as it is sent.
 *
 * @param {string} names
 * @param {string} module
 * @param {string} root where it is looked up
 */
export async function packedBytes(names, module, root) {
  const { outputFiles } = await build({
    stdin: { contents: `export { ${names} } from "${module}";`, resolveDir: root },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    legalComments: "none",
    logLevel: "error",
    write: false,
  });
  return gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).length;
}
