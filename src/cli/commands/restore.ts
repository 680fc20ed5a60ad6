import { configuredPassphrase } from "../../config/secrets.js";
import { dateInWords } from "../../encoding/times-in-words.js";
import { SignetError } from "../../errors.js";
import { presentSeconds } from "../../issue/issuer.js";
import { clockBehind } from "../../operator/backup/clock.js";
import { confirmCopy } from "../../operator/backup/confirm.js";
import { type Backup, parseBackup } from "../../operator/backup/contents.js";
import { type Mark, readMark } from "../../operator/backup/mark.js";
import type { Place } from "../../operator/backup/place.js";
import type { Plan } from "../../operator/backup/plan.js";
import { type ProvenBackup, proveBackup } from "../../operator/backup/prove.js";
import { recipientsKeyIn } from "../../operator/backup/recipient.js";
import { placeFor, planFor, restore as restoreInto } from "../../operator/backup/restore.js";
import { isRevoked } from "../../operator/backup/revoked-since.js";
import { opened } from "../../operator/backup/sealing.js";
import { readBackupFile } from "../../operator/backup/write.js";
import { passphraseIn } from "../../operator/key-source.js";
import { systemUser } from "../../rotation/manager.js";
import { assertWell } from "../../rotation/report.js";
import { confirm } from "../confirm.js";
import { type CommonOptions, type Context, pathOfConfig, pathOfNewConfig } from "../context.js";
import { managerFor, printReport } from "../key-report.js";
import { openInstallation } from "../open-installation.js";
import { askIfWatched } from "../prompt.js";
import { table } from "../table.js";

export interface RestoreOptions extends CommonOptions {
  readonly passphraseFile?: string;
  readonly key?: string;
  readonly keyPassphraseFile?: string;
  /** What `signet backup` printed. */
  readonly contents?: string;
  readonly confirm?: boolean;
  /** Kids of keys that were revoked after the backup was made. */
  readonly revoked?: readonly string[];
  readonly dryRun?: boolean;
}

/** `signet restore`: puts a backup, or what is lost of it, where it was; and takes an operator's word that its original is gone. */
export async function restore(context: Context, file: string | undefined, options: RestoreOptions): Promise<void> {
  if (options.confirm === true) return confirmRestored(context, file, options);
  if (file === undefined) throw new SignetError("usage", "give the backup: `signet restore FILE`");
  const { output } = context;
  const backup = await openBackup(context, file, options);
  const { settings, ...place } = await placeFor(context, pathOfNewConfig(context, options), backup);
  const proven = await proveBackup(backup, keyPassphrase(context, settings));
  const word = { revoked: options.revoked ?? [], at: presentSeconds() };
  const plan = await planFor(proven, place, word);
  tell(context, proven, place, plan);
  if (plan.kind === "refused") throw plan.why;
  const isDry = options.dryRun === true;
  if (!isDry && plan.kind === "mend" && plan.doubts.length > 0) {
    await confirm("Does nothing else sign for this issuer any more, and shall this be put back as it is said above?", options);
  }
  // An answer takes its time.
  const said = { ...word, at: presentSeconds() };
  const done = isDry ? plan : await restoreInto(proven, place, said, plan.kind === "mend" ? plan.doubts : []);
  if (options.json === true) output.json(described(proven, done));
  tellDone(context, proven, done, isDry);
}

async function openBackup(context: Context, file: string, options: RestoreOptions): Promise<Backup> {
  let isForRecipient = false;
  const text = await opened(await readBackupFile(context, file), {
    passphrase: async () => {
      if (options.key === undefined) return passphraseOfBackup(context, options);
      // Who can put a file where a recipient's backups are could seal one under a passphrase of theirs.
      throw new SignetError(
        "usage",
        "this backup was made under a passphrase, not for the owner of a key: it is opened without --key, where it is yours",
      );
    },
    privateKey: async () => {
      isForRecipient = true;
      if (options.key === undefined) {
        throw new SignetError(
          "usage",
          "the backup was made for the owner of a key (--recipient): give the private key with --key FILE",
        );
      }
      const { keyPassphraseFile } = options;
      return recipientsKeyIn(context, options.key, { keyPassphraseFile, askPassphrase: askIfWatched() });
    },
  });
  const backup = parseBackup(text);
  assertContents(backup, options, isForRecipient);
  return backup;
}

