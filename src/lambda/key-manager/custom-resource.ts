import { request } from "node:http";
import { request as requestTls } from "node:https";
import { partitionOf } from "../../aws/endpoint.js";
import { isLoopback } from "../../encoding/loopback-host.js";
import { isObject } from "../../encoding/object-schema.js";
import { urlOf } from "../../encoding/url-of.js";
import { SignetError } from "../../errors.js";

/** What CloudFormation asks of a custom resource (CloudFormation user guide, "Custom resource request objects"). */
export interface ResourceRequest {
  readonly RequestType: "Create" | "Update" | "Delete";
  readonly ResponseURL: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
  readonly ResourceType?: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceProperties: Readonly<Record<string, unknown>>;
  readonly OldResourceProperties?: Readonly<Record<string, unknown>>;
}

/** How a request ended. */
export type ResourceOutcome =
  | { readonly Status: "SUCCESS"; readonly Data: Readonly<Record<string, string>> }
  | { readonly Status: "FAILED"; readonly Reason: string };

/** Whom a request may come from, and where its answer may go. */
export interface ResourceTrust {
  readonly region: string;
  readonly stackId: string | undefined;
  readonly responseEndpoint: string | undefined;
}

/** CloudFormation takes no more (user guide, "Custom resource response objects"). */
const MAX_BYTES = 4_096;
const MAX_REASON_CHARACTERS = 1_000;
const TRIES = 4;
const TRY_MS = 5_000;

/** Tells a request for a custom resource from others. */
export function isResourceRequest(event: unknown): event is Record<string, unknown> {
  return isObject(event) && ("ResponseURL" in event || "RequestType" in event);
}

/**
 * Reads such a request. Anybody who may invoke the function can send one: it is believed only where it is about the stack that the
 * function belongs to, and its answer goes only where CloudFormation reads answers.
 *
 * @throws SignetError `invalid_request`; then nothing was done and no URL was called
 */
export function readResourceRequest(event: Record<string, unknown>, trust: ResourceTrust): ResourceRequest {
  for (const name of ["RequestType", "ResponseURL", "StackId", "RequestId", "LogicalResourceId"] as const) {
    if (typeof event[name] !== "string") throw refused(`${name} must be a text`, name);
  }
  const request = event as unknown as ResourceRequest;
  if (!["Create", "Update", "Delete"].includes(request.RequestType)) throw refused("RequestType is unknown", "RequestType");
  if (!isObject(event.ResourceProperties)) throw refused("ResourceProperties must be an object", "ResourceProperties");
  if (trust.stackId === undefined || request.StackId !== trust.stackId) {
    throw refused("StackId is not the stack that this function belongs to (SIGNET_STACK_ID)", "StackId");
  }
  if (!isAnswerable(request.ResponseURL, trust))
    throw refused("ResponseURL is not one of CloudFormation's in this region", "ResponseURL");
  return request;
}

function refused(what: string, field: string): SignetError {
  return new SignetError("invalid_request", `a custom resource's request was refused: ${what}`, { field });
}

// Each region has a bucket of CloudFormation's own, named by the region's name without its dashes; no other account can have that name.
function isAnswerable(text: string, { region, responseEndpoint }: ResourceTrust): boolean {
  const url = urlOf(text);
  if (url === undefined) return false;
  const endpoint = urlOf(responseEndpoint ?? "");
  if (endpoint !== undefined) {
    // This machine has several names.
    const { protocol, port, hostname } = endpoint;
    const isHere = isLoopback(hostname) && isLoopback(url.hostname) && url.username === "";
    if (isHere && url.protocol === protocol && url.port === port) return true;
  }
  const bucket = `cloudformation-custom-resource-response-${region.replaceAll("-", "")}`;
  const endpoints = ["s3", `s3.${region}`, `s3-${region}`, `s3.dualstack.${region}`];
  const hosts = endpoints.map((endpoint) => `${bucket}.${endpoint}.${partitionOf(region).suffix}`);
  return url.protocol === "https:" && url.port === "" && url.username === "" && hosts.includes(url.hostname);
}

/**
 * Tells CloudFormation how a request ended: a PUT to the URL that it has signed, tried again where that fails.
 *
 * @throws SignetError `aws_unavailable`
 */
export async function answerResource(to: ResourceRequest, physicalId: string, outcome: ResourceOutcome): Promise<void> {
  const body = bodyOf(to, physicalId, outcome);
  let failure: unknown;
  for (let tried = 0; tried < TRIES; tried++) {
    try {
      return await put(new URL(to.ResponseURL), body);
    } catch (error) {
      failure = error;
      await new Promise((resolve) => setTimeout(resolve, 200 * 2 ** tried));
    }
  }
  throw new SignetError("aws_unavailable", "CloudFormation did not take the custom resource's answer", { cause: failure });
}

function bodyOf(to: ResourceRequest, PhysicalResourceId: string, outcome: ResourceOutcome): string {
  const { StackId, RequestId, LogicalResourceId } = to;
  const bounded = outcome.Status === "FAILED" ? { ...outcome, Reason: outcome.Reason.slice(0, MAX_REASON_CHARACTERS) } : outcome;
  const text = JSON.stringify({ ...bounded, PhysicalResourceId, StackId, RequestId, LogicalResourceId });
  if (Buffer.byteLength(text) <= MAX_BYTES) return text;
  const Reason = `the answer would be larger than CloudFormation takes (${MAX_BYTES} bytes)`;
  return JSON.stringify({ Status: "FAILED", Reason, PhysicalResourceId, StackId, RequestId, LogicalResourceId });
}

function put(url: URL, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    // The URL was signed without a content type.
    const headers = { "content-type": "", "content-length": Buffer.byteLength(body) };
    const send = url.protocol === "https:" ? requestTls : request;
    const outgoing = send(url, { method: "PUT", headers, timeout: TRY_MS }, (incoming) => {
      incoming.resume();
      incoming.on("end", () => {
        const { statusCode = 0 } = incoming;
        if (statusCode >= 200 && statusCode < 300) resolve();
        else reject(new Error(`CloudFormation's bucket answered ${statusCode}`));
      });
      incoming.on("error", reject);
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error("CloudFormation's bucket does not answer")));
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
