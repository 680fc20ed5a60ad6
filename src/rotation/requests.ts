import type { PublicJwk } from "../algorithms/jwk.js";
import type { Report } from "./report.js";
import type { FoundKey } from "./steps/destroy-stray.js";
import type { SkippedKey } from "./steps/foreign-keys.js";
import type { Finding } from "./steps/repair.js";
import type { TokensAtRisk } from "./steps/revoke.js";

/** Whether the plan is only shown. */
export interface DryRun {
  readonly dryRun?: boolean | undefined;
}

/** Whether a keyring may be made where there is none. Only who makes an issuer may: everybody else would replace its keys. */
export interface Creation {
  readonly createKeyring?: boolean | undefined;
}

/** What a tick is asked for. `createKeyring` makes a new issuer where there is none. */
export type TickRequest = DryRun & Creation;

/** The same, of who can afford to look closer. */
export interface WatchfulTick extends TickRequest {
  /** Whether it looks for the audit log also where it searches for nothing else. */
  readonly looksForLog?: boolean;
}

/** What a rotation is asked for. */
export interface RotateRequest extends DryRun {
  /** Names the request: a second one of the same name is the first. */
  readonly token?: string | undefined;
  /** The kid of the key that shall sign, by a person's word that it was uploaded to verifiers. Only where the policy says `byUpload`. */
  readonly uploaded?: string | undefined;
  /** The state of the keys in which it is wanted, as `markOfKeys` has it: in another one it is refused, unless its token was given already. */
  readonly expected?: string | undefined;
}

/** What became of a rotation. */
export type RotateReport = Report & {
  /** The key that signed, and the one that signs now, or would; `null` where the rotation waits, or something else was done. */
  readonly rotated: { readonly from: string; readonly to: string } | null;
};

/** What a revocation did, and what it breaks. */
export type RevokeReport = Report & {
  readonly tokensAtRisk: TokensAtRisk;
  /** Of a dry run: why the key that is to be made afterwards could not be made from here; absent where it could. */
  readonly obstacle?: string;
};

/** What an import did. */
export type ImportReport = Report & { readonly publicJwk: PublicJwk };

/** What an import of public keys did. */
export type ForeignReport = Report & {
  /** The entries of the set that were not published, and why. */
  readonly skipped: readonly SkippedKey[];
};

/** What a repair is asked for. */
export interface RepairRequest extends DryRun {
  /** Also repairs what it finds; by default it only reports. */
  readonly apply?: boolean;
}

/** What `repair` found, and did where it was told to. */
export type RepairReport = Report & { readonly findings: readonly Finding[] };

/** What is asked to be destroyed: as its custodian lists it, or by its id, or by the name of a KMS key. */
export interface DestroyRequest extends DryRun {
  readonly name: string;
}

/** What was destroyed, or would be. */
export type DestroyReport = Report & { readonly found: FoundKey };
