import { isObject } from "../../encoding/object-schema.js";
import { ownMember } from "../../encoding/own-member.js";
import { urlOf } from "../../encoding/url-of.js";
import type { TrustRule } from "../../settings/trusts.js";
import { claimAt } from "../matching.js";
import {
  isFixed,
  isFixedOrPrefixed,
  isHttpsIssuer,
  isUuid,
  type Preset,
  prefixOf,
  type RuleClaims,
  refusedRule,
} from "./preset.js";

const IN_CLUSTER = "https://kubernetes.default.svc.cluster.local";

/** The API server by its name within its cluster: the same in every cluster that sets no other. */
const MANY_CLUSTERS = /^https:\/\/kubernetes(\.default(\.svc(\.[a-z0-9.-]+)?)?)?(:\d+)?\/?$/;

/** An account, or its namespace: `system:serviceaccount:NAMESPACE:NAME`. */
const ACCOUNT = /^system:serviceaccount:[a-z0-9-]+:/;

/**
 * The API's ServiceAccountTokenProjection (read 2026-11-26): the kubelet renews a token after four fifths of its time, or a day, and a pod shows
 * the same one until then. Tokens have `kubernetes.io` with namespace, serviceaccount and pod, as
 * https://gist.github.com/tsaarni/79b8b51610c948562cfe5d2e1002cae4 shows one. That `/openid/v1/jwks` of the API server is closed to strangers
 * unless a role opens it is from memory. EKS, GKE and AKS have an issuer for each cluster.
 */
export const kubernetes: Preset = {
  name: "kubernetes",
  about: "a service account of a Kubernetes cluster",
  issuer: IN_CLUSTER,
  isIssuer: isHttpsIssuer,
  issuerForm: "the cluster's own (`kubectl get --raw /.well-known/openid-configuration`)",
  identifiedBy: [["sub"], ["kubernetes.io", "namespace"], ["kubernetes.io", "serviceaccount", "uid"]],
  subjectsBegin: ["system:serviceaccount:"],
  identifies: (claims) =>
    isFixedOrPrefixed(ownMember(claims, "sub"), (sub) => ACCOUNT.test(sub)) ||
    isFixed(claimAt(claims, ["kubernetes.io", "namespace"]), (name) => name !== "") ||
    isFixed(claimAt(claims, ["kubernetes.io", "serviceaccount", "uid"]), isUuid),
  identity: 'sub such as "system:serviceaccount:NAMESPACE:NAME", or its beginning with the namespace',
  isReused: true,
  complete: withClusterKeys,
};

function withClusterKeys(rule: TrustRule): TrustRule {
  const { issuer = IN_CLUSTER, jwks, jwksUrl, caFile } = rule;
  if (!MANY_CLUSTERS.test(issuer)) return rule;
  if (jwks === undefined && jwksUrl === undefined) {
    const what =
      rule.issuer === undefined ? `is missing, and ${IN_CLUSTER} is that of many clusters` : "is that of many clusters";
    throw refusedRule(
      "issuer",
      `${what}; expected jwks (\`kubectl get --raw /openid/v1/jwks > jwks.json\`, --jwks jwks.json), jwksUrl with caFile, or the issuer that EKS, GKE or AKS gave the cluster (--issuer)`,
    );
  }
  if (jwksUrl !== undefined && caFile === undefined && isClusterUrl(jwksUrl))
    throw refusedRule(
      "caFile",
      "is missing, and the cluster's own CA signs the certificate at jwksUrl; expected caFile (--ca-file ca.crt)",
    );
  return { ...rule, issuer };
}

/** An API server by its address or a name that no public CA signs for. */
function isClusterUrl(text: string): boolean {
  const host = urlOf(text)?.hostname ?? "";
  return /^(\[.*\]|[\d.]+|[^.]+|kubernetes(\..*)?|.*\.(svc|local|internal))$/.test(host);
}

const SPIFFE_ID = /^spiffe:\/\/([a-z0-9._-]{1,255})\/./;
const TRUST_DOMAIN = /^spiffe:\/\/[a-z0-9._-]{1,255}$/;

/**
 * https://github.com/spiffe/spiffe/blob/main/standards/JWT-SVID.md (read 2026-11-26): `sub` is the SPIFFE ID. `iss` and `jti` may be absent,
 * workloads use a token again, and a bundle's keys name no alg (https://www.keycloak.org/docs-api/26.4.1/javadocs/, org.keycloak.broker.spiffe).
 * From memory: `kid` may be absent, `typ` is JWT, JOSE or absent, keys have `use: "jwt-svid"`; SPIRE signs by RS256, ES256 or ES384, says
 * `iss` where `jwt_issuer` is set, and its OIDC discovery provider serves the keys.
 */
export const spiffe: Preset = {
  name: "spiffe",
  about: "a workload of a SPIFFE trust domain",
  isIssuer: (issuer) => TRUST_DOMAIN.test(issuer) || isHttpsIssuer(issuer),
  issuerForm: "the trust domain such as spiffe://example.org, or the https URL of its discovery (jwt_issuer of SPIRE)",
  identifiedBy: [["sub"]],
  subjectsBegin: ["spiffe://"],
  identifies: (claims) => isFixedOrPrefixed(ownMember(claims, "sub"), (sub) => SPIFFE_ID.test(sub)),
  identity: 'sub such as "spiffe://example.org/ns/prod/sa/api", or its beginning below the trust domain',
  isReused: true,
  complete: withTrustDomain,
  defaults: { algorithms: ["RS256", "ES256", "ES384"], types: ["JWT", "JOSE"] },
  profile: (issuer) => (TRUST_DOMAIN.test(issuer) ? "spiffe" : undefined),
};

function withTrustDomain(rule: TrustRule): TrustRule {
  const claims: RuleClaims = rule.claims ?? {};
  const domains = domainsIn(ownMember(claims, "sub"));
  const { issuer = domains.length === 1 ? domains[0] : undefined, jwks, jwksUrl } = rule;
  if (issuer === undefined || !TRUST_DOMAIN.test(issuer)) return rule;
  if (domains.some((each) => each !== issuer)) throw refusedRule("claims.sub", `is not of the trust domain ${issuer}`);
  if (jwks === undefined && jwksUrl === undefined)
    throw refusedRule(
      "jwksUrl",
      "is missing, and a trust domain has no discovery; expected the URL of its bundle (--jwks-url), or jwks (`spire-server bundle show -format spiffe`)",
    );
  const within = claims.sub === undefined ? { sub: { prefix: `${issuer}/` } } : {};
  return { ...rule, issuer, claims: { ...claims, ...within } };
}

/** The trust domains that a rule's `sub` names. */
function domainsIn(sub: unknown): string[] {
  const texts = [sub].flat().map((each) => (isObject(each) ? prefixOf(each) : each));
  const named = texts.filter((each) => typeof each === "string");
  return [...new Set(named.flatMap((text) => SPIFFE_ID.exec(`${text}/`)?.[1] ?? []))].map((domain) => `spiffe://${domain}`);
}
