import { ERROR_GROUPS } from "./errors.mjs";
import { COMMAND_VARIABLES, FUNCTION_VARIABLES } from "./variables.mjs";

const AWS_ACCESS = `## AWS: region, endpoints, credentials

Command, server and library find them as the AWS CLI does; the functions have their role and read no profile. What stands first wins:

| what | where |
|---|---|
| profile | \`AWS_PROFILE\`, \`AWS_DEFAULT_PROFILE\`, else \`default\` |
| files | \`AWS_CONFIG_FILE\` (\`~/.aws/config\`) and \`AWS_SHARED_CREDENTIALS_FILE\` (\`~/.aws/credentials\`), which stands above it |
| region | \`aws.region\` of \`signet.json\`, \`AWS_REGION\`, \`AWS_DEFAULT_REGION\`, the profile's \`region\` |
| endpoint of a service | \`AWS_ENDPOINT_URL_KMS\` (\`_SSM\`, \`_SECRETS_MANAGER\`, \`_S3\`, \`_EVENTBRIDGE\`, \`_LAMBDA\`, \`_STS\`, \`_CLOUDFORMATION\`), \`AWS_ENDPOINT_URL\`, \`endpoint_url\` of the service in the section \`[services NAME]\` that the profile's \`services\` names, the profile's \`endpoint_url\`, AWS's own |
| AWS's own endpoints alone | \`AWS_IGNORE_CONFIGURED_ENDPOINT_URLS\`, the profile's \`ignore_configured_endpoint_urls\` |
| which of AWS's own | \`AWS_USE_FIPS_ENDPOINT\` and \`AWS_USE_DUALSTACK_ENDPOINT\`, the profile's \`use_fips_endpoint\` and \`use_dualstack_endpoint\` |
| credentials | \`AWS_ACCESS_KEY_ID\` and \`AWS_SECRET_ACCESS_KEY\`, also beside \`AWS_PROFILE\`; the profile's keys, \`role_arn\` with \`source_profile\` or \`credential_source\`, \`sso_session\`, web identity or \`credential_process\`; those of the container or machine (ECS, EKS, EC2) |

\`signet init\` writes the region into \`signet.json\`; endpoints and credentials it never writes. For LocalStack and its like:

\`\`\`text
[profile localstack]
region = us-east-1
endpoint_url = http://localhost:4566
aws_access_key_id = test
aws_secret_access_key = test
\`\`\`

What the AWS CLI alone can do, such as asking for an MFA code, it hands on:

\`\`\`text
eval "$(aws configure export-credentials --profile NAME --format env)"
\`\`\`

Keys in a profile's files are read again each minute, so that a server takes those of a new login. \`ca_bundle\`, \`AWS_CA_BUNDLE\` and the
other settings of a profile are not read; \`NODE_EXTRA_CA_CERTS\` adds a CA.`;

const OWN_TOKENS = `## Tokens for parties that know no URL

GitHub, Apple, Snowflake and others take tokens that their users sign with a key that they were given, and ask no URL for keys
([who wants what](relying-parties.md)). \`tokens\` says what such tokens have. Those of a GitHub App:

\`\`\`text
"tokens": {"iss": "Iv23liAbCdEfGhIjKlMn", "iat": 60, "kid": false}, "limits": {"maxTtlSeconds": 540, "defaultTtlSeconds": 540}
\`\`\`

They hold for every token of the issuer: of \`signet issue\`, of the library (\`openIssuer\`, \`createIssuer({ signer, tokens })\`), of \`/issue\`, \`/encode\` and
\`/token\`, and of the Lambda function (\`SIGNET_TOKENS\`, the template's \`Tokens\`). Callers inherit them. A request that says another \`iss\`, or an \`iat\`, \`jti\`
or \`exp\` that is decided here, is refused with \`claim_not_allowed\` or \`issuer_mismatch\`.

| | |
|---|---|
| \`iss\` | Stands instead of \`issuer\`; both are an error. There is then no discovery document and no OAuth metadata (404), since both would have to be at the URL that \`iss\` is not. The JWKS is published all the same |
| \`iat\` | \`exp\` is the present and \`ttl\`, and \`maxTtlSeconds\` is reckoned from the present: between \`iat\` and \`exp\` lies that much more |
| \`exp\` | A request's \`ttl\` is held against the limits, and a retired key stays published as long as if \`exp\` were there. Nothing can be exchanged for such a token at \`/token\`: it would outlive the one that is shown |
| \`kid\` | The key keeps its name in the keyring and in the JWKS. \`signet verify\` and \`POST /verify\` find out by the signature which of the issuer's keys it was |
| \`kids\` | For issuers without a URL: at one, verifiers look in the JWKS for the name that the header has, and the key has its own there. Two keys cannot have one name |
| \`certificates\` | A key that signs and is not named there is refused with \`config_invalid\` |

\`signet doctor --for NAME --token -\`, without a URL, holds a token against a party's rules and verifies it by the keys that are here.`;

