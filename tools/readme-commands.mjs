/**
 * Prints the commands that README shows, one a line, for .ci/run.
 *
 *   node tools/readme-commands.mjs             those of its first block
 *   node tools/readme-commands.mjs --sessions  those of the sessions that follow, to be typed one after the other where `npm start` was
 */
import { codeBlocks, quickStart, readFromRoot } from "./docs.mjs";

const readme = readFromRoot("README.md");
const sessions = codeBlocks(readme)
  .slice(1)
  .filter(({ language, from }) => language === "console" && from !== undefined)
  .flatMap(({ text }) => text.split("\n"))
  .filter((line) => line.startsWith("$ ") && !line.startsWith("$ npm "))
  .map((line) => line.slice(2));
const commands = process.argv.includes("--sessions") ? sessions : quickStart(readme);
if (commands.length === 0) throw new Error("README.md shows no such commands");
process.stdout.write(`${commands.join("\n")}\n`);
