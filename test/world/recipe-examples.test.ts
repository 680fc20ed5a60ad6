import { generateKeyPairSync } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { JWTPayload } from "jose";
import { describe, expect, it } from "vitest";
import { readTokens } from "../../src/settings/tokens.js";
import { codeBlocks, regionOf } from "../../tools/docs.mjs";
import { parametersIn } from "../../tools/template.mjs";
import { KEYS_HANDED_OUT, recorded } from "../../tools/transcripts.mjs";
import { isEvery, some } from "../contracts/matrix.js";
import {
  type Answer,
  type Answers,
  type Asked,
  bearerOf,
  createOtherSide,
  example,
  expectBearer,
  hasTool,
  hasTools,
  type Keys,
  Refusal,
  type Shell,
  signedClaims,
} from "./other-side.js";

/**
 * The files of docs/recipes/ as readers paste them, byte for byte. One server plays AWS, Google, Microsoft, Anthropic, OpenAI, GitHub, Snowflake
 * and Apple as their documentation says; it knows an issuer by its public keys alone.
 */
const root = fileURLToPath(new URL("../../", import.meta.url));
const otherSide = createOtherSide();

const ISSUER = "https://issuer.example";
const SUBJECT = "nightly-job";
const THEIRS = "what-they-give";

async function keysOf(shell: Shell): Promise<Keys> {
  return JSON.parse(await shell.done("signet jwks"));
}

/** As a federation judges: signature, issuer, audience, subject, and the claims that each of them needs. */
async function federated(token: unknown, keys: Keys, wanted: { readonly aud: string; readonly sub?: string }): Promise<void> {
  const { iss, aud, sub, iat, exp } = await signedClaims(token, keys, ["RS256", "ES256"]);
  if (iss !== ISSUER || aud !== wanted.aud || sub !== (wanted.sub ?? SUBJECT)) throw new Refusal("invalid_grant");
  if (iat === undefined || exp === undefined || iat > Date.now() / 1_000) throw new Refusal("invalid_times");
}

const issuerLine = async (region: string) => regionOf(await example("issuer.sh"), region);
/** What stands behind `$ ` in a session, as a reader would type it who has installed the command. */
const sessionLines = (name: string) =>
  recorded(name)
    .split("\n")
    .filter((line) => line.startsWith("$ "))
    .map((line) => line.slice(2).replaceAll("./bin/signet", "signet"));

interface Federation {
  readonly name: string;
  /** Makes the issuer, and a token. */
  readonly begin: () => Promise<readonly [init: string, token: string]>;
  readonly setUp?: string;
  readonly exchange: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly answersFor: (keys: Keys) => Answers;
  /** What is asked in the end. */
  readonly last: string;
}

const POOL = "projects/123456789012/locations/global/workloadIdentityPools/signet/providers/signet";

function anthropicAnswers(keys: Keys): Answers {
  const organizations = "POST api.anthropic.com/v1/organizations";
  let rule: { match: { subject_prefix: string; audience: string } } | undefined;
  const made = (id: string, members: readonly string[]): Answer => {
    return (request) => {
      expectBearer(request, "admin");
      expect(request.headers["anthropic-version"]).toBe("2023-06-01");
      expect(Object.keys(request.json)).toStrictEqual(members);
      if (id === "fdrl_1") rule = request.json as never;
      return { id };
    };
  };
  return {
    [`${organizations}/service_accounts`]: made("svac_1", ["name", "organization_role"]),
    [`${organizations}/federation_issuers`]: made("fdis_1", ["name", "issuer_url", "jwks", "max_jwt_lifetime_seconds"]),
    [`${organizations}/federation_rules`]: made("fdrl_1", [
      ...["name", "issuer_id", "match", "target", "workspace_id", "oauth_scope", "token_lifetime_seconds"],
    ]),
    async "POST api.anthropic.com/v1/oauth/token"({ json }) {
      expect(json).toStrictEqual({
        grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
        assertion: expect.any(String),
        federation_rule_id: "fdrl_1",
        organization_id: "org",
        service_account_id: "svac_1",
        workspace_id: "wrkspc_1",
      });
      const { audience = "", subject_prefix: sub = "" } = rule?.match ?? {};
      await federated(json.assertion, keys, { aud: audience, sub });
      return { access_token: THEIRS, token_type: "Bearer", expires_in: 600, scope: "workspace:inference" };
    },
    "GET api.anthropic.com/v1/models"(request) {
      expectBearer(request, THEIRS);
      return { data: [] };
    },
  };
}

