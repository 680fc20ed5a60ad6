import { searchHistory } from "../operator/audit-search.js";
import { auditInWords, MOVING } from "../operator/key-health.js";
import type { AuditRequest, AuditView } from "./contract.js";
import type { IssuerAtHand } from "./issuer-at-hand.js";

/** As many entries are answered at once. */
const MAX_ENTRIES = 100;

/** The audit log, the newest entry first, with the verdict on its chain. */
export async function auditView(issuer: IssuerAtHand, request: AuditRequest): Promise<AuditView> {
  // The chain is checked anew when the log is opened, and not for each letter of a search.
  const isFresh = request.search === undefined && request.before === undefined;
  const { log, isMoving } = await issuer.log({ isFresh });
  const { history, verdict } = log;
  const { isIntact, count, head } = verdict;
  const chain = isMoving && !isIntact ? { isIntact: null, words: MOVING } : { isIntact, words: auditInWords(verdict) };
  return { ...searchHistory(history, request, MAX_ENTRIES), head, count, chain };
}
