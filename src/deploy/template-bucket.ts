import { createHash } from "node:crypto";
import { endpointOf } from "../aws/endpoint.js";
import type { Transport } from "../aws/transport.js";
import { SignetError } from "../errors.js";

/** CloudFormation takes a longer template from S3 alone (quotas, "Template body size in a request"). */
const MAX_INLINE_BYTES = 51_200;

/** How a template is handed over. */
export type TemplateSource = { readonly TemplateBody: string } | { readonly TemplateURL: string };

const IDENTITY = "Action=GetCallerIdentity&Version=2011-06-15";
const CONFLICT = 409;

/**
 * Hands a template over: within the request where it fits, else by a private bucket of the account's, which is made when it is not
 * there. S3 is told whose bucket it must be, so that no other account can have one ready under that name.
 *
 * @param bucket the bucket; `signet-templates-ACCOUNT-REGION` when absent
 * @param env where endpoints may be configured
 */
export async function handOver(
  transport: Transport,
  text: string,
  env: Parameters<typeof endpointOf>[2],
  bucket?: string,
): Promise<TemplateSource> {
  if (Buffer.byteLength(text) <= MAX_INLINE_BYTES && bucket === undefined) return { TemplateBody: text };
  const account = await accountOf(transport);
  const name = bucket ?? `signet-templates-${account}-${transport.region}`;
  if (bucket === undefined) await makeBucket(transport, name);
  const key = `signet-${createHash("sha256").update(text).digest("hex").slice(0, 32)}.yaml`;
  await transport.call({
    service: "s3",
    action: "s3:PutObject",
    resource: `${name}/${key}`,
    method: "PUT",
    path: `/${name}/${key}`,
    headers: { "content-type": "application/yaml", "x-amz-expected-bucket-owner": account },
    body: text,
  });
  return { TemplateURL: new URL(`/${name}/${key}`, endpointOf("s3", transport.region, env)).href };
}

async function accountOf(transport: Transport): Promise<string> {
  const { body } = await transport.call({
    service: "sts",
    action: "sts:GetCallerIdentity",
    resource: "the caller",
    method: "POST",
    path: "/",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: IDENTITY,
  });
  const account = /<Account>(\d{12})<\/Account>/.exec(body)?.[1];
  if (account !== undefined) return account;
  throw new SignetError("aws_unavailable", "STS did not say which account this is; is the endpoint AWS?");
}

async function makeBucket(transport: Transport, name: string): Promise<void> {
  const place = `<LocationConstraint>${transport.region}</LocationConstraint>`;
  const body = `<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${place}</CreateBucketConfiguration>`;
  await transport.call({
    service: "s3",
    action: "s3:CreateBucket",
    resource: name,
    method: "PUT",
    path: `/${name}`,
    // The oldest region takes no constraint (CreateBucket, "LocationConstraint").
    ...(transport.region !== "us-east-1" && { body }),
    accepts: [CONFLICT],
  });
}
