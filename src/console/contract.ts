import type { ErrorCode } from "../errors.js";
import type { IssueRequest } from "../issue/request.js";
import type { FoundEntries } from "../operator/audit-search.js";
import type { LimitInForce } from "../operator/caller-limits.js";
import type { IssueCommand } from "../operator/issue-commands.js";
import type { IssueForm } from "../operator/issue-form.js";
import type { KeyOverview } from "../operator/key-overview.js";
import type { KeyLives } from "../rotation/forecast/key-lives.js";

/*
 * What the console's page and its server say to each other: types alone. Everything below `/api` is POST with a JSON object, which is read
 * strictly; what is answered is JSON. Times are NumericDates in whole seconds. Every text may hold anything that a stranger has chosen (a
 * kid, a name, a claim, a reason): it is data, and is shown as text alone.
 */

/** The header with which the page shows its session; every call but the first has it. */
export const SESSION_HEADER = "signet-session";

/** The header with which the page asks for a proof: letters and digits that it uses once. */
export const NONCE_HEADER = "signet-nonce";

/**
 * The header of an answer that proves who answers: HMAC-SHA-256 of `NONCE PATH` under the key of `SessionAnswer.proof`, in hexadecimal digits. Who
 * has taken the port of a console that has ended cannot make it.
 */
export const PROOF_HEADER = "signet-proof";

/** The paths, and what each is asked and answers. */
export interface Api {
  readonly "/api/session": { readonly asked: SessionRequest; readonly answered: SessionAnswer };
  /** Asks for the proof alone, before a body is sent. */
  readonly "/api/here": { readonly asked: NoMembers; readonly answered: NoMembers };
  readonly "/api/keys": { readonly asked: NoMembers; readonly answered: KeysView };
  readonly "/api/preview": { readonly asked: PreviewRequest; readonly answered: PreviewAnswer };
  /** Answers lines of JSON (`application/x-ndjson`), each a `ChangeLine`, as things happen. */
  readonly "/api/change": { readonly asked: ChangeRequest; readonly answered: ChangeLine };
  readonly "/api/verify": { readonly asked: VerifyRequest; readonly answered: VerifyAnswer };
  readonly "/api/issue-form": { readonly asked: IssueFormRequest; readonly answered: IssueForm };
  readonly "/api/issue": { readonly asked: IssueAsked; readonly answered: IssueAnswer };
  readonly "/api/issue-commands": { readonly asked: IssueAsked; readonly answered: IssueCommandsAnswer };
  readonly "/api/callers": { readonly asked: NoMembers; readonly answered: CallersView };
  readonly "/api/audit": { readonly asked: AuditRequest; readonly answered: AuditView };
}

/** An object without members. */
type NoMembers = Readonly<Record<string, never>>;

/**
 * Every failure, under its HTTP status. Codes that the page tells apart: `caller_unknown` (401: no session of this console; it may have been
 * started anew), `proof_refused` (401: a wrong code), `proof_replayed` (401: the code was used),
 * `keyring_conflict` (409: the keys have changed since the preview), `lease_held` and `lease_lost` (409: another manager), `aws_access_denied`
 * (500: the message names the right that is missing).
 */
export interface ErrorAnswer {
  readonly error: {
    readonly code: ErrorCode;
    /** What is wrong, and what to do next. */
    readonly message: string;
    /** The member at fault, where one is: the message need not name it. */
    readonly field?: string;
  };
}

/** The code of the link, once: what stands in its fragment, `#code=CODE`. */
type SessionRequest = { readonly code: string };

/** What the page shows from now on, in `Signet-Session`, and the key by which the console proves itself, which the page never sends. */
export type SessionAnswer = { readonly session: string; readonly proof: string };

/** The longest reason of a revocation, in characters. */
export const MAX_REASON = 500;

/** How the keys stand, and what may be done about it here. */
export interface KeysView extends KeyOverview {
  /** Where the keys are: a folder, or a stack and its region. */
  readonly place: string;
  /** True, or why it cannot be done from here. */
  readonly rights: { readonly rotate: true | string; readonly revoke: true | string };
  /** The change that this console carries out now, with its steps so far; `null` where there is none. */
  readonly underWay: { readonly change: "rotate" | "revoke"; readonly steps: readonly string[] } | null;
}

/** The lives of keys around the present, as `signet keys list --timeline --json` has them. */
export type LivesView = KeyLives;

/**
 * What is to be shown before it is done. `uploaded` names the key that a person has uploaded to verifiers, where keys sign by that word alone
 * (`awaitsUpload`); `reason` is for the audit log.
 */
