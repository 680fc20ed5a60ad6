import type { JudgedCaller, NamedRule } from "./judge-callers.js";
import { isSameIssuer } from "./rules.js";

/** A rule of an exchange whose subjects may get the names of another issuer's. */
export interface MixedSubjects {
  readonly caller: string;
  readonly rule: string;
  /** Its prefix; empty where it has none. */
  readonly prefix: string;
  /** The rule for another issuer whose prefix begins so; absent where there is none, and its own end alone is wrong. */
  readonly otherRule?: string;
}

/**
 * Finds exchanges of one caller by which the subjects of two issuers can have one name: the tokens that come of it do not tell them apart. Our own
 * subjects have no prefix, and are not looked at.
 *
 * @param issuer the URL of the issuer whose callers these are
 * @param caller only those of this one
 */
export function findMixedSubjects(
  callers: readonly JudgedCaller[],
  issuer: string | undefined,
  caller?: string,
): readonly MixedSubjects[] {
  const asked = callers.filter(({ name }) => caller === undefined || name === caller);
  return asked.flatMap(({ name, exchanges }) => {
    const foreign = exchanges.filter((rule) => !isSameIssuer(rule.issuer, issuer));
    return foreign.flatMap((rule): MixedSubjects[] => {
      const prefix = prefixOf(rule);
      const other = foreign.find((each) => each.issuer !== rule.issuer && prefixOf(each).startsWith(prefix));
      const found = { caller: name, rule: rule.name, prefix };
      if (other !== undefined) return [{ ...found, otherRule: other.name }];
      // Of one issuer alone no prefix is needed: what is before a subject then only has to be told from it.
      return prefix === "" || /[/:]$/.test(prefix) ? [] : [found];
    });
  });
}

function prefixOf({ subjectPrefix = "" }: NamedRule): string {
  return subjectPrefix;
}
