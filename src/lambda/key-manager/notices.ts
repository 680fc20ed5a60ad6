import { createParameterReader } from "../../aws/ssm.js";
import type { Transport } from "../../aws/transport.js";
import { notifierOf } from "../../notify/notifier.js";
import type { Notify } from "../../rotation/session/notice.js";
import type { Log } from "../shared/log.js";
import { wrong } from "../shared/settings.js";
import type { ManagerSettings } from "./settings.js";

const PARAMETER = "ssm:";

/** Tells the function's log of each change of a key, and then whoever else is configured. */
export function managerNotices({ notices }: ManagerSettings, transport: Transport, log: Log): Notify {
  let others: Promise<Notify | undefined> | undefined;

  // The secret is read when there is something to sign with it: most ticks have nothing to tell.
  async function notifier(): Promise<Notify | undefined> {
    const { webhookSecret = "" } = notices;
    if (!webhookSecret.startsWith(PARAMETER)) return notifierOf(notices, () => transport);
    const name = webhookSecret.slice(PARAMETER.length);
    const found = (await createParameterReader(transport).get([name])).get(name);
    if (found === undefined) throw wrong("SIGNET_WEBHOOK_SECRET", "names a parameter that is not there");
    return notifierOf({ ...notices, webhookSecret: found.trim() }, () => transport);
  }

  return async (notice) => {
    const { event, keys, why } = notice.change;
    others ??= notifier();
    try {
      await (await others)?.(notice);
    } catch (error) {
      others = undefined;
      throw error;
    }
    // Of level WARN: whoever rotates must be heard of, whatever level the function's log has.
    log("WARN", "notice", { notice: event, keys, why, signs: notice.signs, next: notice.next });
  };
}