function openaiAnswers(keys: Keys): Answers {
  const providers = "POST api.openai.com/v1/organization/workload_identity_providers";
  let provider: { issuer: string; audience: string } | undefined;
  let rule: { attribute_matchers: { sub: string } } | undefined;
  return {
    [providers](request) {
      expectBearer(request, "admin");
      expect(Object.keys(request.json)).toStrictEqual(["name", "type", "issuer", "audience", "verification"]);
      provider = request.json as never;
      return { id: "idp_1" };
    },
    [`${providers}/idp_1/federation_rules`](request) {
      expectBearer(request, "admin");
      const members = ["name", "attribute_matchers", "project_id", "service_account_id", "permissions"];
      expect(Object.keys(request.json)).toStrictEqual(members);
      rule = request.json as never;
      return { id: "rule_1" };
    },
    async "POST auth.openai.com/oauth/token"({ json }) {
      expect(json).toStrictEqual({
        grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
        subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
        subject_token: expect.any(String),
        identity_provider_id: "idp_1",
        service_account_id: "sa_1",
      });
      await federated(json.subject_token, keys, { aud: provider?.audience ?? "", sub: rule?.attribute_matchers.sub ?? "" });
      return { access_token: THEIRS, token_type: "Bearer", expires_in: 1_800 };
    },
    "POST api.openai.com/v1/responses"(request) {
      expectBearer(request, THEIRS);
      return { output: [] };
    },
  };
}

const FEDERATIONS: readonly Federation[] = [
  {
    name: "Google Cloud",
    begin: async () => [await issuerLine("google-cloud"), await issuerLine("google-cloud-token")],
    exchange: "google-cloud/exchange.sh",
    answersFor: (keys) => ({
      async "POST sts.googleapis.com/v1/token"({ json, headers }) {
        expect(headers.authorization).toBeUndefined();
        expect(json).toStrictEqual({
          grantType: "urn:ietf:params:oauth:grant-type:token-exchange",
          audience: `//iam.googleapis.com/${POOL}`,
          scope: "https://www.googleapis.com/auth/cloud-platform",
          requestedTokenType: "urn:ietf:params:oauth:token-type:access_token",
          subjectTokenType: "urn:ietf:params:oauth:token-type:jwt",
          subjectToken: expect.any(String),
        });
        await federated(json.subjectToken, keys, { aud: `https://iam.googleapis.com/${POOL}` });
        return { access_token: THEIRS, token_type: "Bearer", expires_in: 600 };
      },
      "GET storage.googleapis.com/storage/v1/b/my-bucket/o"(request) {
        expectBearer(request, THEIRS);
        return { items: [] };
      },
    }),
    last: "GET storage.googleapis.com/storage/v1/b/my-bucket/o",
  },
  {
    name: "Azure",
    begin: async () => [await issuerLine("azure"), await issuerLine("azure-token")],
    exchange: "azure/exchange.sh",
    answersFor: (keys) => ({
      async "POST login.microsoftonline.com/00000000-1111-2222-3333-444444444444/oauth2/v2.0/token"({ form }) {
        const { issuer, subject, audiences } = JSON.parse(await example("azure/credential.json"));
        const { client_assertion: token, ...rest } = Object.fromEntries(form);
        expect(rest).toStrictEqual({
          grant_type: "client_credentials",
          client_id: "55555555-6666-7777-8888-999999999999",
          scope: "https://management.azure.com/.default",
          client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        });
        const { iss, sub, aud } = await signedClaims(token, keys, ["RS256"]);
        if (iss !== issuer || sub !== subject || aud !== audiences[0]) throw new Refusal("AADSTS70021");
        return { token_type: "Bearer", expires_in: 3_599, access_token: THEIRS };
      },
      "GET management.azure.com/subscriptions?api-version=2022-12-01"(request) {
        expectBearer(request, THEIRS);
        return { value: [] };
      },
    }),
    last: "GET management.azure.com/subscriptions?api-version=2022-12-01",
  },
  {
    name: "Anthropic",
    begin: async () => [await issuerLine("anthropic"), await issuerLine("anthropic-token")],
    setUp: "anthropic/set-up.sh",
    exchange: "anthropic/exchange.sh",
    env: { ANTHROPIC_AUTH_TOKEN: "admin", WORKSPACE_ID: "wrkspc_1", ORGANIZATION_ID: "org" },
    answersFor: anthropicAnswers,
    last: "GET api.anthropic.com/v1/models",
  },
  {
    name: "OpenAI",
    begin: async () => [await issuerLine("openai"), await issuerLine("openai-token")],
    setUp: "openai/set-up.sh",
    exchange: "openai/exchange.sh",
    env: { OPENAI_ADMIN_KEY: "admin", PROJECT_ID: "proj_1", ACCOUNT: "sa_1", MODEL: "a-model" },
    answersFor: openaiAnswers,
    last: "POST api.openai.com/v1/responses",
  },
  {
    name: "Snowflake, by federation",
    begin: async () => [await issuerLine("snowflake-federation"), await issuerLine("snowflake-federation-token")],
    exchange: "snowflake/federation.sh",
    answersFor: (keys) => ({
      async "POST myorg-myaccount.snowflakecomputing.com/api/v2/statements"({ headers, json }) {
        expect(headers["x-snowflake-authorization-token-type"]).toBe("WORKLOAD_IDENTITY_FEDERATION");
        const token = headers.authorization?.replace(/^Bearer WIF\.OIDC\./, "");
        await federated(token, keys, { aud: "https://myorg-myaccount.snowflakecomputing.com" });
        return { data: [[json.statement]] };
      },
    }),
    last: "POST myorg-myaccount.snowflakecomputing.com/api/v2/statements",
  },
];

