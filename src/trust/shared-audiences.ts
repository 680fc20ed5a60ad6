/** Audiences that many parties take: a token for one of them is good at each, and each that gets it can show it to us. */
const SHARED: readonly string[] = [
  "sts.amazonaws.com",
  "sts.amazonaws.com.cn",
  "api://azureadtokenexchange",
  "api://azureadtokenexchangeusgov",
  "api://azureadtokenexchangechina",
  "sigstore",
  "pypi",
  "testpypi",
  "vault",
  "kubernetes",
  "https://graph.microsoft.com",
  "00000003-0000-0000-c000-000000000000",
  "https://management.azure.com",
  "https://management.core.windows.net",
  "https://iam.googleapis.com",
  "https://oauth2.googleapis.com/token",
  "https://gitlab.com",
  "https://rubygems.org",
  "rubygems.org",
  "https://crates.io",
  "crates.io",
  "api.nuget.org",
];

/** What others begin with: a cluster's API, Google's workload identity pools, the owner's page that GitHub and Buildkite name by default. */
const SHARED_BEGINNINGS: readonly string[] = [
  "kubernetes.default.svc",
  "https://kubernetes.default",
  "//iam.googleapis.com/",
  "https://iam.googleapis.com/",
  "https://github.com/",
  "https://buildkite.com/",
  "https://container.googleapis.com/",
  "https://sts.amazonaws.com/",
  "https://sts.windows.net/",
  "npm:",
];

/** Tells whether an audience is one that parties who are strangers to each other share. */
export function isSharedAudience(audience: string): boolean {
  const plain = audience.toLowerCase().replace(/\/+$/, "");
  return SHARED.includes(plain) || SHARED_BEGINNINGS.some((beginning) => `${plain}/`.startsWith(beginning));
}
