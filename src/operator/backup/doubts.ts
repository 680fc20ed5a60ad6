import type { ActiveDocument } from "../../keyring/active-document.js";
import type { Keyring } from "../../keyring/keyring.js";
import { parsePublished } from "../../storage/published.js";
import type { Files } from "./contents.js";
import type { Here } from "./plan.js";

/** The published keys of the backup that the JWKS here does not have; none where there is no JWKS. */
export function unpublishedOf({ keys }: Keyring, files: Files, top: ActiveDocument): string[] {
  const { jwks } = parsePublished({ jwks: files.get("public/jwks.json"), discovery: undefined });
  if (jwks.keys.length === 0) return [];
  const published = new Set([top.kid, ...jwks.keys.map(({ kid }) => kid)]);
  return keys.flatMap(({ publicJwk, publishedAt, state }) =>
    publicJwk === undefined || publishedAt === undefined || state === "revoked" || published.has(publicJwk.kid)
      ? []
      : [publicJwk.kid],
  );
}

/** A place where keys were not changed last may be a copy, whole or in part. */
export function doubtOfPlace({ lastPlace }: Keyring, { place, directory }: Here): string[] {
  if (lastPlace?.digest === place) return [];
  return [`keys were last changed in another place than ${directory}: where that one still signs, both would`];
}

/** What signs nothing would begin to. */
export function doubtOfSigner({ kid, material }: ActiveDocument, files: Files): string[] {
  const { file } = material as { readonly file?: unknown };
  if (typeof file !== "string" || files.has(`keys/${file}.key`)) return [];
  return [`nothing signs here, since the private part of ${kid} is not here: where another copy signs, both would`];
}

/** Without a log, which keys were revoked since is the operator's to say. */
export function doubtsOfKeys({ keys }: Keyring, { kid: signer }: ActiveDocument, unpublished: readonly string[]): string[] {
  const good = keys.flatMap(({ publicJwk, state }) => (publicJwk && state !== "revoked" ? [publicJwk.kid] : []));
  const others = good.filter((kid) => kid !== signer);
  return [
    "keyring and audit log are both lost: what was done after the backup is not known here",
    ...unpublished.map((kid) => `${kid} is not in the JWKS that is here: it is recorded as revoked, and does not come back`),
    ...others.map((kid) => `${kid} verifies: where it was revoked after the backup, give --revoked ${kid}`),
  ];
}

/** No log tells what became of a config. */
export function doubtOfConfig(writes: Files): string[] {
  if (!writes.has("signet.json")) return [];
  return ["signet.json comes back as it was: callers and rules that were removed since are in force again"];
}
