import type { PublicJwk } from "../algorithms/jwk.js";
import { ownMember } from "../encoding/own-member.js";
import { isSignetError, SignetError } from "../errors.js";
import { activeRecord } from "../keyring/keyring.js";
import { dryRun } from "./dry-run.js";
import { type Explanation, explanationsOf } from "./forecast/explain.js";
import { forecast } from "./forecast/forecast.js";
import { type KeyLives, livesOf } from "./forecast/key-lives.js";
import type { ReportedAction } from "./plan/actions.js";
import type { AuditEntry } from "./plan/audit-entry.js";
import { plan } from "./plan/planner.js";
import { documentState, type View } from "./plan/view.js";
import { asVerifiersSee, isUnchanged, readAtOnce, readStill } from "./reading.js";
import { type Report, reportOf } from "./report.js";
import type {
  Creation,
  DestroyReport,
  DestroyRequest,
  DryRun,
  ForeignReport,
  ImportReport,
  RepairReport,
  RepairRequest,
  RevokeReport,
  RotateReport,
  RotateRequest,
  TickRequest,
} from "./requests.js";
import { type Outcome, run } from "./run.js";
import { type AuditVerdict, assertRequestToken, lossOfLog, readHistory, verifyAudit as verifyLog } from "./session/audit.js";
import { type Context, custodianOf, existingKeyring, keyringMissing } from "./session/context.js";
import { readView, readViewWithRetries } from "./session/read-view.js";
import { breakLease, isAbandoned, type Session } from "./session/session.js";
import { type ApplyRequest, applyPolicy, assertSameIssuer } from "./steps/apply-policy.js";
import { assertBroken, type BegunChain, beginChain } from "./steps/begin-audit.js";
import { assertDestroyable, destroyStray, findKey } from "./steps/destroy-stray.js";
import { type ExpiryRequest, recordExpiry } from "./steps/expiry.js";
import { type ForeignKeys, importForeign } from "./steps/foreign.js";
import type { SkippedKey } from "./steps/foreign-keys.js";
import { type Admission, admitImport, importInto, type RequestFor, type Way } from "./steps/import-key.js";
import { applyKeeping } from "./steps/kept-alike.js";
import { hasUnsent } from "./steps/notices.js";
import { doubtActive } from "./steps/prove-standbys.js";
import { recallKey } from "./steps/recall.js";
import { findFaults, repairFaults } from "./steps/repair.js";
import { requestMigration, requestRotation } from "./steps/request-rotation.js";
import { isStillSigning, type Revocation, type RevokeRequest, recordRevocation, type TokensAtRisk } from "./steps/revoke.js";
import { assertNeverRevoked } from "./steps/revoked-before.js";
import { assertNothingLeft, isElsewhere, withLease } from "./with-lease.js";

/**
 * One run: repairs, then carries out the plan. Where there is nothing to do it costs three reads, a signature of the active key, and no
 * write.
 */
export async function tick(context: Context, { dryRun: isDryRun = false, createKeyring }: TickRequest): Promise<Report> {
  const current = await context.stores.keyring.read();
  if (current === undefined) {
    if (createKeyring !== true) throw keyringMissing(context);
    if (!isDryRun) return withLease(context, (session) => run(context, session), { createKeyring });
    await assertNothingLeft(context);
    const done: ReportedAction[] = [{ kind: "create", words: "make the keyring, a first key that signs at once, and a standby" }];
    return reportOf(context, undefined, { done, plan: { actions: [], waits: [], nextAt: null } });
  }
  if (isDryRun) return dryRun(context, async () => []);
  assertSameIssuer(context.settings, current.keyring);
  const { keyring } = current;
  const view = await readView(context, keyring);
  const first = plan(view, keyring.policy, context.clock());
  const isIdle =
    first.actions.length === 0 &&
    // An unknown document may be one of a keyring over which an old one was put back.
    documentState(view) !== "foreign" &&
    !(await isAbandoned(context, keyring)) &&
    !(await isElsewhere(context, keyring)) &&
    !hasUnsent(context, keyring);
  if (isIdle) {
    const doubt = await doubtActive(context, view, context.clock());
    const isBelieved = doubt !== undefined && (await isUnchanged(context, keyring));
    return reportOf(context, keyring, { done: [], plan: first, alerts: isBelieved ? [doubt.words] : [] });
  }
  return withLease(context, (session) => run(context, session));
}

