import { randomUUID } from "node:crypto";
import { userInfo } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type { Custodian } from "../custody/contract.js";
import { turns } from "../encoding/turns.js";
import type { Custody } from "../keyring/key-record.js";
import type { Stores } from "../storage/contract.js";
import type { Explanation } from "./forecast/explain.js";
import type { KeyLives } from "./forecast/key-lives.js";
import * as operations from "./operations.js";
import type { ReportedAction } from "./plan/actions.js";
import type { AuditEntry } from "./plan/audit-entry.js";
import type { RotationSettings } from "./plan/policy.js";
import type { Report } from "./report.js";
import type * as requests from "./requests.js";
import type { AuditVerdict } from "./session/audit.js";
import type { Context, Step } from "./session/context.js";
import type { Notify } from "./session/notice.js";
import type { ApplyRequest } from "./steps/apply-policy.js";
import type { BegunChain } from "./steps/begin-audit.js";
import type { ExpiryRequest } from "./steps/expiry.js";
import type { ForeignKeys } from "./steps/foreign.js";
import { handingOver } from "./steps/hand-over.js";
import { adopting, type ExistingKey, type ImportRequest, type RequestFor } from "./steps/import-key.js";
import type { RevokeRequest } from "./steps/revoke.js";
import { type ImaginedChange, type LogReading, livesAfter, logReading, type ReadLog, type Survey, survey } from "./survey.js";

/** What a manager is made of. */
export interface ManagerOptions {
  readonly stores: Stores;
  readonly custodians: Readonly<Record<Custody, Custodian>>;
  readonly settings: RotationSettings;
  /** Answers the time as a NumericDate in whole seconds. */
  readonly clock?: () => number;
  /** Names new keys. */
  readonly randomId?: () => string;
  /** The id of a new issuer's first key; a random one when absent. */
  readonly firstId?: string | undefined;
  readonly sleep?: (seconds: number) => Promise<void>;
  /** Who asks: an operating system's user, an IAM principal. For the audit log; default this process's user. */
  readonly actor?: string;
  /** Told of every step before it is done. */
  readonly onStep?: (step: Step) => void;
  /** Tells others of each change. */
  readonly notify?: Notify | undefined;
}

/** What every manager can do, the one that runs unattended among them. */
export interface CoreManager {
  /** Repairs what a crash left, and carries out what the plan says. With `createKeyring` it makes a new issuer where there is none. */
  tick(request?: requests.TickRequest): Promise<Report>;
  /** Lets a standby succeed the active key, at the earliest safe instant: now, or when the report's waits say. */
  rotate(request?: requests.RotateRequest): Promise<requests.RotateReport>;
  /** Takes a key out of use at once, and says which tokens that breaks. */
  revoke(request: RevokeRequest & requests.DryRun): Promise<requests.RevokeReport>;
  /** Takes a key that a custodian's service has already as the first key; with `createKeyring` also of a new issuer. */
  importKey(request: RequestFor<ExistingKey> & { readonly as: "active" } & requests.TickRequest): Promise<requests.ImportReport>;
  /** Makes the manager's settings the policy in force; with another algorithm or custody and `rotate`, a migration. */
  applySettings(request?: ApplyRequest & requests.DryRun): Promise<Report>;
  /** Says for each key why it is where it is and when it moves next. */
  explain(): Promise<readonly Explanation[]>;
}

