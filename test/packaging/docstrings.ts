import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The example in the docstring of a function that the package exports. */
export interface DocstringExample {
  /** Where it is imported from, and its name: `signet-jwt/verify createVerifier`. */
  readonly name: string;
  /** `undefined` where the docstring has none. */
  readonly code: string | undefined;
  /** What it prints: what stands in the remarks behind its `console.log(...);`. */
  readonly prints: string;
}

/** The examples of every function that an installed package exports, as its declarations show them. */
export function docstringExamples(installed: string): DocstringExample[] {
  const { name: own, exports } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as {
    name: string;
    exports: Record<string, { types?: string }>;
  };
  return Object.entries(exports).flatMap(([subpath, { types }]) => {
    if (types === undefined) return [];
    return [...functionsOf(join(installed, types))].map(([name, docstring]) => ({
      name: `${own}${subpath.slice(1)} ${name}`,
      ...exampleIn(docstring),
    }));
  });
}

/** The functions that a declaration file declares or hands on, with their docstrings. */
function functionsOf(path: string): Map<string, string> {
  const text = readFileSync(path, "utf8");
  const found = new Map<string, string>();
  for (const [, docstring = "", name = ""] of text.matchAll(/(\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n)?export declare function (\w+)/g)) {
    // Of overloads the first one says what all of them do.
    if (!found.has(name)) found.set(name, docstring);
  }
  for (const [, names = "", module = ""] of text.matchAll(/^export \{([^}]*)\} from "(.+)\.js";$/gm)) {
    const declared = functionsOf(join(dirname(path), `${module}.d.ts`));
    for (const name of names.split(",").map((each) => each.trim())) {
      const docstring = declared.get(name);
      if (docstring !== undefined) found.set(name, docstring);
    }
  }
  return found;
}

function exampleIn(docstring: string): Pick<DocstringExample, "code" | "prints"> {
  const lines = docstring.split("\n").map((line) => line.replace(/^ \* ?/, ""));
  const code = /^```ts\n([\s\S]*?)^```$/m.exec(lines.join("\n"))?.[1];
  const prints = [...(code ?? "").matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, printed]) => `${printed}\n`);
  return { code, prints: prints.join("") };
}
