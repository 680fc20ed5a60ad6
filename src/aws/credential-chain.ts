import { type CredentialSource, environmentCredentials, noCredentials } from "./credentials.js";
import type { Environment } from "./endpoint.js";

/**
 * Finds credentials wherever AWS's own tools look for them: environment, profiles, SSO, web identity, ECS, EC2 (IMDSv2). The
 * packages for the places beyond the environment are loaded when they are needed.
 *
 * @throws (the source) SignetError `aws_credentials`
 */
export function credentialChain(env: Environment = process.env): CredentialSource {
  let provider: Promise<CredentialSource> | undefined;
  return async () => {
    const inEnvironment = env.AWS_PROFILE ? undefined : environmentCredentials(env);
    if (inEnvironment !== undefined) return inEnvironment;
    provider ??= import("@aws-sdk/credential-provider-node").then(({ defaultProvider }) => defaultProvider());
    try {
      return await (await provider)();
    } catch (error) {
      provider = undefined;
      throw noCredentials(error);
    }
  };
}
