import { withoutStack } from "../shared/report.js";
import { createLineWriter } from "../shared/write-line.js";
import { createKeyManager } from "./key-manager.js";
import type { ManagerContext } from "./within-time.js";

const manage = withoutStack(() => createKeyManager(process.env, createLineWriter()));

/** The function's handler: a tick, a request of an operator, or one of CloudFormation's. */
export const handler = async (event: unknown, context: ManagerContext) => manage(event, context);
