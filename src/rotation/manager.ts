import { beginAudit } from "./begin-audit.js";
import { type CoreManager, coreManager, type ManagerOptions, managerParts } from "./core-manager.js";
import type { KeyLives } from "./forecast/key-lives.js";
import * as operations from "./operations.js";
import type { Report } from "./report.js";
import { type AuditEntry, type AuditVerdict, readHistory, verifyAudit } from "./session/audit.js";
import { unlock } from "./session/unlock.js";
import type { ExpiryRequest, ForeignKeys } from "./steps/foreign.js";

export type { ManagerOptions } from "./core-manager.js";

/** Changes keys; everything else only reads them. */
export interface Manager extends CoreManager {
  /** Publishes the public keys of another issuer as retired. */
  importForeignKeys(request: ForeignKeys & operations.DryRun): Promise<Report>;
  /** Records the operator's word that no token of a key is accepted after a time (NumericDate). */
  tellExpiry(request: ExpiryRequest & operations.DryRun): Promise<Report>;
  /** Shows what is not as the keyring says; with `mend`, mends it. */
  repair(request?: operations.RepairRequest): Promise<operations.RepairReport>;
  /** Takes the lease from a holder of whom a person knows that it has ended; answers whether that one held it. */
  unlock(holder: string): Promise<boolean>;
  /** Destroys a private key that no record names, by a person's word; one that is in use is refused. */
  destroyKey(request: operations.DestroyRequest): Promise<operations.DestroyReport>;
  /** Every key's life around the present, past and planned. */
  lives(): Promise<KeyLives>;
  /** Every change of a key, the oldest first. */
  history(): Promise<readonly AuditEntry[]>;
  /** Begins a new chain of the audit log where the one that there is was deleted or altered. */
  beginAudit(): Promise<AuditVerdict>;
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
  const existing = () => operations.existingKeyring(context);
  return Object.freeze({
    ...coreManager(parts),
    importForeignKeys: (request) => inTurn(() => operations.importForeignKeys(context, request)),
    tellExpiry: (request) => inTurn(() => operations.tellExpiry(context, request)),
    repair: (request = {}) => inTurn(() => operations.repair(context, request)),
    unlock: (holder) => inTurn(() => unlock(context, holder)),
    destroyKey: (request) => inTurn(() => operations.destroyKey(context, request)),
    lives: () => operations.keyLives(context),
    beginAudit: () => inTurn(() => beginAudit(context)),
    history: async () => readHistory(context.stores, await existing()),
    verifyAudit: async () => verifyAudit(context.stores, await existing()),
  } satisfies Manager);
}
