import { SignetError } from "../../errors.js";
import { presentSeconds } from "../../issue/issuer.js";
import { publishedRecords } from "../../keyring/documents.js";
import type { KeyRecord } from "../../keyring/key-record.js";
import type { Keyring } from "../../keyring/keyring.js";
import { type CommonOptions, type Context, openInstallation } from "../context.js";
import { table } from "../table.js";
import { fromNow } from "../times-in-words.js";

/** `signet keys list`: every key and where it is in its life. */
export async function keysList(context: Context, options: CommonOptions): Promise<void> {
  const { stores } = await openInstallation(context, options);
  const found = await stores.keyring.read();
  if (found === undefined) throw new SignetError("keyring_missing", "there are no keys yet: run `signet init`");
  const records = inOrder(found.keyring);
  if (options.json === true) {
    context.output.json({ issuer: found.keyring.issuer, keys: records.map(publicRecord) });
    return;
  }
  const now = presentSeconds();
  const rows = records.map((record) => [
    record.publicJwk?.kid ?? "-",
    record.alg,
    record.state,
    since(record, now),
    record.custody,
  ]);
  for (const line of table(["KID", "ALG", "STATE", "SINCE", "CUSTODY"], rows)) context.output.data(line);
}

function inOrder(keyring: Keyring): readonly KeyRecord[] {
  const published = publishedRecords(keyring);
  return [...published, ...keyring.keys.filter((record) => !published.includes(record))];
}

function publicRecord({ publicJwk, ...record }: KeyRecord): object {
  return { kid: publicJwk?.kid ?? null, ...record, publicJwk: publicJwk ?? null };
}

function since(record: KeyRecord, now: number): string {
  const { creatingAt, pendingAt, activatedAt, retiredAt, revokedAt } = record;
  const times = { creating: creatingAt, pending: pendingAt, active: activatedAt, retired: retiredAt, revoked: revokedAt };
  return fromNow(times[record.state] ?? creatingAt, now);
}
