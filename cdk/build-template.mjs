// Takes over Signet's template for a stack that has other things in it as well: without the console's form, of which a stack has one,
// and without the rules for parameters, which the construct's props check.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const text = readFileSync(fileURLToPath(import.meta.resolve("signet-jwt/template.yaml")), "utf8");
const without = (name, from) => from.replace(new RegExp(`\n${name}:\n(?: .*\n|\n)+`), "\n");
writeFileSync(new URL("dist/template.yaml", import.meta.url), without("Rules", without("Metadata", text)));
