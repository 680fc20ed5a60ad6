import { isAws } from "./failure.js";
import { jsonCalls } from "./json-call.js";
import { markedForDeletion } from "./secrets-manager.js";
import type { Transport } from "./transport.js";

/** Which value of a secret is meant: its current one, or that of a label or a version. */
export interface SecretVersion {
  readonly stage?: string | undefined;
  readonly version?: string | undefined;
}

/**
 * Reads parameters of other systems by what a caller of GetParameters may give: a name or an ARN, either with `:VERSION` or `:LABEL`.
 *
 * @param asked at most ten
 * @returns each with the name that it has, which need not be what was asked for; those that are not there are missing
 */
export async function foreignParameters(
  transport: Transport,
  asked: readonly string[],
): Promise<readonly { readonly Name: string; readonly Value: string; readonly ARN?: string | null | undefined }[]> {
  const input = { Names: asked, WithDecryption: true };
  const example = { Parameters: [{ Name: "", Value: "", "ARN?": "" }] } as const;
  return (await jsonCalls(transport, "ssm")("GetParameters", asked[0] ?? "", input, example)).Parameters;
}

/**
 * Reads a secret of another system, text or bytes.
 *
 * @param secret its name or ARN
 * @returns `undefined` where there is none, or not this version
 */
export async function foreignSecret(
  transport: Transport,
  secret: string,
  { stage, version }: SecretVersion,
): Promise<string | Uint8Array | undefined> {
  const which = { ...(stage !== undefined && { VersionStage: stage }), ...(version !== undefined && { VersionId: version }) };
  const example = { "SecretString?": "", "SecretBinary?": "" } as const;
  try {
    const found = await jsonCalls(transport, "secretsmanager")("GetSecretValue", secret, { SecretId: secret, ...which }, example);
    return found.SecretString ?? Buffer.from(found.SecretBinary ?? "", "base64");
  } catch (error) {
    if (isAws(error, "ResourceNotFoundException")) return undefined;
    throw isAws(error, "InvalidRequestException") ? markedForDeletion(error, secret) : error;
  }
}
