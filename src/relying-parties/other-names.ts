import { didYouBegin } from "../encoding/begun-word.js";
import { PARTY_IDS } from "./ids.js";

/** What people call parties, or whose they are, and which are meant. */
const OTHER_NAMES: ReadonlyMap<string, readonly string[]> = new Map([
  ["aws", ["iam", "http-api", "alb", "cognito"]],
  ["sts", ["iam"]],
  ["api-gateway", ["http-api", "rest-api", "rest-api-jwt"]],
  ["k8s", ["kubernetes"]],
  ["google", ["google-cloud", "google-service-account"]],
  ["gcp", ["google-cloud", "google-service-account"]],
  ["apple", ["app-store-connect", "app-store-server", "apns"]],
  ["appstore", ["app-store-connect", "app-store-server"]],
  ["app-store", ["app-store-connect", "app-store-server"]],
  ["push", ["apns"]],
  ["github", ["github-app"]],
  ["microsoft", ["azure", "entra"]],
  ["entra-id", ["entra", "azure"]],
  ["claude", ["anthropic"]],
  ["chatgpt", ["openai"]],
  ["codex", ["openai-codex"]],
  ["private_key_jwt", ["client-assertion"]],
]);

/** Which parties were meant by a name that is none's, as " (did you mean iam?)"; empty where that cannot be guessed. */
export function partiesMeant(name: string): string {
  const meant = OTHER_NAMES.get(name.toLowerCase());
  return meant === undefined ? didYouBegin(name, PARTY_IDS) : ` (did you mean ${meant.join(", or ")}?)`;
}
