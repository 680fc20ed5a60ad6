import type { Transport } from "../aws/transport.js";
import type { Notify } from "../rotation/session/notice.js";
import { eventBusNotifier } from "./event-bus.js";
import { webhookNotifier } from "./webhook.js";

/** Where notices go. */
export interface NoticeTargets {
  /** A webhook's URL. */
  readonly webhook?: string | undefined;
  /** What its notices are signed with. */
  readonly webhookSecret?: string | undefined;
  /** The name or ARN of an event bus. */
  readonly eventBus?: string | undefined;
}

/**
 * Tells every target that was named; `undefined` where none was. One that fails does not keep the others from being told: all are
 * told again then, and know the notice by its id.
 *
 * @param transport answers how AWS is reached
 * @throws SignetError `config_invalid`
 */
export function notifierOf(
  { webhook, webhookSecret = "", eventBus }: NoticeTargets,
  transport: () => Transport,
): Notify | undefined {
  const targets: Notify[] = [];
  if (webhook !== undefined) targets.push(webhookNotifier({ url: webhook, secret: webhookSecret }));
  if (eventBus !== undefined) targets.push(eventBusNotifier(transport(), eventBus));
  if (targets.length === 0) return undefined;
  return async (notice) => {
    const ended = await Promise.allSettled(targets.map((target) => target(notice)));
    const failed = ended.find((each) => each.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  };
}