// Under a public key anybody can seal, and a config says which programs run and where files go: there the operator has to know the contents.
function assertContents({ digest }: Backup, { contents, dryRun }: RestoreOptions, isForRecipient: boolean): void {
  if (contents === digest) return;
  if (contents !== undefined) {
    throw new SignetError(
      "backup_damaged",
      `this is not the backup that --contents names: its contents are ${digest}; nothing was written`,
    );
  }
  if (!isForRecipient || dryRun === true) return;
  throw new SignetError(
    "usage",
    "any holder of the recipient's public key can have made this backup: give the first word of the line that `signet backup` printed, with --contents DIGEST; nothing was written",
  );
}

async function passphraseOfBackup(context: Context, { passphraseFile }: RestoreOptions): Promise<string> {
  const ask = askIfWatched();
  if (passphraseFile === undefined && ask === undefined) {
    throw new SignetError("usage", "the backup was made under a passphrase: give it with --passphrase-file FILE");
  }
  const passphrase =
    passphraseFile === undefined
      ? await ask?.("Passphrase of the backup: ")
      : await passphraseIn(context, passphraseFile, "--passphrase-file");
  if (passphrase) return passphrase;
  throw new SignetError("usage", "no backup of yours is under an empty passphrase: nothing was written");
}

/** That of the key files is their own: config and environment name it, else it is asked for, once. */
function keyPassphrase({ env }: Context, config: Parameters<typeof configuredPassphrase>[0]): () => Promise<string | undefined> {
  let answer: Promise<string | undefined> | undefined;
  const find = async (): Promise<string | undefined> =>
    (await configuredPassphrase(config, env)) ?? (await askIfWatched()?.("Passphrase of the key files: "));
  return () => (answer ??= find());
}

function tell({ output }: Context, backup: ProvenBackup, { config, directory }: Place, plan: Plan): void {
  const { issuer, madeAt, madeBy, digest, provenKeys, notes } = backup;
  output.note(`the backup is of ${issuer ?? "an issuer without a URL"}, made ${dateInWords(madeAt)} by signet ${madeBy}`);
  output.note(`contents ${digest}: \`signet backup\` printed the same, or this is another backup`);
  output.note(`${provenKeys} private keys were opened, and each has signed as the keyring says`);
  for (const note of notes) output.note(note);
  output.note(`it belongs in ${config}, and in the folder ${directory}`);
  const rows = plan.compared.map(({ part, backup: there, here }) => [part, there, here]);
  for (const line of table(["PART", "IN THE BACKUP", "HERE"], rows)) output.command(line);
  if (plan.kind === "mend") for (const doubt of plan.doubts) output.note(`not known: ${doubt}`);
}

function tellDone({ output, self }: Context, { madeAt }: ProvenBackup, plan: Plan, isDry: boolean): void {
  if (plan.kind === "refused") return;
  if (plan.kind === "nothing") {
    output.note("nothing is lost here: nothing was written");
    return;
  }
  const isCopy = plan.kind === "copy";
  const paths = [...plan.writes.keys()];
  const what = paths.length === 0 ? "" : `: ${paths.join(", ")}`;
  if (isDry) output.note(isCopy ? `would restore a copy${what}` : `would put back what is lost${what}`);
  else if (isCopy)
    output.note(`restored. It signs nothing yet: where the original of ${dateInWords(madeAt)} still runs, both would sign`);
  else output.note(`put back what was lost${what}`);
  for (const note of plan.notes) output.note(note);
  if (isDry) return;
  if (!isCopy) {
    output.command(`Next: ${self} keys repair`);
    return;
  }
  output.note("Next: when the original is gone for good,");
  output.command(`  ${self} restore --confirm`);
}

function described({ digest, issuer, madeAt, audit, provenKeys, notes }: ProvenBackup, plan: Plan): object {
  const { kind, compared } = plan;
  const { writes, doubts, notes: later } = "writes" in plan ? plan : { writes: new Map<string, string>(), doubts: [], notes: [] };
  const isWhole = audit.fault === null;
  return {
    ...{ contents: digest, issuer, madeAt, audit: { count: audit.count, head: audit.head, isWhole }, provenKeys },
    ...{ kind, missing: [...writes.keys()], compared, doubts, notes: [...notes, ...later] },
  };
}

