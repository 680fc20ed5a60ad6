import { setTimeout as sleep } from "node:timers/promises";
import type { Installation } from "../../assemble.js";
import { environmentOverrides } from "../../config/environment.js";
import { checkConfig } from "../../config/load.js";
import type { Config } from "../../config/schema.js";
import { configuredPassphrase } from "../../config/secrets.js";
import { facts } from "../../custody/file/facts.js";
import { parseStrictJson } from "../../encoding/strict-json.js";
import { isSignetError, SignetError } from "../../errors.js";
import type { Keyring } from "../../keyring/keyring.js";
import { parseKeyring } from "../../keyring/parse.js";
import { nameOf } from "../../rotation/plan/view.js";
import { keyringMissing } from "../load-installation.js";
import type { Surroundings } from "../surroundings.js";
import { type BackupContents, type Files, keyIdOf, keyPathOf } from "./contents.js";
import { callersAt, type FilesThere, filesAt, type Place } from "./place.js";
import { isOwn, lostKeys, provenFiles } from "./prove-files.js";

const HANDBOOK = "docs/operations/backup-and-restore.md";
/** So often what changed while it was read is read again: a run of a manager takes less than all of these. */
const ATTEMPTS = 100;

/** What a backup of an installation would hold. */
export interface Gathered {
  readonly contents: BackupContents;
  readonly keyring: Keyring;
  /** How many private keys were opened, and have signed. */
  readonly provenKeys: number;
  /** What is needed beside it, and what an operator has to look at: each in a sentence. */
  readonly notes: readonly string[];
}

/** Who makes a backup, and when. */
interface Making {
  readonly madeAt: number;
  readonly madeBy: string;
}

/**
 * Reads an installation for a backup while managers may be at work: the keyring is the same before and after, and a manager writes it before
 * it touches anything else. So what was read is what a manager that was killed there would have left, and the next one goes on with it.
 *
 * @throws SignetError `usage` for an installation in AWS, `keyring_missing`, `key_not_found` where the key that signs is not there,
 *   `lease_held` where keys are changed all the time, and what reading throws, or opening the key that signs
 */
export async function gather(
  surroundings: Surroundings,
  installation: Installation,
  path: string,
  { madeAt, madeBy }: Making,
): Promise<Gathered> {
  const { config } = installation;
  assertOnDisk(config);
  const place: Place = { config: path, directory: config.directory };
  const { files: found, unreadable } = await stableFiles(installation, place);
  // What was edited, or moved to AWS, since it was loaded would be sealed as it is by now.
  const written = found.get("signet.json");
  if (written !== undefined) assertOnDisk(checkConfig(parseStrictJson(written, path), path, surroundings));
  const keyring = parseKeyring(found.get("keyring.json") ?? "", config.directory);
  const own = new Set(keyring.keys.filter(isOwn).map(({ id }) => id));
  const isWanted = ([each]: readonly [string, unknown]): boolean =>
    keyIdOf(each) === undefined || own.has(keyIdOf(each) as string);
  const wanted = new Map([...found].filter(isWanted));
  const unread = new Map([...unreadable].filter(isWanted));
  assertSigns(keyring, wanted, unread);
  // A backup is proven when it is made: later none can be made.
  const { files, opened, unopened, notes } = await provenFiles(keyring, wanted, passphraseAtHand(surroundings, config));
  const callers = await callersAt(place);
  return {
    contents: { madeAt, madeBy, issuer: keyring.issuer, files, callers },
    keyring,
    provenKeys: opened,
    notes: [
      ...notes,
      ...[...unread.values()].map(({ message }) => `left out: ${message}`),
      ...losses(keyring, new Set([...wanted.keys(), ...unread.keys()])),
      ...strays(found.size + unreadable.size - wanted.size - unread.size),
      ...(unopened === 0
        ? []
        : [`not opened: ${unopened} key files, whose passphrase is not at hand: whether they open was not seen`]),
      ...elsewhere(surroundings, config, keyring),
    ],
  };
}

function passphraseAtHand({ env }: Surroundings, config: Config): () => Promise<string | undefined> {
  return () =>
    configuredPassphrase(config, env).catch((error) =>
      isSignetError(error, "passphrase_required") ? undefined : Promise.reject(error),
    );
}

function assertOnDisk({ aws }: Config): void {
  if (aws === undefined) return;
  const kept = aws.keyring === undefined ? "keys and active documents are" : "keys, keyring, audit log and documents are";
  throw new SignetError(
    "usage",
    `no backup was made: this issuer's ${kept} in AWS. S3 keeps past versions where the bucket is versioned, as the stack's is; a parameter ` +
      "that is deleted is gone at once; a secret or a KMS key whose deletion was scheduled can be brought back until its day; and KMS gives no private key out. " +
      `${HANDBOOK} (In AWS) says what to copy, and how`,
  );
}

async function stableFiles(installation: Installation, place: Place): Promise<FilesThere> {
  // What is no keyring, or an unconfirmed copy's, is told by the store.
  if ((await installation.stores.keyring.read()) === undefined) throw keyringMissing(installation);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = (await installation.stores.keyring.read())?.tag;
    const found = await filesAt(place);
    if (before !== undefined && (await installation.stores.keyring.read())?.tag === before) return found;
    await sleep(10 + Math.random() * 90);
  }
  throw new SignetError("lease_held", "keys are being changed all the time, so that no moment is like the next: try again");
}

// A copy that cannot sign is none, and one that is kept instead of the last good one is worse.
function assertSigns(keyring: Keyring, files: Files, unreadable: FilesThere["unreadable"]): void {
  const lost = lostKeys(keyring, files).find(({ state }) => state === "active");
  if (lost === undefined) return;
  const why = unreadable.get(keyPathOf(lost.id));
  if (why !== undefined) throw why;
  throw new SignetError(
    "key_not_found",
    `no backup was made: the private part of ${nameOf(lost)}, which signs, is not there. Keep your earlier backups: ` +
      "`signet restore FILE` puts the key file back from one of them, and `signet keys repair` shows what else can be done",
  );
}

// What is there and damaged, or cannot be read, is told apart.
function losses(keyring: Keyring, present: ReadonlySet<string>): string[] {
  const lost = lostKeys(keyring, present).map(nameOf);
  return lost.length === 0
    ? []
    : [`the private part of ${lost.join(", ")} is not there: \`signet keys tick\` makes another standby`];
}

function strays(left: number): string[] {
  return left === 0 ? [] : [`${left} of the key files are of no key in use, and are not in it`];
}

function elsewhere({ env }: Surroundings, { passphraseFile, notices }: Config, keyring: Keyring): string[] {
  const others = keyring.keys.filter(({ custody, origin }) => custody !== facts.name && origin !== "foreign");
  const custodies = [...new Set(others.map(({ custody }) => custody))].join(", ");
  const variables = [...new Set(environmentOverrides(env).sources.values())].sort();
  const named = [passphraseFile, notices.webhookSecretFile].filter((file) => file !== undefined);
  const isEncrypted = keyring.keyFiles?.encrypted === true;
  return [
    ...(others.length === 0 ? [] : [`not in it: ${others.length} private keys that ${custodies} keeps; keep them safe there`]),
    ...(isEncrypted ? ["not in it: the passphrase of the key files, without which they open nowhere"] : []),
    ...(named.length === 0 ? [] : [`not in it: ${named.join(", ")}, which signet.json names`]),
    ...(variables.length === 0 ? [] : [`not in it: ${variables.join(", ")}, which decides here as well`]),
  ];
}
