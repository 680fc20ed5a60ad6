import { type AlgorithmName, algorithmNamed } from "../../algorithms/table.js";
import { LAMBDA_CUSTODIES } from "../../custody/lambda.js";
import { closedObject, faultFinder, isObject } from "../../encoding/object-schema.js";
import { nameInWords, SignetError } from "../../errors.js";
import type { Custody } from "../../keyring/key-record.js";
import type { CoreManager } from "../../rotation/manager.js";
import { assertWell } from "../../rotation/report.js";

/** What the key manager's function does when it is asked: an invocation names it as its `action`. */
const ACTIONS = ["tick", "rotate", "revoke", "migrate", "explain"] as const;
type Action = (typeof ACTIONS)[number];

const TEXT = { type: "string", minLength: 1, title: "a text" } as const;
const FLAG = { type: "boolean", title: "true or false" } as const;
const LIST = { type: "array", minItems: 1, items: { type: "string" }, title: "a list of algorithms" } as const;

const FAULT_OF: Readonly<Record<Action, ReturnType<typeof faultFinder>>> = {
  tick: faultFinder(closedObject([], { action: TEXT, dryRun: FLAG })),
  rotate: faultFinder(closedObject([], { action: TEXT, dryRun: FLAG, uploaded: TEXT, token: TEXT, expected: TEXT })),
  revoke: faultFinder(closedObject(["kid"], { action: TEXT, dryRun: FLAG, kid: TEXT, reason: TEXT, expected: TEXT })),
  migrate: faultFinder(closedObject([], { action: TEXT, dryRun: FLAG, algorithm: TEXT, custody: TEXT, verifiersAccept: LIST })),
  explain: faultFinder(closedObject([], { action: TEXT })),
};

interface Asked {
  readonly action: Action;
  readonly dryRun?: boolean;
  readonly kid?: string;
  readonly uploaded?: string;
  readonly token?: string;
  readonly expected?: string;
  readonly reason?: string;
  readonly algorithm?: string;
  readonly custody?: string;
  readonly verifiersAccept?: readonly string[];
}

/**
 * Reads a request: a scheduled event of EventBridge and an empty object ask for a tick.
 *
 * @throws SignetError `invalid_request` or `unknown_field`
 */
function askedOf(event: unknown): Asked {
  if (!isObject(event)) throw new SignetError("invalid_request", `the event must be an object, ${EXAMPLE}`);
  if (event["detail-type"] === "Scheduled Event" && event.source === "aws.events") return { action: "tick" };
  const action = event.action === undefined && Object.keys(event).length === 0 ? "tick" : event.action;
  const known = ACTIONS.find((each) => each === action);
  if (known === undefined) {
    throw new SignetError("invalid_request", `action must be one of ${ACTIONS.join(", ")}, ${EXAMPLE}`, { field: "action" });
  }
  const fault = FAULT_OF[known](event);
  if (fault === undefined) return { ...(event as unknown as Asked), action: known };
  const { field, mustBe } = fault;
  if (mustBe === undefined)
    throw new SignetError("unknown_field", `${known} has no member ${nameInWords(field, "of that name")}`, { field });
  throw new SignetError("invalid_request", `${field} must be ${mustBe}`, { field });
}

const EXAMPLE = 'such as {"action": "tick"}';

/**
 * Does what an invocation asks for.
 *
 * @returns the manager's report, or the explanations
 * @throws SignetError `plan_refused` or `key_unusable` for a tick that needs an operator, and what the manager throws
 */
export async function perform(manager: CoreManager, event: unknown): Promise<object> {
  const asked = askedOf(event);
  const { dryRun, kid = "", algorithm, custody, verifiersAccept = [] } = asked;
  switch (asked.action) {
    case "tick": {
      const report = await manager.tick({ dryRun });
      assertWell(report);
      return report;
    }
    case "rotate":
      return manager.rotate(asked);
    case "revoke":
      return manager.revoke({ ...asked, kid });
    case "migrate":
      return manager.applySettings({
        rotate: true,
        dryRun,
        verifiersAccept: verifiersAccept.map((name) => algorithmNamed(name).name),
        ...(algorithm !== undefined && { algorithm: algorithmNamed(algorithm).name satisfies AlgorithmName }),
        ...(custody !== undefined && { custody: custodyNamed(custody) }),
      });
    case "explain":
      return { keys: await manager.explain() };
  }
}

function custodyNamed(name: string): Custody {
  if (LAMBDA_CUSTODIES.includes(name)) return name;
  throw new SignetError("invalid_request", `custody must be one of ${LAMBDA_CUSTODIES.join(", ")}`, { field: "custody" });
}
