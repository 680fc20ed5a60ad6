import { SignetError } from "../errors.js";
import type { Environment } from "./endpoint.js";
import type { Credentials } from "./sigv4.js";

/** Answers credentials; the provider caches them for as long as they are good. */
export type CredentialSource = () => Credentials | Promise<Credentials>;

/** The credentials that stand in the environment, as Lambda provides them. */
export function environmentCredentials(env: Environment): Credentials | undefined {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = env;
  return accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey, sessionToken: sessionToken || undefined } : undefined;
}

/** The error of a program that finds no credentials. */
export function noCredentials(cause?: unknown): SignetError {
  return new SignetError(
    "aws_credentials",
    "no AWS credentials were found: log in (`aws sso login`), name a profile in AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    { cause },
  );
}
