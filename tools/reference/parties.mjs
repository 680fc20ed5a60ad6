import { code, table, WRITTEN } from "./pages.mjs";

/**
 * @typedef {{ basis: string, source: string, checked: string }} Rule
 * @typedef {{ name: string, value: string, rule: Rule }} RuleInWords
 * @typedef {{ id: string, name: string, kind: string, note?: string }} Party
 * @typedef {{ command: string, chosen: readonly string[] }} SetUp
 */

/** @type {Readonly<Record<string, string>>} */
const KINDS = {
  verifier: "It checks the tokens that it is shown.",
  library: "A library: a program checks tokens with it, and gives it keys, issuer and audience.",
  federation: "A federation: it gives a token of its own for one of ours.",
  "self-signed": "Self-signed: its user signs a token with a key that it knows.",
};

/**
 * docs/relying-parties.md: each party of the table, each rule of it, and where that comes from.
 *
 * @param {readonly any[]} parties
 * @param {(party: any) => readonly RuleInWords[]} rulesInWords
 * @param {(party: any) => SetUp} setUpInWords
 */
export function partiesPage(parties, rulesInWords, setUpInWords) {
  const contents = parties.map(({ id, name, kind }) => [`[${code(id)}](#${id})`, name, kind]);
  return `# Relying parties: who takes the tokens

${WRITTEN}

What each party demands of a token, of its key and of its issuer, with the page that says so and the day on which it was looked at. Signet's
table of them is \`src/relying-parties/\`; \`signet doctor URL --for NAME --token -\` holds an issuer and a token against it.
[Recipes](recipes/README.md) lead to a first answer of some of them.

\`signet init --for NAME[,NAME...]\` makes an issuer whose tokens all of these take: it chooses algorithm, life, claims and rotation by their
rules, writes the names into \`for\` of \`signet.json\`, and shows each choice with the rule that decided it. Two that exclude each other are named, with the
rule of each. What only you know has a flag, and is asked for on a terminal. What it chooses for each party alone stands at the party.

| basis | means |
|---|---|
| documented | the vendor says it |
| observed | a measurement shows it, or the vendor's own source |
| assumed | neither was found: it was concluded |
| ? | it was looked for at that source, and not found: there may be such a rule, or none. Nothing is judged by it |

"none" as a value is knowledge: there is no such rule. Nobody but the vendor can promise that a rule stays; each has its date.

${table(["name", "party", "kind"], contents)}

${parties.map((party) => sectionOf(party, rulesInWords(party), setUpInWords(party))).join("\n\n")}
`;
}

/** @param {Party} party @param {readonly RuleInWords[]} rules @param {SetUp} setUp */
function sectionOf({ id, name, kind, note }, rules, { command, chosen }) {
  const known = rules.filter(({ value }) => value !== "?");
  const rows = known.map(({ name: rule, value, rule: { basis, source, checked } }) => [
    rule,
    plain(value),
    basis,
    sourceText(source, checked),
  ]);
  const words = [`${name}. ${KINDS[kind]}`, ...(note === undefined ? [] : [`Note: ${plain(note)}.`])];
  const setUp = `${code(command)} chooses: ${chosen.map(code).join("; ")}.`;
  return `## ${id}\n\n${words.join(" ")}\n\n${setUp}\n\n${table(["rule", "value", "basis", "source and date"], [...rows, ...notKnown(rules)])}`;
}

/** Those that are not known, a line for each place where they were looked for. @param {readonly RuleInWords[]} rules */
function notKnown(rules) {
  /** @type {Map<string, string[]>} */
  const bySource = new Map();
  for (const { name, value, rule } of rules) {
    if (value !== "?") continue;
    const source = sourceText(rule.source, rule.checked);
    bySource.set(source, [...(bySource.get(source) ?? []), name]);
  }
  return [...bySource].map(([source, names]) => [names.join("; "), "?", "?", source]);
}

/** @param {string} source @param {string} checked */
function sourceText(source, checked) {
  if (source.startsWith("docs/")) return `[${source}](${source.slice("docs/".length)}), ${checked}`;
  if (!source.startsWith("https:")) return `${code(source)}, ${checked}`;
  return `[${new URL(source).hostname}](${source}), ${checked}`;
}

/** Text in which a star is no markup. @param {string} text */
function plain(text) {
  return text.replaceAll("*", "\\*").replaceAll("<", "&lt;");
}
