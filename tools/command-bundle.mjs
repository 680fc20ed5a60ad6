/**
 * Bundles the command. Each command is a chunk of its own, loaded when it is asked for; what `signet issue` needs is one file with the
 * command line, because Node takes longer to find forty small modules than to run them. The package that every start needs is in it
 * too, with its licence beside it.
 */
import { readFile, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { build } from "esbuild";

const ENTRY = "src/cli/main.ts";
const HOT = "src/cli/commands/issue.ts";
const INCLUDED = ["commander"];

/**
 * @param {import("esbuild").BuildOptions} common what all bundles have in common
 * @param {string} root the repository
 * @param {string} outdir the directory that becomes dist/
 */
export async function bundleCommand(common, root, outdir) {
  const { dependencies } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const external = Object.keys(dependencies).filter((name) => !INCLUDED.includes(name));
  const options = { ...common, external, minifyWhitespace: true, minifySyntax: true };
  const folder = join(outdir, "cli");
  const { metafile } = await build({
    ...options,
    entryPoints: { main: ENTRY },
    outdir: folder,
    splitting: true,
    chunkNames: "[name]-[hash]",
    metafile: true,
  });
  await joinHot(options, folder, hotChunks(metafile, root, folder));
  await writeFile(join(folder, "LICENSES.txt"), await licences(root));
}

/**
 * Node's own modules, without their ESM face: to make it, Node looks at every export, and thereby loads streams with node:fs, the Web
 * Cryptography API with node:crypto and workers with node:util. esbuild copies what a module owns for the same reason: this owns nothing.
 */
const builtins = {
  name: "node's own modules",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === "import-statement" ? { path, namespace: "builtin" } : undefined,
    );
    onLoad({ filter: /.*/, namespace: "builtin" }, ({ path }) => ({
      contents: `module.exports = Object.create(process.getBuiltinModule(${JSON.stringify(path)}))`,
    }));
  },
};

/** What Commander, which is CommonJS, asks for Node's modules with. What starts programs loads sockets as well, and waits until it does. */
const REQUIRE = `const require = (name) => name === "node:child_process"
  ? { spawn: (...given) => process.getBuiltinModule(name).spawn(...given) }
  : process.getBuiltinModule(name);`;

/** The chunks that the command line and `issue` load whatever happens, with the names that each exports. */
function hotChunks({ outputs }, root, folder) {
  const hot = new Map();
  const add = (path) => {
    if (hot.has(path)) return;
    hot.set(path, outputs[path].exports);
    for (const { path: next, kind, external } of outputs[path].imports) {
      if (kind === "import-statement" && external !== true) add(next);
    }
  };
  for (const [path, { entryPoint }] of Object.entries(outputs)) if (entryPoint === ENTRY || entryPoint === HOT) add(path);
  return [...hot].map(([path, names]) => ({ file: relative(folder, join(root, path)), names }));
}

/** Joins chunks into main.js. Each goes on under its own name, for those that import it: it hands on what main.js has of it. */
async function joinHot(options, folder, chunks) {
  const others = chunks.filter(({ file }) => file !== "main.js");
  const alias = (index, name) => `_${index}_${name}`;
  const lines = others.map(({ file, names }, index) => {
    return `export{${names.map((name) => `${name} as ${alias(index, name)}`)}}from"./${file}";`;
  });
  const files = new Set(chunks.map(({ file }) => `./${file}`));
  await build({
    ...options,
    stdin: { contents: `export{main}from"./main.js";${lines.join("")}`, resolveDir: folder },
    outfile: join(folder, "main.js"),
    allowOverwrite: true,
    banner: { js: REQUIRE },
    // What is loaded late stays where it is, the hot command among it.
    plugins: [
      builtins,
      {
        name: "late chunks",
        setup({ onResolve }) {
          onResolve({ filter: /^\.\// }, ({ path, kind }) => {
            return kind === "dynamic-import" || !files.has(path) ? { path, external: true } : undefined;
          });
        },
      },
    ],
  });
  const handOn = others.map(({ file, names }, index) => {
    if (names.length === 0) return rm(join(folder, file));
    return writeFile(join(folder, file), `export{${names.map((name) => `${alias(index, name)} as ${name}`)}}from"./main.js";\n`);
  });
  await Promise.all(handOn);
}

async function licences(root) {
  const texts = INCLUDED.map(async (name) => {
    const folder = join(root, "node_modules", name);
    const { version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    const licence = await readFile(join(folder, "LICENSE"), "utf8").catch(() => readFile(join(folder, "LICENSE.md"), "utf8"));
    return `${name} ${version}\n\n${licence.trim()}\n`;
  });
  return `The command includes these packages.\n\n${(await Promise.all(texts)).join("\n---\n\n")}`;
}
