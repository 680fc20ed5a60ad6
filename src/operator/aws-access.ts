import { credentialChain } from "../aws/credential-chain.js";
import { regionIn } from "../aws/endpoint.js";
import { withProfile } from "../aws/profile-environment.js";
import { createTransport, type Transport, type TransportOptions } from "../aws/transport.js";
import { SignetError } from "../errors.js";
import type { Surroundings } from "./surroundings.js";

/**
 * Access to AWS for a command, as the one who runs it.
 *
 * @param name the thing that the command is about: where it is an ARN, the region is its own
 * @param fallback the region of what has no ARN; else the environment's or its profile's
 * @param waits how long a call, and a try of one, may take, whether there is another one, and who is told of it
 * @throws SignetError `usage` where no region is known
 */
export function awsAccess(
  surroundings: Surroundings,
  name: string,
  fallback?: string,
  waits: Pick<TransportOptions, "attemptMs" | "deadlineMs" | "isOnce" | "onRetry"> = {},
): Transport {
  const env = withProfile(surroundings.env);
  const region = (name.startsWith("arn:") ? name.split(":")[3] : fallback) || regionIn(env);
  if (!region)
    throw new SignetError(
      "usage",
      "no AWS region is known: set AWS_REGION, give the profile one (`aws configure set region eu-central-1`), or give the whole ARN",
    );
  return createTransport({ region, credentials: credentialChain(env), env, ...waits });
}
