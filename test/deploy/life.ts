import { createLocalJWKSet, jwtVerify } from "jose";
import { vi } from "vitest";
import { isInFull } from "../contracts/matrix.js";
import { type answerBucketAt, askResource, context, managerContext, type startStack } from "./stack.js";

const HOUR_MS = 3_600_000;

export type Stack = Awaited<ReturnType<typeof startStack>>;

/** Asks a custom resource of a stack, whose answers go to a bucket; `before` are the parameters before an update that has not ended. */
export const askedAt =
  (bucket: Awaited<ReturnType<typeof answerBucketAt>>) =>
  (stack: Stack, parameters: Record<string, string>, id: string, type: string, old = {}, before?: Record<string, string>) =>
    askResource(stack, bucket, { parameters, id, type, old, before });

const pass = (hours: number) => vi.setSystemTime(Date.now() + hours * HOUR_MS);

/** A tick an hour, or, in the short form, every few hours. */
export async function tick(stack: Stack, parameters: Record<string, string>, hours: number, everyHours = 1) {
  const manage = stack.start(stack.put(parameters), "Manager");
  const step = isInFull ? 1 : everyHours;
  for (let hour = 0; hour < hours; hour += step) {
    pass(step);
    await manage({ action: "tick" }, managerContext);
  }
}

export const issuedBy = async (issue: ReturnType<Stack["start"]>, stack: Stack, ttl = 86_400) =>
  ((await issue({ claims: { sub: "alice" }, ttl }, context(stack.issuerArn))) as unknown as { token: string }).token;

export const verified = (stack: Stack, token: string) =>
  jwtVerify(token, createLocalJWKSet(stack.read(".well-known/jwks.json")), { currentDate: new Date() });

/** The calls that no right allowed. */
export const denied = ({ aws }: Stack) => aws.calls.filter(({ code }: { code: string }) => /AccessDenied/.test(code));