/** What a script has printed as NAME=VALUE. */
function variablesIn(said: string): Readonly<Record<string, string>> {
  return Object.fromEntries([...said.matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]));
}

describe.runIf(hasTools)("a recipe for a federation", () => {
  it.each(some(1, FEDERATIONS))("leads to an answer of $name, and another subject does not", async (federation) => {
    const shell = await otherSide.shell();
    const [init, token] = await federation.begin();
    await shell.done(init);
    otherSide.answersWith(federation.answersFor(await keysOf(shell)));
    const said = federation.setUp === undefined ? "" : await shell.done(await example(federation.setUp), federation.env);
    const env = { ...federation.env, ...variablesIn(said) };
    const exchange = await example(federation.exchange);
    await shell.done(token);
    await shell.done(exchange, env);
    expect(otherSide.wasAsked().at(-1)).toBe(federation.last);
    await shell.done(token.replace(`sub=${SUBJECT}`, "sub=somebody-else"));
    expect(await shell.run(exchange, env)).not.toMatchObject({ code: 0 });
  });
});

/** What the role's policy says of a token's claims. */
async function opensRole(claims: JWTPayload): Promise<boolean> {
  const { Statement } = JSON.parse(await example("aws/trust.json"));
  const [{ Principal, Action, Condition }] = Statement;
  const host = Principal.Federated.split(":oidc-provider/")[1];
  expect([Action, Object.keys(Condition)]).toStrictEqual(["sts:AssumeRoleWithWebIdentity", ["StringEquals"]]);
  const wanted = Object.entries(Condition.StringEquals).map(([name, value]) => [name.replace(`${host}:`, ""), value]);
  return `https://${host}` === claims.iss && wanted.every(([name, value]) => claims[name as string] === value);
}

/** What AWS answers to each action, as far as these scripts read it. */
function awsActions(keys: Keys): Readonly<Record<string, (form: URLSearchParams) => string | Promise<string>>> {
  return {
    CreateOpenIDConnectProvider(form) {
      expect([form.get("Url"), form.get("ClientIDList.member.1")]).toStrictEqual([ISSUER, "sts.amazonaws.com"]);
      return "<OpenIDConnectProviderArn>arn:aws:iam::111122223333:oidc-provider/issuer.example</OpenIDConnectProviderArn>";
    },
    async CreateRole(form) {
      expect(JSON.parse(form.get("AssumeRolePolicyDocument") ?? "")).toStrictEqual(JSON.parse(await example("aws/trust.json")));
      return `<Role><Path>/</Path><RoleName>nightly-job</RoleName><RoleId>A</RoleId><Arn>${ROLE}</Arn></Role>`;
    },
    AttachRolePolicy: () => "",
    async AssumeRoleWithWebIdentity(form) {
      expect(form.get("RoleArn")).toBe(ROLE);
      const claims = await signedClaims(form.get("WebIdentityToken"), keys, ["RS256", "ES256"]);
      if (!(await opensRole(claims)) || claims.iat === undefined) throw new Refusal("AccessDenied");
      const given = { AccessKeyId: "A", SecretAccessKey: "S", SessionToken: "T", Expiration: "2037-01-01T00:00:00Z" };
      const members = Object.entries(given).map(([name, value]) => `<${name}>${value}</${name}>`);
      return `<Credentials>${members.join("")}</Credentials>`;
    },
    GetCallerIdentity: () =>
      "<Arn>arn:aws:sts::111122223333:assumed-role/nightly-job/nightly</Arn><Account>111122223333</Account>",
  };
}

