import { describe, expect, test } from "vitest";
import { repositoryFiles, textOf } from "./repository.js";

/** Names that were ours alone: whoever reads the code had to learn them. Each has one that the field knows. */
const RENAMED: readonly (readonly [string, string])[] = [
  ["executor", "manager"],
  ["onPaper", "dryRun"],
  ["rehearse", "simulate"],
  ["foundKeyring", "createKeyring"],
  ["mayFound", "allowCreate"],
  ["toldResult", "publicResult"],
  ["tellable", "toPublicError"],
  ["UNTOLD", "INTERNAL_DETAIL"],
  ["tellExpiry", "setTokensExpireBy"],
  ["tellReport", "printReport"],
  ["bareError", "errorWithoutStack"],
  ["Asker", "AuthorizerSource"],
  ["asker", "source"],
  ["Asking", "ResolvedCaller"],
  ["askedBy", "resolveCaller"],
  ["KeyLender", "KeyAdopter"],
  ["lent", "existing"],
  ["Lent", "ExistingKey"],
  ["HeldKey", "StoredKey"],
  ["parseHeld", "parseStoredKey"],
  ["mustSee", "getOrThrow"],
  ["seenSoon", "pollUntilVisible"],
  ["aliasTaken", "createAliasIfAbsent"],
  ["isGoing", "isPendingDeletion"],
  ["Notes", "RequestLog"],
  ["AwsPlace", "AwsDeps"],
  ["readViewPatiently", "readViewWithRetries"],
];

/** The same for families of names and for words in messages. */
const REPLACED: readonly (readonly [RegExp, string])[] = [
  [/\bbare\(/, "stripBearer()"],
  [/\b(MOST|LONGEST)_[A-Z]/, "MAX_*"],
  [/\b(SHORTEST|LEAST)_[A-Z]/, "MIN_*"],
  [/\bforeign hand\b/, "changed outside Signet"],
  [/\bthat does not fit; it must be\b/, "invalid value; expected"],
  [/\bsays aloud\b/, "disables the check"],
  [/"hm"/, "warn"],
  [/\b(nobody|somebody|whoever|whomever)\b/i, "who it is: a caller, a verifier, a manager, a process, an operator"],
];

/** Logs of earlier versions are read: the names that these have stand in this one file. */
const EARLIER_EVENTS = { names: ["key.promised", "key.intended", "key.expiry-told"], home: "src/rotation/plan/audit-entry.ts" };

function wordFaults(path: string, text: string): string[] {
  const old = RENAMED.filter(([name]) => new RegExp(`\\b${name}\\b`).test(text)).map(
    ([name, then]) => `${path}: ${name} is ${then}`,
  );
  const replaced = REPLACED.filter(([pattern]) => pattern.test(text)).map(
    ([pattern, then]) => `${path}: ${pattern.source} is ${then}`,
  );
  const events = path === EARLIER_EVENTS.home ? [] : EARLIER_EVENTS.names.filter((name) => text.includes(name));
  return [...old, ...replaced, ...events.map((name) => `${path}: ${name} is an event of earlier versions`)];
}

describe("the words of the sources", () => {
  const sources = repositoryFiles("src/*.ts");

  test("are those of the field, none that was given up", () => {
    expect(sources.length).toBeGreaterThan(200);
    expect(sources.flatMap((path) => wordFaults(path, textOf(path)))).toEqual([]);
  });

  test.each([...RENAMED.map(([name]) => name), "MOST_KEYS", "SHORTEST_MS", "nobody", "Whoever", '"hm"', "key.promised"])(
    "are not %s",
    (word) => {
      expect(wordFaults("src/a.ts", `const a = ${word};`)).toHaveLength(1);
    },
  );
});
