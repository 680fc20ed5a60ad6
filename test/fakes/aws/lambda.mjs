/** Lambda, as far as the aliases of a function go (API reference: CreateAlias, DeleteAlias, GetPolicy, ListAliases, Invoke). */
import { Refusal } from "./refusal.mjs";

const ROUTE = /^\/2015-03-31\/functions\/([^/]+)\/aliases(?:\/([^/]+))?$/;
const POLICY = /^\/2015-03-31\/functions\/([^/]+)\/policy$/;
const INVOKE = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/;
const NAME = /^(?!^[0-9]+$)[a-zA-Z0-9-_]{1,128}$/;
const MAX_ITEMS = 50;

export function createLambdaFake({ accountId, region, partition }) {
  /** @type {Map<string, Map<string, object>>} the aliases of each function, by its ARN */
  const functions = new Map();
  /** @type {Map<string, object | string>} the policy of an alias, by its ARN; a text is handed out as it is */
  const policies = new Map();

  function aliasesOf(name) {
    const arn = name.startsWith("arn:") ? name : `arn:${partition}:lambda:${region}:${accountId}:function:${name}`;
    const found = functions.get(arn);
    if (found === undefined) throw new Refusal("ResourceNotFoundException", `Function not found: ${arn}`, 404);
    return { arn, aliases: found };
  }

  function create(name, body) {
    const { aliases, arn } = aliasesOf(name);
    const { Name, FunctionVersion } = JSON.parse(body.toString());
    if (!NAME.test(Name)) throw new Refusal("ValidationException", "1 validation error detected: Value at 'name'");
    if (FunctionVersion !== "$LATEST") throw new Refusal("ResourceNotFoundException", "no such version", 404);
    if (aliases.has(Name)) throw new Refusal("ResourceConflictException", `Alias already exists: ${arn}:${Name}`, 409);
    const made = { AliasArn: `${arn}:${Name}`, Name, FunctionVersion, Description: "" };
    aliases.set(Name, made);
    return { status: 201, body: made };
  }

  function list(name, query) {
    const all = [...aliasesOf(name).aliases.values()];
    const from = Number(query.get("Marker") ?? 0);
    const until = from + Math.min(Number(query.get("MaxItems") ?? MAX_ITEMS), MAX_ITEMS);
    return { status: 200, body: { Aliases: all.slice(from, until), NextMarker: until < all.length ? String(until) : null } };
  }

  function remove(name, alias) {
    aliasesOf(name).aliases.delete(alias);
    return { status: 204, body: undefined };
  }

  // "GetPolicy": a function, version or alias without a policy is not found.
  function policyOf(name, qualifier) {
    const { aliases, arn } = aliasesOf(name);
    const found = policies.get(`${arn}:${qualifier}`);
    if (!aliases.has(qualifier) || found === undefined)
      throw new Refusal("ResourceNotFoundException", "The resource you requested does not exist.", 404);
    const Policy = typeof found === "string" ? found : JSON.stringify(found);
    const body = JSON.stringify({ Policy, RevisionId: "1" });
    return { status: 200, headers: { "content-type": "application/json" }, body };
  }

  /** @type {(arn: string, event: unknown) => Promise<unknown>} */
  let run = async () => null;

  // "Invoke": 200 where the function has thrown as well, with what it has thrown and a header that says so. A dry run finds out whether it
  // may be invoked, and does not invoke it.
  async function invoke(name, alias, body, type = "RequestResponse") {
    const { aliases, arn } = aliasesOf(name);
    const invoked = alias === null ? arn : `${arn}:${alias}`;
    if (alias !== null && !aliases.has(alias))
      throw new Refusal("ResourceNotFoundException", `Function not found: ${invoked}`, 404);
    const headers = { "content-type": "application/json" };
    if (type === "DryRun") return { status: 204, headers, body: "" };
    if (type !== "RequestResponse") throw new Refusal("InvalidParameterValueException", `invocation type ${type}`);
    try {
      return { status: 200, headers, body: JSON.stringify(await run(invoked, JSON.parse(body.toString()))) };
    } catch (error) {
      // As AWS's runtime client makes it (aws-lambda-ric, `toRapidResponse`).
      const thrown = { errorType: error.name, errorMessage: error.message, trace: error.stack.split("\n") };
      return { status: 200, headers: { ...headers, "x-amz-function-error": "Unhandled" }, body: JSON.stringify(thrown) };
    }
  }

  return {
    state: functions,
    policies,
    /** Says what functions do when they are invoked. */
    runs(work) {
      run = work;
    },
    /** Whether a path is one of Lambda's. */
    isRoute: (path) => path.startsWith("/2015-03-31/"),
    route({ method, path, query, body, headers }) {
      const invoked = INVOKE.exec(path)?.[1];
      if (invoked !== undefined && method === "POST") {
        const name = decodeURIComponent(invoked);
        const alias = query.get("Qualifier");
        const resource = alias === null ? name : `${name}:${alias}`;
        return {
          action: "InvokeFunction",
          resource,
          answer: () => invoke(name, alias, body, headers["x-amz-invocation-type"]),
        };
      }
      const policed = POLICY.exec(path)?.[1];
      if (policed !== undefined && method === "GET") {
        const named = decodeURIComponent(policed);
        const qualifier = query.get("Qualifier");
        return { action: "GetPolicy", resource: `${named}:${qualifier}`, answer: () => policyOf(named, qualifier) };
      }
      const [, name = "", alias] = (ROUTE.exec(path) ?? []).map((part) => part && decodeURIComponent(part));
      const answers = {
        GET: ["ListAliases", () => list(name, query)],
        POST: ["CreateAlias", () => create(name, body)],
        DELETE: ["DeleteAlias", () => remove(name, alias)],
      };
      const found = answers[method];
      if (found === undefined || name === "") throw new Refusal("UnknownOperationException", "", 404);
      const answer = () => {
        const { status, body: told } = found[1]();
        return { status, headers: { "content-type": "application/json" }, body: told === undefined ? "" : JSON.stringify(told) };
      };
      const arn = name.startsWith("arn:") ? name : `arn:${partition}:lambda:${region}:${accountId}:function:${name}`;
      return { action: found[0], resource: arn, answer };
    },
  };
}
