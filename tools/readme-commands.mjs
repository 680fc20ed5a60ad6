/** Prints the commands that README shows first, one a line, for .ci/run. */
import { quickStart, readFromRoot } from "./docs.mjs";

const commands = quickStart(readFromRoot("README.md"));
if (commands.length === 0) throw new Error("README.md shows no commands in its first code block");
process.stdout.write(`${commands.join("\n")}\n`);
