import { AwsFailure } from "../aws/failure.js";
import { jsonCalls } from "../aws/json-call.js";
import type { Transport } from "../aws/transport.js";
import type { Notify } from "../rotation/session/notice.js";

const ANSWER = { FailedEntryCount: 0, Entries: [{ "ErrorCode?": "" }] } as const;

/**
 * Puts notices on an event bus of EventBridge (PutEvents): source `signet`, detail type `Signet key change`, the notice as detail.
 *
 * @param bus its name or ARN
 */
export function eventBusNotifier(transport: Transport, bus: string): Notify {
  const call = jsonCalls(transport, "events");
  return async (notice) => {
    const entry = { Source: "signet", DetailType: "Signet key change", Detail: JSON.stringify(notice), EventBusName: bus };
    const { FailedEntryCount, Entries } = await call("PutEvents", bus, { Entries: [entry] }, ANSWER);
    if (FailedEntryCount === 0) return;
    const code = Entries[0]?.ErrorCode ?? "";
    throw new AwsFailure(
      "aws_refused",
      `events:PutEvents on ${bus}: EventBridge did not take a notice (${code || "no reason"})`,
      code,
    );
  };
}