async function confirmRestored(context: Context, file: string | undefined, options: RestoreOptions): Promise<void> {
  const { output, self } = context;
  assertForConfirmation(file, options);
  const { revoked = [] } = options;
  const installation = await openInstallation(context, options);
  const waiting = await readMark(installation.config.directory);
  let behind: string | undefined;
  if (waiting !== undefined) {
    const at = presentSeconds();
    behind = clockBehind(waiting.keyring, at);
    const published = (await installation.stores.publicDocuments.read())?.jwks.keys.map(({ kid }) => kid);
    tellUnknown(context, pathOfConfig(context, options), waiting, { revoked, published, at });
    if (behind !== undefined) output.note(`${behind}: where the clock is wrong, set it first`);
    const isClockRight = behind === undefined ? "Is" : "Is the clock right, is";
    await confirm(
      `${isClockRight} the original gone for good, and has no process of it run for the last hour, so that nothing there signs any more?`,
      options,
    );
  }
  const saying = { actor: systemUser(), revoked, isClockRight: behind !== undefined };
  const mark = await confirmCopy(installation, { ...saying, at: presentSeconds() });
  const manager = await managerFor(context, installation);
  const report = await manager.tick();
  if (options.json === true) output.json({ backup: mark.backup, madeAt: mark.madeAt, revoked, report });
  else printReport(context, report, options);
  const isSigning = (await installation.stores.active.read()).length > 0;
  output.note(
    `this copy is the issuer now${isSigning ? "" : ", and signs nothing yet: what it waits for stands above, and in `signet keys tick`"}`,
  );
  if (behind !== undefined) {
    output.note("Next: the clock is right by your word, so set the times of the keyring back, since no key is managed before:");
    output.command(`  ${self} keys repair --yes`);
  }
  output.note("Next: where its private keys can have been seen by others, as with a stolen machine or a lost backup,");
  output.command(`  ${self} keys rotate`);
  assertWell(report);
}

function assertForConfirmation(file: string | undefined, options: RestoreOptions): void {
  if (file !== undefined) {
    throw new SignetError("usage", "--confirm takes no backup: restore it first, then `signet restore --confirm`");
  }
  const others = ["passphraseFile", "key", "keyPassphraseFile", "contents", "dryRun"] as const;
  if (others.every((name) => options[name] === undefined)) return;
  throw new SignetError(
    "usage",
    "--confirm opens no backup and has no dry run: of the options of restore it takes --revoked, --yes and --json",
  );
}

/** What is known of keys beside a mark: what the operator says, and what the JWKS has that is there; `undefined` where there is none. */
interface Known {
  readonly revoked: readonly string[];
  readonly published: readonly string[] | undefined;
  /** What time it is here, as NumericDate. */
  readonly at: number;
}

function tellUnknown({ output }: Context, config: string, { madeAt, keyring }: Mark, { revoked, published, at }: Known): void {
  output.note(
    `${config} was restored from the backup of ${dateInWords(madeAt)}. What the original has done since is not known here:`,
  );
  output.note("  a key that it revoked since would sign or verify again: give each by --revoked KID. These come back:");
  for (const key of keyring.keys) {
    const { publicJwk, state } = key;
    if (publicJwk === undefined || isRevoked(key)) continue;
    const { kid } = publicJwk;
    const word = revoked.includes(kid) ? ": revoked, by your word" : "";
    const doubt = published !== undefined && !published.includes(kid) ? ": the JWKS that is here does not have it" : "";
    output.note(`    ${kid} (${state})${word || doubt}`);
  }
  output.note("  tokens of a key that it made since verify nowhere: their holders have to get new ones");
  output.note("  a proof that may be used once, and was used there, can be used once more here, for at most a day");
  output.note("  a server that was started there signs on from memory for an hour, also where its folder is gone");
  output.note(
    `it is ${dateInWords(at)} by this machine's clock: a wrong time would be written into keyring and documents for good`,
  );
}
