import { randomUUID } from "node:crypto";
import { userInfo } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type { Custodian } from "../custody/contract.js";
import type { Custody } from "../keyring/key-record.js";
import type { Stores } from "../storage/contract.js";
import { type AuditEntry, type AuditVerdict, readHistory, verifyAudit } from "./audit.js";
import type { Context, Step } from "./context.js";
import type { Explanation } from "./explain.js";
import type { ExpiryRequest, ForeignKeys } from "./foreign.js";
import type { ImportRequest } from "./import-key.js";
import type { KeyLives } from "./key-lives.js";
import type { Report } from "./manager-report.js";
import * as operations from "./operations.js";
import type { RotationSettings } from "./policy.js";
import type { RevokeRequest } from "./revoke.js";
import type { ApplyRequest } from "./settings.js";

/** What a manager is made of. */
export interface ManagerOptions {
  readonly stores: Stores;
  readonly custodians: Partial<Record<Custody, Custodian>>;
  readonly settings: RotationSettings;
  /** Answers the time as a NumericDate in whole seconds. */
  readonly clock?: () => number;
  /** Names new keys. */
  readonly randomId?: () => string;
  readonly sleep?: (seconds: number) => Promise<void>;
  /** Who asks: an operating system's user, an IAM principal. For the audit log; default this process's user. */
  readonly actor?: string;
  /** Told of every step before it is done. */
  readonly onStep?: (step: Step) => void;
}

/** Changes keys; everything else only reads them. */
export interface Manager {
  /** Repairs what a crash left, and carries out what the plan says. On an empty keyring it makes the first key. */
  tick(request?: operations.DryRun): Promise<Report>;
  /** Lets a standby succeed the active key, at the earliest safe instant: now, or when the report's waits say. */
  rotate(request?: operations.DryRun): Promise<Report>;
  /** Takes a key out of use at once, and says which tokens that breaks. */
  revoke(request: RevokeRequest & operations.DryRun): Promise<operations.RevokeReport>;
  /** Takes a private key made elsewhere. */
  importKey(request: ImportRequest & operations.DryRun): Promise<operations.ImportReport>;
  /** Publishes the public keys of another issuer as retired. */
  importForeignKeys(request: ForeignKeys & operations.DryRun): Promise<Report>;
  /** Records the operator's word that no token of a key is accepted after a time (NumericDate). */
  tellExpiry(request: ExpiryRequest & operations.DryRun): Promise<Report>;
  /** Makes the manager's settings the policy in force; with another algorithm or custody and `rotate`, a migration. */
  applySettings(request?: ApplyRequest & operations.DryRun): Promise<Report>;
  /** Shows what is not as the keyring says; with `mend`, mends it. */
  repair(request?: operations.RepairRequest): Promise<operations.RepairReport>;
  /** Says for each key why it is where it is and when it moves next. */
  explain(): Promise<readonly Explanation[]>;
  /** Every key's life around the present, past and planned. */
  lives(): Promise<KeyLives>;
  /** Every change of a key, the oldest first. */
  history(): Promise<readonly AuditEntry[]>;
  /** Checks the audit log against the keyring. */
  verifyAudit(): Promise<AuditVerdict>;
}

/**
 * Makes a manager of an issuer's keys. Several may run at once, anywhere: they take turns by a lease in the keyring.
 *
 * @throws SignetError `lease_held`, `lease_lost`, `clock_untrusted`, `plan_refused` and what stores and custodians throw, from
 * its methods; a run that failed is resumed by the next
 */
export function createManager(options: ManagerOptions): Manager {
  const context: Context = {
    clock: () => Math.floor(Date.now() / 1_000),
    randomId: randomUUID,
    sleep: (seconds) => delay(seconds * 1_000),
    actor: systemUser(),
    onStep: () => undefined,
    ...options,
    manager: randomUUID(),
  };
  const inTurn = turns();
  const existing = () => operations.existingKeyring(context);
  return Object.freeze({
    tick: (request) => inTurn(() => operations.tick(context, request?.dryRun === true)),
    rotate: (request = {}) => inTurn(() => operations.rotate(context, request)),
    revoke: (request) => inTurn(() => operations.revoke(context, request)),
    importKey: (request) => inTurn(() => operations.importKey(context, request)),
    importForeignKeys: (request) => inTurn(() => operations.importForeignKeys(context, request)),
    tellExpiry: (request) => inTurn(() => operations.tellExpiry(context, request)),
    applySettings: (request = {}) => inTurn(() => operations.applySettings(context, request)),
    repair: (request = {}) => inTurn(() => operations.repair(context, request)),
    explain: () => operations.explainKeys(context),
    lives: () => operations.keyLives(context),
    history: async () => readHistory(context.stores, await existing()),
    verifyAudit: async () => verifyAudit(context.stores, await existing()),
  } satisfies Manager);
}

// A container may run under a number that has no name.
function systemUser(): string {
  try {
    return `user ${userInfo().username}`;
  } catch {
    return `user ${process.getuid?.() ?? "unknown"}`;
  }
}

// A manager does one thing at a time, in the order in which it was asked.
function turns(): <T>(action: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (action) => {
    const mine = last.then(action, action);
    last = mine.catch(() => undefined);
    return mine;
  };
}