/** What a tick has reported, and whether the audit log is gone: for who ticks where two reads more cost nothing. */
export async function withLossOfLog(context: Context, report: Report): Promise<Report> {
  const lost = await lossOfLog(context.stores, await existingKeyring(context));
  return lost === undefined || report.alerts.includes(lost)
    ? report
    : Object.freeze({ ...report, alerts: [...report.alerts, lost] });
}

/** Asks for a rotation at the earliest safe instant, which is now or stands in the report's waits. */
export async function rotate(
  context: Context,
  { dryRun: isDryRun = false, token, uploaded, expected }: RotateRequest,
): Promise<RotateReport> {
  assertRequestToken(token);
  const from = activeRecord(await existingKeyring(context))?.publicJwk?.kid;
  const request = async (session: Session): Promise<[]> => {
    await requestRotation(session, { token, uploaded, expected });
    return [];
  };
  const report = await (isDryRun
    ? dryRun(context, request)
    : withLease(context, async (session) => thenRun(context, session, await request(session))));
  const isRotation = ({ because, kid }: ReportedAction): boolean =>
    because === "requested" || because === "due" || (uploaded !== undefined && kid === uploaded);
  const to = report.actions.find(isRotation)?.kid;
  return Object.freeze({ ...report, rotated: from === undefined || to === undefined ? null : { from, to } });
}

/** Revokes a key: a published standby takes over at once, and the key leaves the JWKS. */
export async function revoke(context: Context, request: RevokeRequest & DryRun): Promise<RevokeReport> {
  await existingKeyring(context);
  const told: { tokensAtRisk?: TokensAtRisk; obstacle?: string } = {};
  const record = async (session: Session): Promise<Revocation> => {
    const revocation = await recordRevocation(session, request);
    told.tokensAtRisk = revocation.tokensAtRisk;
    return revocation;
  };
  const onObstacle = ({ message }: SignetError): string => (told.obstacle = message);
  const report = await (request.dryRun === true
    ? dryRun(context, async (session) => (await record(session)) && [], { proves: "all", onObstacle })
    : withLease(context, async (session) => untilRevoked(session, await record(session), () => run(context, session))));
  return Object.freeze({ ...report, ...(told as typeof told & Pick<RevokeReport, "tokensAtRisk">) });
}

// A revocation that has to wait for a successor is no success: the old key still signs.
async function untilRevoked(session: Session, revocation: Revocation, work: () => Promise<Outcome>): Promise<Outcome> {
  const next = session.keyring().policy.byUpload === true ? "" : "; the next tick goes on with it";
  const goesOn = `key ${revocation.kid} is revoked, but still signs until another key is proven and takes over${next}`;
  try {
    const outcome = await work();
    if (!isStillSigning(session.keyring(), revocation)) return outcome;
    const why = [...(outcome.alerts ?? []), ...outcome.plan.waits.map(({ words }) => words)].join("; ");
    throw new SignetError("plan_refused", why === "" ? goesOn : `${goesOn}. ${why}`);
  } catch (error) {
    if (!isSignetError(error) || error.code === "plan_refused" || !isStillSigning(session.keyring(), revocation)) throw error;
    throw new SignetError(error.code, `${error.message}. ${goesOn}`, { cause: error });
  }
}

/**
 * Takes a key made elsewhere, as a standby or as the first key. One that was retired is taken back where keys are let sign by a person's word
 * and that word follows; one that was revoked never is.
 */
export async function importByHand<Kind>(
  context: Context,
  request: RequestFor<Kind> & DryRun & Creation,
  way: Way<Kind>,
): Promise<ImportReport> {
  return importKey(context, request, way, async (session) => {
    // Under the lease: a revocation that another manager completed just before has taken the key out of the keyring.
    await assertNeverRevoked(context, session, request, way);
    const isDry = request.dryRun === true;
    const recalled = await recallKey(context, session, request, way, isDry);
    if (isDry || recalled.length > 0 || request.as === "active") return recalled;
    if ((await way.isBegun?.(context, session, request)) === true) return [];
    // A standby of a new issuer must not become its first key by accident: the first key is made before it.
    return (await run(context, session)).done;
  });
}

