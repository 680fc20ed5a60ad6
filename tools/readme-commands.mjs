/** Prints the lines of README's first code block but the one that clones: CI runs them in a clone of its own. */
import { codeBlocks, readFromRoot } from "./docs.mjs";

const commands = (codeBlocks(readFromRoot("README.md"))[0]?.text ?? "")
  .split("\n")
  .map((line) => line.replace(/\s+#\s.*$/, ""))
  .filter((line) => line.trim() !== "" && !/^(git clone|cd) /.test(line));

if (commands.length === 0) throw new Error("README.md shows no commands in its first code block");
process.stdout.write(`${commands.join("\n")}\n`);