/** Changes keys; everything else only reads them. */
export interface Manager extends CoreManager {
  tick(request?: requests.WatchfulTick): Promise<Report>;
  /** Takes such a key, or a private key made elsewhere; with `createKeyring` also as the first of a new issuer. */
  importKey(request: ImportRequest & requests.TickRequest): Promise<requests.ImportReport>;
  /** Publishes the public keys of another issuer as retired. */
  importForeignKeys(request: ForeignKeys & requests.DryRun): Promise<requests.ForeignReport>;
  /** Records the operator's word that no token of a key is accepted after a time (NumericDate). */
  setTokensExpireBy(request: ExpiryRequest & requests.DryRun): Promise<Report>;
  /** Reports what is not as the keyring says; with `apply`, repairs it. */
  repair(request?: requests.RepairRequest): Promise<requests.RepairReport>;
  /** Takes the lease from a holder of whom a person knows that it has ended; answers whether that one held it. */
  unlock(holder: string): Promise<boolean>;
  /** Destroys a private key that no record names, by a person's word; one that is in use is refused. */
  destroyKey(request: requests.DestroyRequest): Promise<requests.DestroyReport>;
  /** Every key's life around the present, past and planned. */
  lives(): Promise<KeyLives>;
  /** How the keys stand, of one moment; no key is opened. A log that was whole lately is not read again while the keyring has its head. */
  survey(known?: ReadLog): Promise<Survey>;
  /**
   * Every key's life as it would be after a change, of which nothing is done; no key is opened.
   *
   * @param actions what a dry run of the change would do
   * @returns `null` where that cannot be drawn
   */
  livesAfter(
    change: ImaginedChange,
    actions: readonly Pick<ReportedAction, "kind" | "kid">[],
    log: Pick<ReadLog, "history">,
  ): Promise<KeyLives | null>;
  /** The audit log with the verdict on it, and nothing else. */
  log(known?: ReadLog): Promise<LogReading>;
  /** Every change of a key, the oldest first. */
  history(): Promise<readonly AuditEntry[]>;
  /** Begins a new chain of the audit log where the one that there is was deleted or altered. */
  beginAudit(): Promise<BegunChain>;
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
  const parts = managerParts(options);
  const { context, inTurn } = parts;
  return Object.freeze({
    ...coreManager(parts),
    tick: ({ looksForLog = false, ...request } = {}) =>
      inTurn(async () => {
        const report = await operations.tick(context, request);
        return looksForLog ? operations.withLossOfLog(context, report) : report;
      }),
    importKey: (request) =>
      inTurn(() =>
        "existing" in request
          ? operations.importByHand(context, request, adopting)
          : operations.importByHand(context, request, handingOver),
      ),
    importForeignKeys: (request) => inTurn(() => operations.importForeignKeys(context, request)),
    setTokensExpireBy: (request) => inTurn(() => operations.setTokensExpireBy(context, request)),
    repair: (request = {}) => inTurn(() => operations.repair(context, request)),
    unlock: (holder) => inTurn(() => operations.unlock(context, holder)),
    destroyKey: (request) => inTurn(() => operations.destroyKey(context, request)),
    lives: () => operations.lives(context),
    survey: (known) => survey(context, known),
    livesAfter: (change, actions, log) => livesAfter(context, change, actions, log),
    log: (known) => logReading(context, known),
    beginAudit: () => inTurn(() => operations.beginAudit(context)),
    history: () => operations.history(context),
    verifyAudit: () => operations.verifyAudit(context),
  } satisfies Manager);
}

/** Makes the methods that every manager has. */
export function coreManager({ context, inTurn }: ManagerParts): CoreManager {
  return {
    tick: (request = {}) => inTurn(() => operations.tick(context, request)),
    rotate: (request = {}) => inTurn(() => operations.rotate(context, request)),
    revoke: (request) => inTurn(() => operations.revoke(context, request)),
    importKey: (request) => inTurn(() => operations.importKey(context, request, adopting)),
    applySettings: (request = {}) => inTurn(() => operations.applySettings(context, request)),
    explain: () => operations.explain(context),
  };
}

/** What the methods of one manager work with, and how they take turns. */
export interface ManagerParts {
  readonly context: Context;
  /** A manager does one thing at a time, in the order in which it was asked. */
  readonly inTurn: <T>(action: () => Promise<T>) => Promise<T>;
}

/** How a manager waits, unless it is told otherwise. */
export const sleepSeconds = (seconds: number): Promise<void> => delay(seconds * 1_000);

/** Completes what a manager is made of. */
export function managerParts(options: ManagerOptions): ManagerParts {
  const context: Context = {
    clock: () => Math.floor(Date.now() / 1_000),
    randomId: randomUUID,
    sleep: sleepSeconds,
    actor: systemUser(),
    onStep: () => undefined,
    ...options,
    manager: randomUUID(),
  };
  return { context, inTurn: turns() };
}

/** This process's user, for the audit log. A container may run under a number that has no name. */
export function systemUser(): string {
  try {
    return `user ${userInfo().username}`;
  } catch {
    return `user ${process.getuid?.() ?? "unknown"}`;
  }
}
