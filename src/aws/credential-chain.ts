import { asArgument } from "../encoding/shell-argument.js";
import { SignetError } from "../errors.js";
import { type CredentialSource, environmentCredentials, noCredentials } from "./credentials.js";
import { configuredEndpoint, type Environment, regionIn } from "./endpoint.js";
import { withProfile } from "./profile-environment.js";
import { type Profile, sharedProfile } from "./shared-config.js";
import type { Credentials } from "./sigv4.js";

/** So long a profile's keys are kept: who logs in anew writes others into the file. */
const KEPT_MS = 60_000;
/** A profile with one of these gets its credentials from elsewhere, whatever keys stand beside them. */
const DERIVED = ["role_arn", "web_identity_token_file", "sso_session", "sso_start_url", "sso_account_id", "login_session"];

/**
 * Finds credentials as the AWS CLI does: keys in the environment come first, whatever AWS_PROFILE says; then the profile with its keys, role,
 * SSO, web identity or credential_process; then the container's and the machine's (ECS, EC2 by IMDSv2). The packages for what is neither a
 * variable nor a key in a file are loaded when they are needed.
 *
 * @throws (the source) SignetError `aws_credentials`, and what reading a profile throws
 */
export function credentialChain(env: Environment = process.env): CredentialSource {
  let provider: Promise<CredentialSource> | undefined;
  let kept: { readonly keys: Credentials; readonly untilMs: number } | undefined;
  return async () => {
    const inEnvironment = environmentCredentials(env);
    if (inEnvironment !== undefined) return inEnvironment;
    assertWholePair(env);
    if (kept !== undefined && Date.now() < kept.untilMs) return kept.keys;
    const profile = sharedProfile(env);
    const keys = keysOf(profile);
    if (keys !== undefined) {
      kept = { keys, untilMs: Date.now() + KEPT_MS };
      return keys;
    }
    provider ??= loadProvider(profile, env);
    try {
      return await (await provider)();
    } catch (error) {
      provider = undefined;
      throw withoutCredentials(profile, error);
    }
  };
}

/** What the SDK's next major version needs is said to those who install it, not to those who issue tokens or deploy. */
export function silenceSdk(): void {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
}

async function loadProvider({ name, isNamed, files, value }: Profile, env: Environment): Promise<CredentialSource> {
  silenceSdk();
  const { defaultProvider } = await import("@aws-sdk/credential-provider-node");
  const filled = withProfile(env);
  const region = regionIn(filled);
  // The SDK looks for endpoints in this process's own environment, and knows no AWS_DEFAULT_PROFILE.
  const endpoint = value("role_arn") === undefined ? undefined : configuredEndpoint("sts", filled);
  return defaultProvider({
    ...(isNamed && { profile: name }),
    filepath: files.credentials,
    configFilepath: files.config,
    // Where a role is assumed, unless its profile names another region.
    ...(region !== undefined && { parentClientConfig: { region } }),
    ...(endpoint !== undefined && { clientConfig: { endpoint } }),
    ignoreCache: true,
  });
}

/** The keys that stand in a profile, unless it says that its credentials come from elsewhere. */
function keysOf(profile: Profile): Credentials | undefined {
  if (DERIVED.some((name) => profile.value(name) !== undefined)) return undefined;
  const [accessKeyId, secretAccessKey] = [profile.value("aws_access_key_id"), profile.value("aws_secret_access_key")];
  if (accessKeyId === undefined && secretAccessKey === undefined) return undefined;
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    const sessionToken = profile.value("aws_session_token") ?? profile.value("aws_security_token");
    return { accessKeyId, secretAccessKey, sessionToken };
  }
  const missing = accessKeyId === undefined ? "aws_access_key_id" : "aws_secret_access_key";
  throw new SignetError(
    "aws_credentials",
    `the AWS profile ${JSON.stringify(profile.name)} has no ${missing} beside its other half`,
  );
}

function assertWholePair({ AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret }: Environment): void {
  if (!id && !secret) return;
  const [is, lacks] = id ? ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] : ["AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"];
  throw new SignetError("aws_credentials", `${is} is set and ${lacks} is not: set both, or neither`);
}

/** The AWS CLI knows ways that the SDK lacks, such as asking for an MFA code: it can hand on what it finds. */
function withoutCredentials(profile: Profile, cause: unknown): SignetError {
  const has = (name: string) => profile.value(name) !== undefined;
  const option = profile.isNamed ? ` --profile ${asArgument(profile.name)}` : "";
  const handedOn = `or take those of the AWS CLI: \`eval "$(aws configure export-credentials${option} --format env)"\``;
  const told = (words: string) =>
    new SignetError("aws_credentials", `the AWS profile ${JSON.stringify(profile.name)} gives no credentials: ${words}`, {
      cause,
    });
  if (has("mfa_serial"))
    return told(`its role asks for an MFA code, which only the AWS CLI does; ${handedOn.slice("or ".length)}`);
  if (has("role_arn")) {
    return told(`its role could not be assumed; \`aws sts get-caller-identity${option}\` says why, ${handedOn}`);
  }
  if (has("sso_session") || has("sso_start_url") || has("sso_account_id"))
    return told(`log in: \`aws sso login${option}\`, ${handedOn}`);
  if (has("login_session")) return told(`log in: \`aws login${option}\`, ${handedOn}`);
  if (has("credential_process")) return told(`its credential_process failed; run it by itself, ${handedOn}`);
  return profile.isNamed ? told(`it names none; \`aws configure${option}\` sets keys, ${handedOn}`) : noCredentials(cause);
}