const ROLE = "arn:aws:iam::111122223333:role/nightly-job";

// Each start of that command costs a second: played where every cell is.
describe.runIf(hasTools && hasTool("aws")).each(isEvery ? ["AWS"] : [])("the recipe for %s", () => {
  it("makes provider and role, and leads to an answer of STS; another subject does not", async () => {
    const shell = await otherSide.shell();
    const [init = "", token = ""] = sessionLines("recipe-aws.txt");
    await shell.done(init);
    await writeFile(join(shell.cwd, "trust.json"), await example("aws/trust.json"));
    const actions = awsActions(await keysOf(shell));
    const asked: string[] = [];
    otherSide.answersWith({
      async "POST localhost/"({ form }) {
        const action = form.get("Action") ?? "";
        asked.push(action);
        const result = `<${action}Result>${(await actions[action]?.(form)) ?? ""}</${action}Result>`;
        return `<${action}Response>${result}<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></${action}Response>`;
      },
    });
    const aws = { AWS_ENDPOINT_URL: otherSide.endpoint() };
    const admin = { ...aws, AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "s", AWS_DEFAULT_REGION: "eu-central-1" };
    await shell.done(await example("aws/set-up.sh"), admin);
    await shell.done(token);
    expect(await shell.done(await example("aws/use.sh"), aws)).toContain("assumed-role/nightly-job/nightly");
    expect(new Set(asked)).toStrictEqual(new Set(Object.keys(actions)));
    // The command remembers the session that it was given.
    await shell.done(`rm -rf .aws; ${token.replace(`sub=${SUBJECT}`, "sub=somebody-else")}`);
    expect(await shell.run(await example("aws/use.sh"), aws)).not.toMatchObject({ code: 0 });
  });
});

interface SelfSigned {
  readonly name: string;
  /** The session that makes the issuer. */
  readonly session: string;
  /** Words that are typed instead of others of its first line. */
  readonly instead?: readonly (readonly [string, string])[];
  readonly call: string;
  readonly answersFor: (keys: Keys) => Answers;
  readonly shown: string;
}

