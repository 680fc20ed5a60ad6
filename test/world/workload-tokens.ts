import type { PresetName } from "../../src/settings/trusts.js";

/**
 * The claims of tokens that workloads get, as those who sign them document them, and the rule that takes each: names and ids are those of
 * the documentation, or stand in for what it leaves out. Times and audience are set when they are signed.
 */
export interface WorkloadToken {
  readonly name: string;
  /** Where its claims are documented. */
  readonly source: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly rule: Readonly<Record<string, unknown>> & { readonly preset: PresetName };
  /** One claim off, each: the rule refuses it. */
  readonly off: Readonly<Record<string, unknown>>;
}

const GITHUB = {
  iss: "https://token.actions.githubusercontent.com",
  sub: "repo:octo-org/octo-repo:environment:prod",
  jti: "example-id",
  environment: "prod",
  ref: "refs/heads/main",
  sha: "example-sha",
  repository: "octo-org/octo-repo",
  repository_owner: "octo-org",
  actor_id: "12",
  repository_visibility: "private",
  repository_id: "74",
  repository_owner_id: "65",
  run_id: "example-run-id",
  run_number: "10",
  run_attempt: "2",
  runner_environment: "github-hosted",
  actor: "octocat",
  workflow: "example-workflow",
  head_ref: "",
  base_ref: "",
  event_name: "workflow_dispatch",
  ref_type: "branch",
  job_workflow_ref: "octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main",
};

const STS = "https://sts.amazonaws.com/";
const TENANT = "aaaabbbb-0000-cccc-1111-dddd2222eeee";
const OID = "00aa00aa-bb11-cc22-dd33-44ee44ee44ee";

const KUBERNETES = {
  iss: "https://kubernetes.default.svc.cluster.local",
  sub: "system:serviceaccount:my-namespace:my-serviceaccount",
  jti: "ea28ed49-2e11-4280-9ec5-bc3d1d84661a",
  "kubernetes.io": {
    namespace: "my-namespace",
    node: { name: "127.0.0.1", uid: "58456cb0-dd00-45ed-b797-5578fdceaced" },
    pod: { name: "my-pod", uid: "a087d5a0-e1dd-43ec-93ac-f13d89cd13af" },
    serviceaccount: { name: "my-serviceaccount", uid: "14ee3fa4-a7e2-420f-9f9a-dbc4507c3798" },
  },
};

const ACCOUNT = {
  aws_account: "123456789012",
  source_region: "us-east-1",
  org_id: "o-abc1234567",
  principal_id: "arn:aws:iam::123456789012:role/DataProcessingRole",
  lambda_source_function_arn: "arn:aws:lambda:us-east-1:123456789012:function:process-data",
  request_tags: { "job-id": "job-2024-001" },
};