export const WRITTEN = "<!-- Written by `npm run docs` from the source: change it there. -->";

/**
 * A member of the settings, as src/settings/shape.ts describes it.
 *
 * @typedef {{
 *   meaning?: string, title?: string, example?: unknown, default?: unknown, enum?: readonly string[], unit?: string, minimum?: number,
 *   maximum?: number, type?: unknown, required?: true, variable?: string, flag?: string, fallback?: string, properties?: Shape, values?: Member, items?: Member,
 *   names?: { title: string },
 * }} Member
 * @typedef {Readonly<Record<string, Member>>} Shape
 */

/**
 * docs/configuration.md: every member of signet.json, every variable, every flag.
 *
 * @param {Shape} shape the members of signet.json
 */
export function configurationPage(shape) {
  return `# Configuration

${WRITTEN}

\`signet.json\` holds an issuer's settings; \`signet init\` writes it. A flag overrides a variable, a variable the file, the file
the default. What is misspelt, of a wrong type or out of bounds is an error that names the member. Editors complete the file by the schema
that its \`$schema\` names. \`signet keys apply\` puts a changed rotation, and a longer life of tokens, in force; a running server reads
\`callers\`, \`tokens.kids\` and \`tokens.certificates\` by itself, and the rest when it is started again.

${groups(shape)
  .map((group, index, all) => groupText(group, all.slice(0, index)))
  .join("\n\n")}

${OWN_TOKENS}

## Variables

A variable that is set to nothing counts as absent. A \`SIGNET_\` variable that nothing reads is warned of; a function does not start beside
one that is nearly one of its own.

Over a member of \`signet.json\`, for the command, the server and the library:

${table(
  ["variable", "member", "flag of `signet init`", "example"],
  placed(shape).flatMap(({ path, member: { variable, flag, example } }) =>
    variable === undefined ? [] : [[code(variable), code(path), flag === undefined ? "" : code(flag), code(textOf(example))]],
  ),
)}

Read beside it:

${table(
  ["variable", "means", "default", "example"],
  Object.entries(COMMAND_VARIABLES).map(([name, { meaning, fallback = "", example }]) => [
    code(name),
    meaning,
    fallback,
    code(example),
  ]),
)}

${AWS_ACCESS}

## Variables of the functions

Of the [Lambda functions](lambda.md), which read no file: the **i**ssuer, the key **m**anager, the **a**uthorizer, the **d**ecoder, and the **t**oken function.

${table(
  ["variable", "of", "means", "default", "example"],
  Object.entries(FUNCTION_VARIABLES).map(([name, { of, meaning, fallback = "", example }]) => [
    code(name),
    [...of].join(" "),
    meaning,
    fallback,
    code(example),
  ]),
)}
`;
}

/**
 * docs/trust-presets.md: what each preset knows.
 *
 * @param {readonly string[]} names
 * @param {(name: any) => Readonly<Record<"about" | "issuer" | "identity", string>>} describe
 * @param {readonly string[]} beginnings what subjects of strangers begin with
 */
