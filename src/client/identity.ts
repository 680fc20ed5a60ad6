import { credentialChain } from "../aws/credential-chain.js";
import type { CredentialSource } from "../aws/credentials.js";
import { type Environment, regionIn } from "../aws/endpoint.js";
import { withProfile } from "../aws/profile-environment.js";
import { A_FUNCTION, A_TEXT, invalidOption, readOptions } from "../encoding/options.js";

/** As which role or user of AWS the source asks, and where. */
export interface AwsIdentity {
  /** Default: as the AWS CLI finds them. One of the AWS SDK's credential providers fits. */
  readonly credentials?: CredentialSource | undefined;
  /** Default: that of the ARN, or of the URL, else the environment's. */
  readonly region?: string | undefined;
}

/** Where AWS is, and who asks there. */
export interface AwsAccess {
  readonly env: Environment;
  readonly region: string;
  readonly credentials: CredentialSource;
}

/** Reads an identity. @throws SignetError `config_invalid` */
export function readIdentity(identity: AwsIdentity): AwsIdentity {
  return readOptions<AwsIdentity>(identity, "as.aws", { credentials: A_FUNCTION, region: A_TEXT });
}

/** One for all sources: it keeps what it finds. */
let found: CredentialSource | undefined;

/**
 * Finds out where AWS is. A profile is read at each call, so that a new login counts.
 *
 * @param named the region that the function's ARN, or the URL, says
 * @throws SignetError `config_invalid` where no region is known
 */
export function awsAccess({ credentials, region }: AwsIdentity, named: string | undefined): AwsAccess {
  const env = withProfile(process.env);
  const known = named ?? region ?? regionIn(env);
  if (known === undefined)
    throw invalidOption("region", "is not known: give as.aws.region, the function's whole ARN, or AWS_REGION");
  if (credentials === undefined) found ??= credentialChain();
  return { env, region: known, credentials: credentials ?? (found as CredentialSource) };
}
