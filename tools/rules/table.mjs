/** The table of the rules in docs/rotation.md, between two marks that the page holds. */
const BEGIN = "<!-- written by npm run proof:rules -- --write -->";
const END = "<!-- end of what is written -->";
const WORLDS = ["files and services", "AWS"];

/** @typedef {{ played: number, broken: number }} Random */
/** @typedef {{ rule: string, breaks: string, aimed: { name: string }[], random: Record<string, Random> }} Row */

/** @param {Row[]} rows */
export function tableOf(rows) {
  const head = ["rule", "without it", "shown where", ...WORLDS.map((world) => `at random in ${world}`)];
  const lines = rows.map(({ rule, breaks, aimed, random }) => {
    const counts = WORLDS.map((world) => (random[world] ? `${random[world].broken} of ${random[world].played}` : ""));
    return [rule, breaks, aimed.map(({ name }) => name).join("; "), ...counts];
  });
  return [head, head.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** @param {string} page */
export function rowsIn(page) {
  const [, written = ""] = page.split(BEGIN);
  const lines = written.split(END)[0].trim().split("\n").slice(2);
  return lines.map((line) => {
    const [, rule, breaks, shown] = line.split("|").map((cell) => cell.trim());
    return { rule, breaks, shown };
  });
}

/** @param {string} page @param {string} table */
export function withTable(page, table) {
  const [before, after] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (before < 0 || after < before) throw new Error("docs/rotation.md has no place for the table of rules");
  return `${page.slice(0, before + BEGIN.length)}\n${table}\n${page.slice(after)}`;
}