export const WORKLOAD_TOKENS: readonly WorkloadToken[] = [
  {
    name: "GitHub Actions",
    source: "https://docs.github.com/en/actions/concepts/security/openid-connect",
    claims: GITHUB,
    rule: { preset: "github-actions", claims: { repository_id: "74", environment: "prod" } },
    off: { repository_id: "741", environment: "staging" },
  },
  {
    name: "GitHub Actions, a repository made since 2026-07-15",
    source: "https://github.com/github/docs/pull/45221",
    claims: { ...GITHUB, sub: "repo:octocat@123456/my-repo@456789:ref:refs/heads/main", environment: undefined },
    rule: { preset: "github-actions", claims: { sub: { prefix: "repo:octocat@123456/my-repo@456789:" } } },
    off: { sub: "repo:octocat@123456/my-repo@4567890:ref:refs/heads/main", event_name: "pull_request_target" },
  },
  {
    name: "GitHub Actions, an organization's default branches",
    source: "https://docs.github.com/en/actions/concepts/security/openid-connect",
    claims: GITHUB,
    rule: { preset: "github-actions", claims: { repository_owner_id: ["64", "65"], ref: "refs/heads/main" } },
    off: { repository_owner_id: 65, ref: "refs/heads/main2", event_name: "pull_request_target" },
  },
  {
    name: "GitHub Enterprise Server",
    source: "https://docs.github.com/en/enterprise-server@3.19/actions/reference/security/oidc",
    claims: { ...GITHUB, iss: "https://github.example/_services/token" },
    rule: {
      preset: "github-actions",
      issuer: "https://github.example/_services/token",
      claims: { repository_id: "74", job_workflow_ref: GITHUB.job_workflow_ref },
    },
    off: {
      iss: "https://token.actions.githubusercontent.com",
      job_workflow_ref: "octo-org/other/.github/workflows/oidc.yml@main",
    },
  },
  {
    name: "GitLab CI/CD",
    source: "https://docs.gitlab.com/ci/secrets/id_token_authentication",
    claims: {
      iss: "https://gitlab.com",
      sub: "project_path:my-group/my-project:ref_type:branch:ref:feature-branch-1",
      jti: "235b3a54-b797-45c7-ae9a-f72d7bc6ef5b",
      namespace_id: "72",
      namespace_path: "my-group",
      project_id: "20",
      project_path: "my-group/my-project",
      user_id: "1",
      user_login: "sample-user",
      pipeline_id: "574",
      pipeline_source: "push",
      job_id: "302",
      ref: "feature-branch-1",
      ref_type: "branch",
      ref_protected: "false",
      runner_id: 1,
      runner_environment: "self-hosted",
      sha: "714a629c0b401fdce83e847fc9589983fc6f46bc",
    },
    rule: { preset: "gitlab", claims: { project_id: "20", ref_type: "branch", runner_id: 1 } },
    off: { project_id: "200", ref_type: "tag", runner_id: "1" },
  },
  {
    name: "Buildkite",
    source: "https://github.com/rubygems/rubygems.org/issues/5412",
    claims: {
      iss: "https://agent.buildkite.com",
      sub: "organization:example-org:pipeline:example-pipeline:ref:refs/heads/main:commit:b5ffe3aeea51cec6c41aef16e45ee6bce47d8810:step:",
      jti: "0194b014-8517-7cef-b232-76a827315f08",
      organization_slug: "example-org",
      pipeline_slug: "example-pipeline",
      build_number: 5,
      build_branch: "main",
      build_tag: null,
      build_commit: "b5ffe3aeea51cec6c41aef16e45ee6bce47d8810",
      step_key: null,
      job_id: "01945ecf-80f0-41e8-9b83-a2970a9305a1",
      agent_id: "01945ecf-8bcf-40a6-9d70-a765db9a0928",
      build_source: "ui",
      runner_environment: "buildkite-hosted",
    },
    rule: {
      preset: "buildkite",
      claims: { sub: { prefix: "organization:example-org:pipeline:example-pipeline:" }, build_branch: "main" },
    },
    off: { sub: "organization:example-org:pipeline:example-pipeline2:ref:refs/heads/main", build_branch: "other" },
  },
  {
    name: "Kubernetes",
    source: "https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/",
    claims: KUBERNETES,
    rule: { preset: "kubernetes", claims: { sub: KUBERNETES.sub } },
    off: { sub: "system:serviceaccount:my-namespace:my-serviceaccount2", iss: "https://kubernetes.default.svc" },
  },
  {
    name: "Kubernetes, a namespace of EKS",
    source: "https://docs.aws.amazon.com/eks/latest/userguide/iam-roles-for-service-accounts.html",
    claims: { ...KUBERNETES, iss: "https://oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE" },
    rule: {
      preset: "kubernetes",
      issuer: "https://oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE",
      claims: { "kubernetes.io": { namespace: "my-namespace", serviceaccount: { name: "my-serviceaccount" } } },
    },
    off: {
      iss: "https://oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE2",
      "kubernetes.io": { ...KUBERNETES["kubernetes.io"], namespace: "my-namespace2" },
    },
  },
  {
    name: "AWS STS GetWebIdentityToken",
    source: "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_outbound_token_claims.html",
    claims: {
      iss: "https://abc123-def456-ghi789-jkl012.tokens.sts.global.api.aws",
      sub: "arn:aws:iam::123456789012:role/DataProcessingRole",
      jti: "xyz123-def456-ghi789-jkl012",
      [STS]: ACCOUNT,
    },
    rule: {
      preset: "aws",
      issuer: "https://abc123-def456-ghi789-jkl012.tokens.sts.global.api.aws",
      claims: { principal_id: ACCOUNT.principal_id },
    },
    off: {
      iss: "https://abc123-def456-ghi789-jkl013.tokens.sts.global.api.aws",
      [STS]: { ...ACCOUNT, principal_id: `${ACCOUNT.principal_id}2` },
    },
  },
  {
    name: "a Google service account",
    source: "https://docs.cloud.google.com/compute/docs/instances/verifying-instance-identity",
    claims: {
      iss: "https://accounts.google.com",
      sub: "107517467455664443765",
      azp: "107517467455664443765",
      email: "78901-compute@developer.gserviceaccount.com",
      email_verified: true,
      google: { compute_engine: { project_id: "my-project", project_number: 739419398126, zone: "us-west1-a" } },
    },
    rule: { preset: "gcp", claims: { sub: "107517467455664443765", google: { compute_engine: { zone: "us-west1-a" } } } },
    off: { sub: "1075174674556644437650", google: { compute_engine: { zone: "us-west1-b" } } },
  },
  {
    name: "Microsoft Entra ID, v2",
    source: "https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference",
    claims: { iss: `https://login.microsoftonline.com/${TENANT}/v2.0`, oid: OID, sub: OID, tid: TENANT, azp: OID, ver: "2.0" },
    rule: { preset: "azure", issuer: `https://login.microsoftonline.com/${TENANT}/v2.0`, claims: { oid: OID } },
    off: { oid: TENANT, tid: OID, iss: `https://sts.windows.net/${TENANT}/` },
  },
  {
    name: "Microsoft Entra ID, v1",
    source: "https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference",
    claims: { iss: `https://sts.windows.net/${TENANT}/`, oid: OID, sub: OID, tid: TENANT, appid: OID, idtyp: "app", ver: "1.0" },
    rule: { preset: "azure", issuer: `https://sts.windows.net/${TENANT}/`, claims: { oid: [OID] } },
    off: { oid: TENANT, tid: OID, iss: `https://login.microsoftonline.com/${TENANT}/v2.0` },
  },
  {
    name: "a JWT-SVID",
    source: "https://github.com/spiffe/spiffe/blob/main/standards/JWT-SVID.md",
    claims: { sub: "spiffe://example.org/ns/prod/sa/api" },
    header: { typ: "JOSE" },
    rule: { preset: "spiffe", claims: { sub: "spiffe://example.org/ns/prod/sa/api" } },
    off: { sub: "spiffe://example.org/ns/prod/sa/api2" },
  },
  {
    name: "a JWT-SVID of SPIRE with jwt_issuer, any account of a namespace",
    source: "https://github.com/spiffe/spire/blob/main/doc/spire_server.md",
    claims: { iss: "https://oidc.example.org", sub: "spiffe://example.org/ns/prod/sa/api", jti: "1" },
    rule: { preset: "spiffe", issuer: "https://oidc.example.org", claims: { sub: { prefix: "spiffe://example.org/ns/prod/" } } },
    off: { sub: "spiffe://example.org/ns/prod2/sa/api", iss: "https://oidc.example.com" },
  },
  {
    name: "another Signet",
    source: "docs/server.md",
    claims: { iss: "https://other.example", sub: "web", jti: "1", client_id: "web" },
    rule: { preset: "signet", issuer: "https://other.example", claims: { sub: "web" } },
    off: { sub: "web2", iss: "https://other.example/" },
  },
];
