import type { Shape } from "../settings/shape.js";
import { facts as command } from "./command/facts.js";
import type { AwsCustody, CustodianFacts, LocalCustody } from "./facts.js";
import { facts as file } from "./file/facts.js";
import { create as createInFiles } from "./file/index.js";
import { facts as kms } from "./kms/facts.js";
import { facts as kmsDataKey } from "./kms-data-key/facts.js";
import { facts as parameterStore } from "./parameter-store/facts.js";
import { facts as secretsManager } from "./secrets-manager/facts.js";

/**
 * Every custodian that there is: a folder and a line. Those in AWS are loaded where `aws` is configured, one of this machine where its
 * member of `signet.json` is there, or where it needs none: a manager looks into every place that there may be keys in. Files come along
 * at once, since that is where most installations have theirs.
 */
export const CUSTODIES: readonly (LocalCustody | AwsCustody)[] = [
  { ...file, load: async () => ({ create: createInFiles }) },
  { ...parameterStore, load: () => import("./parameter-store/index.js") },
  { ...kms, load: () => import("./kms/index.js") },
  { ...secretsManager, load: () => import("./secrets-manager/index.js") },
  { ...kmsDataKey, load: () => import("./kms-data-key/index.js") },
  { ...command, load: () => import("./command/index.js") },
];

/** Their names, as `signet.json` has them. */
export const CUSTODY_NAMES: readonly string[] = CUSTODIES.map(({ name }) => name);

/** Their members of `signet.json`. */
export const CUSTODY_MEMBERS: Shape = Object.assign({}, ...CUSTODIES.map(({ config }) => config ?? {}));

/** The custodian of a name; `undefined` where this version has none. */
export function findCustody(name: string): LocalCustody | AwsCustody | undefined {
  return CUSTODIES.find((custody) => custody.name === name || custody.templateValue === name);
}

/** The names of custodians in a sentence: "parameter-store, kms or kms-data-key". */
export function namesIn(custodies: readonly CustodianFacts[]): string {
  const names = custodies.map(({ name }) => name);
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}

/** Tells whether a custodian encrypts its keys under a passphrase. */
export function takesPassphrase(name: string): boolean {
  return findCustody(name)?.takesPassphrase === true;
}

/** Those for whom `aws.kmsKey` is this, in a sentence. */
export function kmsKeyFor(use: NonNullable<CustodianFacts["kmsKey"]>): string {
  return namesIn(CUSTODIES.filter(({ kmsKey }) => kmsKey === use));
}
