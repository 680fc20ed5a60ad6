import { asArgument } from "../../encoding/shell-argument.js";
import type { ActiveDocument } from "../../keyring/active-document.js";
import { activeRecord, type Keyring, recordByKid } from "../../keyring/keyring.js";
import { nameOf } from "../../rotation/plan/view.js";
import { parsePublished } from "../../storage/published.js";
import { type Files, keyIdOf, keyPathOf } from "./contents.js";
import type { Ending } from "./log.js";
import type { Here } from "./plan.js";
import { isOwn } from "./prove-files.js";
import { isRevoked } from "./revoked-since.js";

/** The published keys of the backup that the JWKS here (`kids`) does not have; none where there is no JWKS. */
export function unpublishedOf({ keys }: Keyring, kids: readonly string[], top: ActiveDocument): string[] {
  if (kids.length === 0) return [];
  const published = new Set([top.kid, ...kids]);
  return keys.flatMap(({ publicJwk, publishedAt, state }) =>
    publicJwk === undefined || publishedAt === undefined || state === "revoked" || published.has(publicJwk.kid)
      ? []
      : [publicJwk.kid],
  );
}

/** Whether the issuer went on after the backup, by documents and JWKS that are here; also where no JWKS tells. */
export function isPassed(keyring: Keyring, kids: readonly string[], top: ActiveDocument): boolean {
  const isKnown = (kid: string): boolean => recordByKid(keyring, kid) !== undefined;
  return (
    top.sequence > keyring.lastSequence ||
    kids.length === 0 ||
    !kids.includes(top.kid) ||
    !kids.every(isKnown) ||
    unpublishedOf(keyring, kids, top).length > 0
  );
}

/** The kids that the JWKS here lists; none where it is not there, or damaged. */
export function publishedIn(files: Files): string[] {
  return parsePublished({ jwks: files.get("public/jwks.json"), discovery: undefined }).jwks.keys.map(({ kid }) => kid);
}

/** A place where keys were not changed last may be a copy, whole or in part. */
export function doubtOfPlace({ lastPlace }: Keyring, { place, directory }: Here): string[] {
  if (lastPlace?.digest === place) return [];
  return [`keys were last changed in another place than ${directory}: where that one still signs, both would`];
}

/** What signs nothing would begin to. */
export function doubtOfSigner({ kid, material }: ActiveDocument, files: Files): string[] {
  const { file } = material as { readonly file?: unknown };
  return typeof file !== "string" || files.has(keyPathOf(file)) ? [] : [silent(kid)];
}

/** The same beside a keyring: private keys that come back sign, or stand in for the one that did. */
export function doubtOfSilence(keyring: Keyring, files: Files, writes: Files): string[] {
  const signer = activeRecord(keyring);
  if (signer === undefined || !isOwn(signer) || files.has(keyPathOf(signer.id))) return [];
  return [...writes.keys()].some((path) => keyIdOf(path) !== undefined) ? [silent(nameOf(signer))] : [];
}

function silent(kid: string): string {
  return `nothing signs here, since the private part of ${kid} is not here: where another copy signs, both would`;
}

const UNKNOWN = {
  lost: "keyring and audit log are both lost: what was done after the backup is not known here",
  same: "the keyring is lost, and the audit log here ends with the backup, although the issuer went on: what was done since is not known here",
  torn: "the keyring is lost, and the audit log here is damaged after the backup: not all that was done since is known here",
};

/** What tells which keys are over, where no whole log goes on beyond the backup. */
export interface Evidence {
  readonly history: keyof typeof UNKNOWN;
  readonly top: ActiveDocument;
  /** The kids that the JWKS here lists; none where there is no JWKS. */
  readonly published: readonly string[];
  /** The kids that are recorded as revoked since it does not list them. */
  readonly unpublished: readonly string[];
  /** What a damaged log says of keys that the backup's keyring has as good ones, by their kids. */
  readonly told: ReadonlyMap<string, Ending>;
}

/**
 * Which keys were revoked since the backup is the operator's to say.
 *
 * @param keyring what would be written
 * @param directory for messages
 */
export function doubtsOfKeys(keyring: Keyring, evidence: Evidence, directory: string): string[] {
  const { history, top, unpublished, told } = evidence;
  const others = keyring.keys.flatMap(({ publicJwk, state }) => (publicJwk && state !== "revoked" ? [publicJwk.kid] : []));
  return [
    UNKNOWN[history],
    ...revokedByLog(evidence).map(
      (kid) =>
        `the damaged audit log says that ${kid} was ${told.get(kid)}: it is recorded as revoked, and does not come back; where that is wrong, move the log away first`,
    ),
    ...unpublished.map((kid) => `${kid} is not in the JWKS that is here: it is recorded as revoked, and does not come back`),
    ...others.filter((kid) => kid !== top.kid).map((kid) => `${verifies(kid, told)}: ${revocationOf(kid)}`),
    ...doubtsOfTop(keyring, evidence, directory),
  ];
}

/** The keys that a damaged log lets a restore record as revoked. One that signs here is not among them: the active document says otherwise. */
export function revokedByLog({ top, told }: Pick<Evidence, "top" | "told">): string[] {
  return [...told].flatMap(([kid, ending]) => (kid === top.kid || ending === "removed" ? [] : [kid]));
}

function verifies(kid: string, told: Evidence["told"]): string {
  return told.has(kid) ? `${kid} verifies, although the damaged audit log says that it was removed` : `${kid} verifies`;
}

function revocationOf(kid: string): string {
  return `where it was revoked after the backup, give --revoked ${asArgument(kid)}`;
}

// An older document comes to the top where a newer one was lost, or taken away.
function doubtsOfTop(keyring: Keyring, { top: { kid }, published, told }: Evidence, directory: string): string[] {
  const record = recordByKid(keyring, kid);
  const ending = told.get(kid);
  const against = [
    ...(ending === undefined ? [] : [`the damaged audit log says that it was ${ending}`]),
    ...(published.length === 0 || published.includes(kid) ? [] : ["the JWKS that is here does not have it"]),
  ];
  if (against.length === 0 || (record !== undefined && isRevoked(record))) return [];
  const remedy =
    record === undefined
      ? `where it was revoked after the backup, move ${directory}/active away instead: what is restored then is a copy that waits for your word`
      : revocationOf(kid);
  return [`${kid} signs by the active document that is here, although ${against.join(", and ")}: ${remedy}`];
}

/** No log tells what became of a config. */
export function doubtOfConfig(writes: Files): string[] {
  if (!writes.has("signet.json")) return [];
  return ["signet.json comes back as it was: callers and rules that were removed since are in force again"];
}