/**
 * Takes a key made elsewhere.
 *
 * @param before what is done first under the lease, or to the copy of a dry run
 */
export async function importKey<Kind>(
  context: Context,
  request: RequestFor<Kind> & DryRun & Creation,
  way: Way<Kind>,
  before?: (session: Session) => Promise<readonly ReportedAction[]>,
): Promise<ImportReport> {
  let publicJwk: PublicJwk | undefined;
  // A custodian whose service names keys itself has not named it yet.
  const isUnnamed = request.dryRun === true && way.namesLater?.(custodianOf(context, request)) === true;
  const nameOf = ({ publicJwk: { kid } }: Admission) => (isUnnamed ? `of thumbprint ${kid}` : kid);
  const imported = (admission: Admission): readonly ReportedAction[] => {
    publicJwk = admission.publicJwk;
    const told = admission.told ?? [];
    return admission.record === undefined
      ? told
      : [{ kind: "import", words: `import key ${nameOf(admission)} as ${request.as}` }, ...told];
  };
  const report = await (request.dryRun === true
    ? dryRun(
        context,
        async (session) => {
          const done = (await before?.(session)) ?? [];
          return [...done, ...imported(await admitImport(context, session, request, way))];
        },
        request,
      )
    : withLease(
        context,
        async (session) => {
          const done = (await before?.(session)) ?? [];
          return thenRun(context, session, [...done, ...imported(await importInto(context, session, request, way))]);
        },
        request,
      ));
  return Object.freeze({ ...report, publicJwk: publicJwk as PublicJwk });
}

/** Publishes the public keys of another issuer as retired. */
export async function importForeignKeys(context: Context, request: ForeignKeys & DryRun): Promise<ForeignReport> {
  let skipped: readonly SkippedKey[] = [];
  const record = async (session: Session): Promise<readonly ReportedAction[]> => {
    const found = await importForeign(context, session, request);
    skipped = found.skipped;
    return found.kids.map((kid) => ({ kind: "import", words: `import the public key ${kid} as retired` }));
  };
  const report = await (request.dryRun === true
    ? dryRun(context, record)
    : withLease(context, async (session) => {
        // An issuer's own first key, if its making was interrupted, comes before the keys of others.
        const before = await run(context, session);
        return thenRun(context, session, [...before.done, ...(await record(session))]);
      }));
  return Object.freeze({ ...report, skipped });
}

/** Records when the last token of a key ends. */
export async function setTokensExpireBy(context: Context, request: ExpiryRequest & DryRun): Promise<Report> {
  await existingKeyring(context);
  const record = (session: Session) => recordExpiry(session, request.kid, request.tokensExpireBy);
  if (request.dryRun === true) return dryRun(context, record);
  return withLease(context, async (session) => thenRun(context, session, await record(session)));
}

/** Puts the settings in force; with another algorithm or custody and `rotate`, a migration. */
export async function applySettings(context: Context, request: ApplyRequest & DryRun): Promise<Report> {
  const record = async (session: Session): Promise<readonly ReportedAction[]> => {
    const before = session.keyring().policy;
    const changed = await applyPolicy(context, session, request);
    if (request.rotate === true) await requestMigration(session, before);
    const custodian = ownMember(context.custodians, session.keyring().policy.custody);
    const kept = request.keyFiles !== true || custodian === undefined ? null : await applyKeeping(session, custodian);
    const both = [changed, kept].filter((words) => words !== null);
    return both.length === 0 ? [] : [{ kind: "apply-settings", words: `put the new policy in force: ${both.join(", ")}` }];
  };
  if (request.dryRun === true) return dryRun(context, record);
  return withLease(context, async (session) => thenRun(context, session, await record(session)));
}