export function presetsPage(names, describe, beginnings) {
  const rows = names.map((name) => {
    const { about, issuer, identity } = describe(name);
    return [code(name), about, issuer, identity];
  });
  return `# Whose tokens prove a caller

${WRITTEN}

A caller needs no secret where another issuer has signed who it is: \`trusts\` of a caller in \`signet.json\` says whose tokens are believed, and what
their claims have to say. The command writes such a rule; nothing is written that could not be read again.

| command | what it does |
|---|---|
| \`signet callers add ci --trust github-actions --claim repository_id=1234\` | makes a caller that is proven by jobs of that repository, and has no secret |
| \`signet callers trust ci gitlab --claim project_id=20\` | gives it another rule |
| \`signet callers add app --trust https://idp.example --claim sub=app\` | trusts any issuer of discovery; \`sub\` has to be fixed, or its beginning |
| \`signet callers add batch --public-key batch.pub.pem\` | makes one that signs its own proofs (\`private_key_jwt\`, RFC 7523): \`iss\` and \`sub\` are its name |
| \`signet callers test ci -\` | reads a token from stdin, and says which rule it matches, or claim by claim what does not |
| \`signet callers disable ci trusts.0\`, \`enable\`, \`untrust\` | switches one rule off and on, or takes it away; a server follows within two seconds |

\`--claim name=text\` is a text, \`--claim name:=JSON\` anything else: \`1\` is not \`"1"\`. A claim that is given again may be either. \`--claim-prefix
sub=repo:acme/\` is a beginning, which ends in \`/\` or \`:\`; an object of JSON means its members, and \`{"not": ["x"]}\` anything else. The only
audience of a token is this issuer's URL, unless \`--audience\` says another; one that others share needs \`--shared-audience\`. Where a token
proves several callers it is refused, unless \`client_id\` names one of them; the command says so when a rule is added.

A beginning that the subjects of strangers have as well fixes no identity, and a rule with it is refused unless \`--any\`, with a preset or without:
${beginnings.map(code).join(", ")},
the first part of one (\`system:\`), and the scheme of any URL (\`x://\`). A rule without a preset for the issuer of \`github-actions\`, \`gitlab\`, \`buildkite\` or
\`gcp\` that the table names needs a beginning that goes on behind its first word (\`repo:acme/\`).

## Presets

A preset is held to what its issuer documents: a rule that fixes none of what identifies is refused, unless \`--any\`.

${table(["preset", "proves", "issuer", "what has to be fixed"], rows)}

\`github-actions\` takes no token of the event \`pull_request_target\`, unless the rule fixes \`environment\` or \`job_workflow_ref\`. The default
\`sub\` of repositories made or moved since 2026-07-15 names ids (\`repo:OWNER@ID/NAME@ID:...\`), that of others names alone: fix \`repository_id\`,
which both have. \`kubernetes\` and \`spiffe\` refuse \`--single-use\`, since workloads show a token many times; a pod's may be four
fifths of its \`expirationSeconds\` old, so give \`--max-age\` where that is more than an hour. \`https://kubernetes.default.svc.cluster.local\`
is the issuer of many clusters, and no server outside finds its keys: give \`--jwks\`, or \`--jwks-url\` with \`--ca-file\`. Keys that are pasted are
renewed by hand alone; \`signet callers list\` tells their age. \`azure\`: the audience of Entra's tokens is an application, so give its id or its
URI with \`--audience\`, unless this issuer's URL is that URI. \`aws\` is for principals of other accounts: within yours, IAM on the alias remains
the way.
`;
}

/**
 * docs/errors.md: every code, its HTTP status, what it means and what to do.
 *
 * @param {(code: any) => number} statusOf
 */
