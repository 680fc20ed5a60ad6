import { isObject } from "../../encoding/object-schema.js";
import { ownMember } from "../../encoding/own-member.js";
import type { TrustRule } from "../../settings/trusts.js";
import { claimAt, isExclusion, isPrefix } from "../matching.js";
import { isFixed, isFixedOrPrefixed, isHttpsIssuer, isNumericId, isUuid, type Preset, refusedRule } from "./preset.js";

const STS = "https://sts.amazonaws.com/";

/** What STS puts below its own name; at the top of a rule they mean the same. */
const STS_CLAIMS = ["principal_id", "aws_account", "org_id", "ou_path", "source_region", "lambda_source_function_arn"];

/** An ARN of a principal, or its beginning: with the account. */
const PRINCIPAL = /^arn:[a-z0-9-]+:(iam|sts)::\d{12}:/;

/**
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_GetWebIdentityToken.html and
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_outbound_token_claims.html (read 2026-11-26): `sub` is whom SubjectMode
 * selects, `principal_id` the ARN of the principal that asked, of a role session the role's. Request tags are what that principal says of
 * itself. Each account has one issuer, `https://ID.tokens.sts.global.api.aws`; those of other partitions could not be confirmed, so that
 * the end of the host is left open.
 */
export const aws: Preset = {
  name: "aws",
  about: "a role of another AWS account, by STS GetWebIdentityToken",
  isIssuer: (issuer) => /^https:\/\/[a-z0-9-]+\.tokens\.sts\.[a-z0-9.-]+$/.test(issuer),
  issuerForm: "the account's own, https://ID.tokens.sts.global.api.aws (`aws iam get-outbound-web-identity-federation-info`)",
  identifiedBy: [
    [STS, "principal_id"],
    [STS, "aws_account"],
  ],
  subjectsBegin: ["arn:aws:iam::", "arn:aws:sts::"],
  identifies: (claims) =>
    isFixedOrPrefixed(claimAt(claims, [STS, "principal_id"]), (arn) => PRINCIPAL.test(arn)) ||
    isFixed(claimAt(claims, [STS, "aws_account"]), (id) => /^\d{12}$/.test(id)),
  identity: `principal_id below ${STS}, the role's ARN such as "arn:aws:iam::123456789012:role/deploy" (--claim principal_id=ARN): sub is whom the caller of STS selects`,
  complete: withStsClaims,
};

function withStsClaims(rule: TrustRule): TrustRule {
  const claims = Object.entries(rule.claims ?? {});
  const own = ownMember(rule.claims ?? {}, STS);
  const within = own === undefined ? {} : own;
  const alternatives = [within].flat().filter(isObject);
  if ([...alternatives, rule.claims ?? {}].some((each) => Object.hasOwn(each, "request_tags")))
    throw refusedRule(
      "claims",
      "name request_tags, which are what the caller of STS says of itself; expected principal_id, or principal_tags",
    );
  const moved = claims.filter(([name]) => STS_CLAIMS.includes(name));
  const [first] = moved;
  if (first === undefined) return rule;
  if (!isObject(within) || isPrefix(within) || isExclusion(within))
    throw refusedRule(
      `claims.${STS}`,
      `is no object into which ${first[0]} could be put; expected one object, whose members may be lists: {"principal_tags": {"team": ["a", "b"]}}`,
    );
  const twice = moved.find(([name]) => Object.hasOwn(within, name));
  if (twice !== undefined) throw refusedRule(`claims.${twice[0]}`, `stands below ${STS} as well; give it once`);
  const others = claims.filter(([name]) => name !== STS && !STS_CLAIMS.includes(name));
  return { ...rule, claims: Object.fromEntries([...others, [STS, { ...within, ...Object.fromEntries(moved) }]]) };
}

/**
 * https://cloud.google.com/docs/authentication/get-id-token (read 2026-11-26): the metadata server gives a service account a token for the
 * audience that it names; that it may name any, and that `sub` is the account's number, is from memory, as is that an email is given again
 * after its account was deleted.
 */
export const gcp: Preset = {
  name: "gcp",
  about: "a service account of Google Cloud",
  issuer: "https://accounts.google.com",
  isIssuer: (issuer) => issuer === "https://accounts.google.com",
  issuerForm: "https://accounts.google.com",
  identifiedBy: [["sub"]],
  identifies: (claims) => isFixed(ownMember(claims, "sub"), isNumericId),
  identity:
    'sub, the number of the service account as a text (`gcloud iam service-accounts describe EMAIL --format "value(uniqueId)"`): an email can be given to another account',
};

/** v2 and v1, of the public cloud, of US Government and of China. */
const ENTRA = [
  /^https:\/\/login\.(?:microsoftonline\.com|microsoftonline\.us|partner\.microsoftonline\.cn)\/([^/]+)\/v2\.0$/,
  /^https:\/\/sts\.(?:windows\.net|chinacloudapi\.cn)\/([^/]+)\/$/,
];

/** The tenant of personal accounts. */
const CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad";

function tenantOf(issuer: string): string | undefined {
  return ENTRA.map((form) => form.exec(issuer)?.[1]).find((tenant) => tenant !== undefined);
}

/**
 * https://learn.microsoft.com/en-us/entra/identity-platform/id-token-claims-reference (read 2026-11-26): `oid` is the principal's id within the
 * tenant `tid`. That access tokens say the same, that the version of the application which is the audience decides the issuer, and that v1's
 * issuer is discovered at its own URL is from memory: its keys are documented at https://login.microsoftonline.com/common/discovery/keys, which
 * `jwksUrl` can name. The keys are RSA and name no alg (microsoft-identity-web#3467).
 */
export const azure: Preset = {
  name: "azure",
  about: "an application or managed identity of Microsoft Entra ID",
  isIssuer: (issuer) => {
    const tenant = tenantOf(issuer);
    return tenant !== undefined && isUuid(tenant) && tenant !== CONSUMERS;
  },
  issuerForm:
    "https://login.microsoftonline.com/TENANT/v2.0 or https://sts.windows.net/TENANT/ with the tenant's id, in small letters (common, organizations and consumers are any tenant's)",
  identifiedBy: [["oid"]],
  identifies: (claims) => isFixed(ownMember(claims, "oid"), isUuid),
  identity: "oid, the object id of the principal, a UUID in small letters (`az ad sp show --id APP --query id`)",
  complete: withTenant,
  defaults: { algorithms: ["RS256"] },
};

function withTenant(rule: TrustRule): TrustRule {
  const tenant = rule.issuer === undefined ? undefined : tenantOf(rule.issuer);
  if (tenant === undefined) return rule;
  const given = ownMember(rule.claims ?? {}, "tid");
  if (given !== undefined && given !== tenant) throw refusedRule("claims.tid", `is not the issuer's tenant, ${tenant}`);
  return { ...rule, claims: { ...rule.claims, tid: tenant } };
}

/** Another Signet: its callers' tokens say by `sub` who they are. */
export const signet: Preset = {
  name: "signet",
  about: "a caller of another Signet",
  isIssuer: isHttpsIssuer,
  issuerForm: "the URL of the other Signet, https://issuer.example",
  identifiedBy: [["sub"]],
  identifies: (claims) => isFixedOrPrefixed(ownMember(claims, "sub"), (sub) => sub !== ""),
  identity: "sub, or its beginning: the name of a caller of that Signet, where that caller's limits fix its sub",
};
