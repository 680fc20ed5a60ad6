/** What Node, Bun and Deno run: `run.mjs MODULE CASES`, both as URLs of files. Prints what was found as JSON. */
import { readFile } from "node:fs/promises";
import process from "node:process";
import { judge } from "./judge.mjs";

const [module, cases] = process.argv.slice(2);
console.log(JSON.stringify(await judge(await import(module), JSON.parse(await readFile(new URL(cases), "utf8")))));