export function errorsPage(statusOf) {
  const groups = ERROR_GROUPS.map(({ title, codes }) => {
    const rows = Object.entries(codes).map(([name, [meaning, remedy]]) => [code(name), `${statusOf(name)}`, meaning, remedy]);
    return `## ${title}\n\n${table(["code", "status", "means", "what to do"], rows)}`;
  });
  return `# Errors

${WRITTEN}

Every failure has a code, which never changes its meaning, and a message that says what is wrong and what to do. Messages may change, so
programs branch on the code: \`code\` of a \`SignetError\` and of problem details (RFC 9457, with the status below), \`errorType\` of a Lambda
invocation, \`error.code\` of an item of a batch. The command exits with 1, for \`usage\` with 2, for a token that was refused with 3.
\`bearerGuard\` answers \`token_missing\` (401) as well, where a request carries no bearer token. No message holds a token, a claim's value,
a passphrase or key material.

${groups.join("\n\n")}
`;
}

/** @param {Shape} shape @returns {{ path: string, shape: Shape, member: Member }[]} each group of members, the outermost first */
function groups(shape, path = "", member = {}) {
  const inner = Object.entries(shape).flatMap(([name, each]) => {
    const at = path === "" ? name : `${path}.${name}`;
    if (each.properties !== undefined) return groups(each.properties, at, each);
    if (each.values?.properties !== undefined) return groups(each.values.properties, `${at}.NAME`, each);
    return each.items?.properties === undefined ? [] : groups(each.items.properties, `${at}[]`, each);
  });
  return [{ path, shape, member }, ...inner];
}

/** @typedef {ReturnType<typeof groups>[number]} Group */

/** @param {Group} group @param {readonly Group[]} before those that the page has shown */
function groupText({ path, shape, member }, before) {
  const names = member.names === undefined ? "" : ` NAME is ${member.names.title}.`;
  const head = path === "" ? "## Members" : `## \`${path}\`\n\n${member.meaning}${names}`;
  const same = before.find((group) => `${Object.keys(group.shape)}` === `${Object.keys(shape)}`);
  if (same !== undefined)
    return `${head} The members are those of [\`${same.path}\`](#${same.path.toLowerCase().replaceAll(/[^a-z0-9_-]/g, "")}), without their defaults.`;
  const rows = Object.entries(shape).map(([name, each]) => [
    code(name),
    each.meaning ?? "",
    linkTo(path === "" ? name : `${path}.${name}`, each) ?? valueText(each),
    defaultOf(each),
    code(textOf(each.example)),
    ways(each),
  ]);
  return `${head}\n\n${table(["member", "means", "value", "default", "example", "set by"], rows)}`;
}

/** @param {Member} member */
function defaultOf(member) {
  if (member.required === true) return "has to be set";
  return member.default === undefined ? (member.fallback ?? "") : code(textOf(member.default));
}

/** @param {Shape} shape @returns {{ path: string, member: Member }[]} */
function placed(shape, above = "") {
  return Object.entries(shape).flatMap(([name, member]) => {
    const path = above === "" ? name : `${above}.${name}`;
    return [{ path, member }, ...placed(member.properties ?? {}, path)];
  });
}

/** @param {string} path @param {Member} member a link to its own members, as GitHub names headings */
function linkTo(path, { properties, values, items }) {
  const end = properties !== undefined ? "" : values?.properties !== undefined ? ".NAME" : "[]";
  if (end === "[]" && items?.properties === undefined) return undefined;
  const heading = `${path}${end}`;
  return `[\`${heading}\`](#${heading.toLowerCase().replaceAll(/[^a-z0-9_-]/g, "")})`;
}

/** @param {Member} member */
function valueText(member) {
  if (member.enum !== undefined) return member.enum.map(code).join(", ");
  const title = (member.title ?? "").replace(/"([^"]*)"/g, "`$1`");
  return member.unit === undefined || title.includes(member.unit)
    ? title
    : title.replace("a whole number", `a whole number of ${member.unit}`);
}

/** @param {Member} member */
function ways({ variable, flag }) {
  return [variable, flag].flatMap((way) => (way === undefined ? [] : [code(way)])).join(", ");
}

/** @param {unknown} value */
function textOf(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** @param {string} text */
export function code(text) {
  return `\`${text}\``;
}

/** @param {readonly string[]} head @param {readonly (readonly string[])[]} rows */
export function table(head, rows) {
  const line = (/** @type {readonly string[]} */ cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}