const SELF_SIGNED: readonly SelfSigned[] = [
  {
    name: "GitHub",
    session: "recipe-github-app.txt",
    call: "github-app/call.sh",
    shown: "acme/web",
    answersFor(keys) {
      const app = async (request: Asked) => {
        const { iss, iat = 0, exp = 0 } = await signedClaims(bearerOf(request), keys, ["RS256"]);
        const now = Date.now() / 1_000;
        if (iss !== "Iv23liABCDEFGHIJKLMN" || iat > now || exp > now + 600) throw new Refusal("401");
      };
      const asApp =
        (body: object): Answer =>
        async (request) => {
          await app(request);
          return body;
        };
      return {
        "GET api.github.com/app": asApp({ slug: "my-app" }),
        "GET api.github.com/app/installations": asApp([{ id: 7 }]),
        "POST api.github.com/app/installations/7/access_tokens": asApp({ token: THEIRS }),
        "GET api.github.com/installation/repositories"(request) {
          expectBearer(request, THEIRS);
          return { repositories: [{ full_name: "acme/web" }] };
        },
      };
    },
  },
  {
    name: "Snowflake, by a key pair",
    session: "recipe-snowflake.txt",
    call: "snowflake/query.sh",
    shown: "SIGNET_SVC",
    answersFor: (keys) => ({
      async "POST myorg-myaccount.snowflakecomputing.com/api/v2/statements"(request) {
        expect(request.headers["x-snowflake-authorization-token-type"]).toBe("KEYPAIR_JWT");
        const { iss, sub, iat = 0, exp = 0 } = await signedClaims(bearerOf(request), keys, ["RS256"]);
        const isUser = sub === "MYORG-MYACCOUNT.SIGNET_SVC" && iss?.startsWith(`${sub}.SHA256:`) === true;
        if (!isUser || exp - iat > 3_600) throw new Refusal("390144");
        return { data: [["SIGNET_SVC"]] };
      },
    }),
  },
  {
    name: "App Store Connect",
    session: "recipe-app-store.txt",
    call: "app-store/connect.sh",
    shown: "apps",
    answersFor: (keys) => ({
      async "GET api.appstoreconnect.apple.com/v1/apps"(request) {
        const { aud, iat = 0, exp = 0 } = await signedClaims(bearerOf(request), keys, ["ES256"]);
        if (aud !== "appstoreconnect-v1" || exp - iat > 1_200) throw new Refusal("NOT_AUTHORIZED");
        return { data: [{ type: "apps" }] };
      },
    }),
  },
  {
    name: "the App Store Server API",
    session: "recipe-app-store.txt",
    instead: [["app-store-connect", "app-store-server --bundle-id com.example.app"]],
    call: "app-store/server.sh",
    shown: "test-notification",
    answersFor: (keys) => ({
      async "POST api.storekit-sandbox.apple.com/inApps/v1/notifications/test"(request) {
        const { aud, bid, iat = 0, exp = 0 } = await signedClaims(bearerOf(request), keys, ["ES256"]);
        if (aud !== "appstoreconnect-v1" || bid !== "com.example.app" || exp - iat > 3_600) throw new Refusal("401");
        return { testNotificationToken: "test-notification" };
      },
    }),
  },
];

describe.runIf(hasTools)("the recipes' first page", () => {
  it("makes an issuer for five federations, and callers that choose no subject", async () => {
    const shell = await otherSide.shell();
    await shell.done(await issuerLine("several"));
    const { algorithm } = JSON.parse(await readFile(join(shell.cwd, "signet.json"), "utf8"));
    expect(algorithm).toBe("RS256");
    await writeFile(join(shell.cwd, "limits.json"), await example("limits.json"));
    await shell.done("signet callers add nightly-job --limits limits.json");
  });
});

describe.runIf(hasTools)("a recipe for a self-signed token", () => {
  it.each(some(1, SELF_SIGNED))("leads to an answer of $name", async ({ session, instead = [], call, answersFor, shown }) => {
    const shell = await otherSide.shell();
    for (const [name, made] of Object.entries(KEYS_HANDED_OUT)) await writeFile(join(shell.cwd, name), made(), { mode: 0o600 });
    const [first = ""] = sessionLines(session);
    await shell.done(instead.reduce((line, [from, to]) => line.replace(from, to), first));
    otherSide.answersWith(answersFor(await keysOf(shell)));
    expect(await shell.done(await example(call))).toContain(shown);
    // The other side has the keys of another issuer.
    const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    otherSide.answersWith(answersFor({ keys: [publicKey.export({ format: "jwk" })] }));
    expect(await shell.run(await example(call))).not.toMatchObject({ code: 0 });
  });
});

/** Lines of the pages that install a stack: CI has no account. */
async function deployLines(): Promise<readonly string[]> {
  const folder = join(root, "docs/recipes");
  const pages = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), "utf8")));
  const lines = pages.flatMap(codeBlocks).flatMap(({ text }) => text.replaceAll("\\\n", "").split("\n"));
  return lines.filter((line) => line.startsWith("signet deploy "));
}

describe("a stack that a page installs", () => {
  it("has parameters that the template takes", async () => {
    const lines = await deployLines();
    expect(lines.length).toBeGreaterThan(1);
    const parameters = parametersIn(await readFile(join(root, "dist/template.yaml"), "utf8"));
    for (const [, name = "", value = ""] of lines.flatMap((line) => [...line.matchAll(/'?\b([A-Z]\w+)=([^\s']+)/g)])) {
      const { AllowedValues: allowed = [value], AllowedPattern: pattern = "" } = parameters[name] ?? {};
      expect(Object.keys(parameters)).toContain(name);
      expect(allowed.map(String)).toContain(value);
      expect(value).toMatch(new RegExp(pattern));
      if (name === "Tokens") expect(readTokens(JSON.parse(value))).toMatchObject({ kid: false });
    }
  });
});
