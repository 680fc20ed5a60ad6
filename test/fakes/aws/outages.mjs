import { Refusal } from "./refusal.mjs";

/** Services that are switched off: they answer nobody, and do nothing. */
export function createOutages() {
  /** What happens at each call to one. @type {Map<string, () => void>} */
  const away = new Map();

  /** @param {string} service */
  function isAway(service) {
    away.get(service)?.();
    return away.has(service);
  }

  return {
    isAway,
    /**
     * What a service keeps encrypted it cannot read without KMS.
     *
     * @param {string} code what it says then
     */
    needKms(code) {
      if (isAway("kms")) throw new Refusal(code, "KMS does not answer", 500);
    },
    /**
     * From now on a service cuts off every call, and nothing is done; `switchOn` ends that.
     *
     * @param {"kms" | "ssm" | "secretsmanager" | "s3" | "lambda" | "events" | "logs" | "iam" | "sts"} service
     * @param {() => void} [meanwhile] what happens at each call: on a clock that is the test's, time has to pass
     */
    switchOff: (service, meanwhile = () => undefined) => void away.set(service, meanwhile),
    /** @param {string} service */
    switchOn: (service) => void away.delete(service),
  };
}