export type PreviewRequest =
  | { readonly change: "rotate"; readonly uploaded?: string }
  | { readonly change: "revoke"; readonly kid: string; readonly reason?: string };

/** What would happen, by the manager's own dry run. Nothing was changed. */
export interface PreviewAnswer {
  /** Names this preview; good for one change, within ten minutes. */
  readonly preview: string;
  readonly sentences: readonly string[];
  /** As they would be; those of now are the last view's. `null` where they cannot be told. */
  readonly lives: LivesView | null;
  /** Of a revocation; `null` for a rotation, which breaks none. */
  readonly tokensAtRisk: TokensAtRiskView | null;
  /** What has to be typed before it is done: the kid of the key that is to be revoked; `null` where nothing has to. */
  readonly confirm: string | null;
}

/** Which tokens a revocation breaks. */
interface TokensAtRiskView {
  /** True where no token is known to break. Who has the key may still sign some. */
  readonly isNone: boolean;
  /** Which they are, when the last one ends, and until when caches of verifiers may hold the key. */
  readonly words: string;
}

/** What was previewed is to be done. */
export interface ChangeRequest {
  readonly preview: string;
  /** What was typed. */
  readonly confirm?: string;
}

/**
 * A line of what happens. The last one is `done`, with the keys as they stand then (`null` where they could not be read), or `error`; a stream
 * that ends without either was cut, and the keys are to be read again.
 */
export type ChangeLine =
  | { readonly step: string }
  | { readonly done: { readonly sentences: readonly string[]; readonly keys: KeysView | null } }
  | ErrorAnswer;

/** A token, and whose keys verify it. Those of an issuer's URL are fetched, over https or from this machine; nothing else is sent anywhere. */
export interface VerifyRequest {
  /** As it was pasted; also with `Bearer` before it. */
  readonly token: string;
  readonly by: "own" | { readonly issuer: string };
  readonly audience?: string;
}

/** What a token says, and whether it is good. */
export interface VerifyAnswer {
  /** As the claims. */
  readonly header: string | null;
  /** As JSON, indented, each number digit by digit as it stands in the token; `null` where it cannot be read. */
  readonly claims: string | null;
  readonly times: readonly { readonly claim: "iat" | "nbf" | "exp"; readonly words: string }[];
  readonly verdict: {
    readonly isValid: boolean;
    /** The refusal's code; absent where it is valid. */
    readonly code?: ErrorCode;
    /** Who signed it and when it ends, or why it is refused, with what was expected. */
    readonly words: string;
    /** What was not checked, and how it would be. */
    readonly unchecked: readonly string[];
    /** Where the keys were fetched; absent where they are this issuer's. */
    readonly keysFrom?: string;
  };
}

/** For whom a token would be issued; absent: within the issuer's limits. */
export type IssueFormRequest = { readonly caller?: string };

/** A token that is asked for. */
export type IssueAsked = { readonly request: IssueRequest; readonly caller?: string };

/** How the same is asked for elsewhere. */
export type IssueCommandsAnswer = { readonly commands: readonly IssueCommand[] };

/** A token, once: it is kept nowhere. */
export interface IssueAnswer extends IssueCommandsAnswer {
  readonly token: string;
  /** As JSON, like those of `VerifyAnswer`. */
  readonly claims: string;
  /** What had to be put in force before it was issued, and what could not be, a sentence each. */
  readonly notes: readonly string[];
}

/** Who may ask for tokens. */
export interface CallersView {
  readonly callers: readonly CallerView[];
  /** What is doubtful, each in a sentence: rules that overlap, keys that are old. */
  readonly doubts: readonly string[];
  /** Why the last uses are not known, where they are not. */
  readonly usesUnknown: string | null;
}

/** A caller. */
export interface CallerView {
  readonly name: string;
  /** What proves it, each in a line; none where only IAM lets it in. */
  readonly proofs: readonly string[];
  /** When it was recognised last; `null` where it never was, or that is not known. */
  readonly lastUse: number | null;
  readonly lastUseWords: string;
  /** What it may do beside issuing, or instead. */
  readonly may: readonly string[];
  readonly limits: readonly LimitInForce[];
}

/** Which entries are wanted: those that hold a text in any of their members, and are before a number. */
export type AuditRequest = { readonly search?: string; readonly before?: number };

/** The audit log, the newest entry first. */
export interface AuditView extends FoundEntries {
  /** SHA-256 of the last entry: to be kept elsewhere. */
  readonly head: string;
  /** How many entries there are. */
  readonly count: number;
  /** `isIntact` is `null` where that cannot be told, since keys are being changed. */
  readonly chain: { readonly isIntact: boolean | null; readonly words: string };
}