/** Reports what is not as the keyring says; with `apply`, repairs it. */
export async function repair(
  context: Context,
  { apply = false, dryRun: isDryRun = false }: RepairRequest,
): Promise<RepairReport> {
  const { keyring, read } = await readStill(context, async (present) => {
    const view = await readViewWithRetries(context, present);
    return { view, findings: await findFaults(context, view, context.clock()) };
  });
  const { view, findings } = read;
  if (!apply || findings.length === 0) {
    const current = plan(view, keyring.policy, context.clock());
    return Object.freeze({ ...reportOf(context, keyring, { done: [], plan: current }), findings });
  }
  if (isDryRun)
    return Object.freeze({
      ...(await dryRun(context, (session) => repairOnCopy(context, session, view), { adoptByHand: true })),
      findings,
    });
  const repairing = async (session: Session): Promise<Outcome> => {
    await repairFaults(context, session, await readViewWithRetries(context, session.keyring()));
    return run(context, session);
  };
  const report = await withLease(context, repairing, { adoptByHand: true });
  return Object.freeze({ ...report, findings });
}

/** Destroys a private key that no record names. */
export async function destroyKey(context: Context, { name, dryRun: isDryRun = false }: DestroyRequest): Promise<DestroyReport> {
  const { keyring, read } = await readAtOnce(context, async (present) => ({
    found: await findKey(context, present, name),
    view: await readView(context, present),
  }));
  const { found, view } = read;
  await assertDestroyable(context, view, found);
  const deed: ReportedAction = { kind: "destroy", words: `destroy the private key ${found.name}, held by ${found.custody}` };
  const report = isDryRun
    ? reportOf(context, keyring, { done: [deed], plan: plan(view, keyring.policy, context.clock()) })
    : await withLease(context, async (session) => {
        await destroyStray(context, session, found);
        return thenRun(context, session, [deed]);
      });
  return Object.freeze({ ...report, found });
}

/** Says for each key why it is where it is and when it moves next. */
export async function explain(context: Context): Promise<readonly Explanation[]> {
  const { keyring, read } = await readAtOnce(context, (present) => readView(context, present));
  const view = asVerifiersSee(read);
  const now = context.clock();
  return explanationsOf(view, plan(view, keyring.policy, now), now);
}

/** Every key's life around the present, past and planned. */
export async function lives(context: Context): Promise<KeyLives> {
  const { keyring, read } = await readAtOnce(context, async (present) => ({
    view: await readView(context, present),
    history: await readHistory(context.stores, present),
  }));
  const now = context.clock();
  return livesOf(keyring, forecast(read.view, now), read.history, now);
}

/** Takes the lease from a holder of whom a person knows that it has ended; answers whether that one held it. */
export async function unlock(context: Context, holder: string): Promise<boolean> {
  return breakLease(context, holder);
}

/** Every change of a key, the oldest first. */
export async function history(context: Context): Promise<readonly AuditEntry[]> {
  return readHistory(context.stores, await existingKeyring(context));
}

/** Checks the audit log against the keyring. @throws SignetError `lease_held` where keys are being changed all the while */
export async function verifyAudit(context: Context): Promise<AuditVerdict> {
  return (await readStill(context, (keyring) => verifyLog(context.stores, keyring))).read;
}

/**
 * Begins a new chain of the audit log where the one that there is was deleted or altered.
 *
 * @throws SignetError `plan_refused` where the log is whole
 */
export async function beginAudit(context: Context): Promise<BegunChain> {
  assertBroken(await verifyAudit(context));
  let headBefore = "";
  const begin = async (session: Session): Promise<Outcome> => {
    headBefore = await beginChain(context, session);
    return run(context, session);
  };
  await withLease(context, begin, { adoptAltered: false });
  return { ...(await verifyAudit(context)), headBefore };
}

async function thenRun(context: Context, session: Session, done: readonly ReportedAction[]): Promise<Outcome> {
  const outcome = await run(context, session);
  return { ...outcome, done: [...done, ...outcome.done] };
}

async function repairOnCopy(context: Context, session: Session, view: View): Promise<[]> {
  await repairFaults(context, session, view);
  return [];
}
