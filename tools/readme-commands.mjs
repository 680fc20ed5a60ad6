/**
 * Prints the commands that README and the pages of the first steps show, one a line, for .ci/run.
 *
 *   node tools/readme-commands.mjs             those of README's first block
 *   node tools/readme-commands.mjs --sessions  those of the sessions on the pages, to be typed one after the other where `npm start` was
 */
import { codeBlocks, quickStart, readFromRoot } from "./docs.mjs";

/** In the order in which docs/README.md names them. */
const PAGES_WITH_SESSIONS = ["docs/command-line.md", "docs/server.md"];

/** @param {ReturnType<typeof codeBlocks>[number]} block */
const isSession = ({ language, from }) => language === "console" && from !== undefined;
/** @param {string} page */
const typedOn = (page) =>
  codeBlocks(readFromRoot(page))
    .filter(isSession)
    .flatMap(({ text }) => text.split("\n"))
    .filter((line) => line.startsWith("$ ") && !line.startsWith("$ npm "))
    .map((line) => line.slice(2));
const shown = process.argv.includes("--sessions")
  ? PAGES_WITH_SESSIONS.map((page) => ({ page, commands: typedOn(page) }))
  : [{ page: "README.md", commands: quickStart(readFromRoot("README.md")) }];
for (const { page, commands } of shown) {
  if (commands.length === 0) throw new Error(`${page} shows no such commands`);
  process.stdout.write(`${commands.join("\n")}\n`);
}
