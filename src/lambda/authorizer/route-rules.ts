import { hasScopes, type VerifiedClaims } from "../../verify/claims.js";
import { wrong } from "../shared/settings.js";

/** What routes ask for. */
export interface RouteRules {
  /** Tells whether these claims may use a route, `GET/orders/7`. */
  allow(claims: VerifiedClaims, route: string): boolean;
  /** Tells whether these claims may send whatever an API's route takes: `ANY /orders`, `GET /{proxy+}`, `$default`. */
  allowAll(claims: VerifiedClaims, routeKey: string): boolean;
  /** The statements of a policy that holds for every route: what is neither allowed nor denied by name is denied. */
  statements<T>(
    claims: VerifiedClaims,
    resourceOf: (pattern: string) => string,
    statement: (effect: "Allow" | "Deny", resources: readonly string[]) => T,
  ): readonly T[];
}

interface Rule {
  /** As a policy's resources have it: `GET/orders/*`. */
  readonly patterns: readonly string[];
  readonly scopes: readonly string[];
}

/** One by one: a policy's `*` would reach beyond the method, into the path. */
const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
/** A method and a path, or a WebSocket API's first route. `?` would be a wildcard of a policy's. */
const ROUTE = /^(?:(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|ANY|\*) \/([^\s?$]*)|(\$connect))$/;

/**
 * Reads `{"GET /orders/{id}": "orders:read", "POST /orders": ["orders:write"], "* /health": []}`. A token may use a route that a rule
 * names and whose every rule it satisfies; what no rule names, no token may. `{name}` and `*` stand for anything, slashes too, as in a policy.
 *
 * @returns `undefined` where there are no rules
 * @throws SignetError `config_invalid`
 */
export function routeRules(given: object): RouteRules | undefined {
  const rules = Object.entries(given).map(([route, scopes]) => ruleOf(route, scopes));
  if (rules.length === 0) return undefined;
  return {
    allow(claims, route) {
      const named = rules.filter(({ patterns }) => patterns.some((pattern) => matchesPattern(pattern, route)));
      return named.length > 0 && named.every(({ scopes }) => hasScopes(claims, scopes));
    },
    allowAll(claims, routeKey) {
      const [method = "", path = "/*"] = routeKey === "$default" ? ["ANY"] : routeKey.split(" ");
      return patternsOf(method, path).every((wanted) => {
        const touching = rules.filter(({ patterns }) => patterns.some((pattern) => mayMeet(pattern, wanted)));
        // A star is matched by a star alone: the rule takes all that the route does.
        const isCovered = rules.some(({ patterns }) => patterns.some((pattern) => matchesPattern(pattern, wanted)));
        return isCovered && touching.every(({ scopes }) => hasScopes(claims, scopes));
      });
    },
    statements(claims, resourceOf, statement) {
      const resources = (wanted: boolean) =>
        rules.filter(({ scopes }) => hasScopes(claims, scopes) === wanted).flatMap(({ patterns }) => patterns.map(resourceOf));
      const [allowed, denied] = [resources(true), resources(false)];
      // A policy without a statement is none: where nothing is allowed, something is denied.
      return [
        ...(allowed.length > 0 ? [statement("Allow", allowed)] : []),
        ...(denied.length > 0 ? [statement("Deny", denied)] : []),
      ];
    },
  };
}

function ruleOf(route: string, given: unknown): Rule {
  const found = ROUTE.exec(route);
  if (found === null) throw wrong("SIGNET_ROUTES", 'has a route that is none, such as "GET /orders/{id}" or "* /health"');
  const scopes: unknown = typeof given === "string" ? given.split(" ").filter((each) => each !== "") : given;
  if (!Array.isArray(scopes) || !scopes.every((scope) => typeof scope === "string" && /^\S+$/.test(scope))) {
    throw wrong("SIGNET_ROUTES", "must name scopes for each route: a text, or a list of texts");
  }
  const [, method = "", path = "", connect] = found;
  return { patterns: connect === undefined ? patternsOf(method, `/${path}`) : [connect], scopes };
}

function patternsOf(method: string, path: string): readonly string[] {
  const methods = method === "ANY" || method === "*" ? METHODS : [method];
  return methods.map((each) => each + path.replace(/\{[^}]*\}/g, "*"));
}

/** Tells whether a text may match both of two patterns, by what they begin with: false is certain. */
function mayMeet(one: string, other: string): boolean {
  const [first = "", second = ""] = [one, other].map((each) => each.split("*", 1)[0]);
  return (first.startsWith(second) && (other.includes("*") || one === other)) || (second.startsWith(first) && one.includes("*"));
}

/**
 * Tells whether a text matches a pattern in which `*` stands for anything, also for nothing. What lies between two stars is looked for
 * once, from the left: the first place is as good as any later one, so that nothing is tried again and long paths cost what they are long.
 */
function matchesPattern(pattern: string, text: string): boolean {
  const [first = "", ...parts] = pattern.split("*");
  const last = parts.pop();
  if (last === undefined) return text === first;
  const end = text.length - last.length;
  if (first.length > end || !text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  for (const part of parts) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= end;
}
