import { configuredPassphrase } from "../../config/secrets.js";
import { dateInWords } from "../../encoding/times-in-words.js";
import { SignetError } from "../../errors.js";
import { presentSeconds } from "../../issue/issuer.js";
import { confirmCopy } from "../../operator/backup/confirm.js";
import { type Backup, parseBackup } from "../../operator/backup/contents.js";
import { readMark } from "../../operator/backup/mark.js";
import { type ProvenBackup, proveBackup } from "../../operator/backup/prove.js";
import { recipientsKeyIn } from "../../operator/backup/recipient.js";
import { compare, placeFor, restore as restoreInto } from "../../operator/backup/restore.js";
import { opened } from "../../operator/backup/sealing.js";
import type { Standing } from "../../operator/backup/standing.js";
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
  const before = await compare(proven, place);
  tell(context, proven, before);
  if (before.kind === "refused") throw before.why;
  const standing = options.dryRun === true ? before : await restoreInto(proven, place);
  if (options.json === true) output.json(described(proven, standing));
  tellDone(context, proven, standing, options.dryRun === true);
}

async function openBackup(context: Context, file: string, options: RestoreOptions): Promise<Backup> {
  let isForRecipient = false;
  const text = await opened(await readBackupFile(context, file), {
    passphrase: () => passphraseOfBackup(context, options),
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
    "any holder of the recipient's public key can have made this backup: give the line that `signet backup` printed, with --contents LINE; nothing was written",
  );
}

async function passphraseOfBackup(context: Context, { passphraseFile }: RestoreOptions): Promise<string> {
  if (passphraseFile !== undefined) return passphraseIn(context, passphraseFile, "--passphrase-file");
  const ask = askIfWatched();
  if (ask !== undefined) return ask("Passphrase of the backup: ");
  throw new SignetError("usage", "the backup was made under a passphrase: give it with --passphrase-file FILE");
}

/** That of the key files is their own: config and environment name it, else it is asked for, once. */
function keyPassphrase({ env }: Context, config: Parameters<typeof configuredPassphrase>[0]): () => Promise<string | undefined> {
  let answer: Promise<string | undefined> | undefined;
  const find = async (): Promise<string | undefined> =>
    (await configuredPassphrase(config, env)) ?? (await askIfWatched()?.("Passphrase of the key files: "));
  return () => (answer ??= find());
}

function tell({ output }: Context, backup: ProvenBackup, { compared }: Standing): void {
  const { issuer, madeAt, madeBy, digest, provenKeys, notes } = backup;
  output.note(`the backup is of ${issuer ?? "an issuer without a URL"}, made ${dateInWords(madeAt)} by signet ${madeBy}`);
  output.note(`contents ${digest}: \`signet backup\` printed the same, or this is another backup`);
  output.note(`${provenKeys} private keys were opened, and each has signed as the keyring says`);
  for (const note of notes) output.note(note);
  const rows = compared.map(({ part, backup: there, here }) => [part, there, here]);
  for (const line of table(["PART", "IN THE BACKUP", "HERE"], rows)) output.command(line);
}

function tellDone({ output, self }: Context, { madeAt }: ProvenBackup, standing: Standing, isDry: boolean): void {
  if (standing.kind === "refused") return;
  if (standing.kind === "nothing") {
    output.note("nothing is lost here: nothing was written");
    return;
  }
  const what = standing.missing.length === 0 ? "" : `: ${standing.missing.join(", ")}`;
  if (isDry) {
    output.note(standing.kind === "copy" ? `would restore a copy${what}` : `would put back what is lost${what}`);
    return;
  }
  if (standing.kind === "mend") {
    output.note(`put back what was lost${what}`);
    output.note(`Next: ${self} keys repair`);
    return;
  }
  output.note(`restored. It signs nothing yet: where the original of ${dateInWords(madeAt)} still runs, both would sign`);
  output.note("Next: when the original is gone for good,");
  output.command(`  ${self} restore --confirm`);
}

function described({ digest, issuer, madeAt, audit, provenKeys, notes }: ProvenBackup, standing: Standing): object {
  const { kind, compared } = standing;
  const missing = "missing" in standing ? standing.missing : [];
  const isWhole = audit.fault === null;
  return {
    contents: digest,
    issuer,
    madeAt,
    audit: { count: audit.count, head: audit.head, isWhole },
    provenKeys,
    kind,
    missing,
    compared,
    notes,
  };
}

async function confirmRestored(context: Context, file: string | undefined, options: RestoreOptions): Promise<void> {
  const { output, self } = context;
  if (file !== undefined)
    throw new SignetError("usage", "--confirm takes no backup: restore it first, then `signet restore --confirm`");
  const installation = await openInstallation(context, options);
  const waiting = await readMark(installation.config.directory);
  if (waiting !== undefined) {
    output.note(
      `${pathOfConfig(context, options)} was restored from the backup of ${dateInWords(waiting.madeAt)}. What the original has done since is not known here:`,
    );
    output.note("  a key that it revoked since is good again: revoke it here too (`signet keys revoke KID`)");
    output.note("  tokens of a key that it made since verify nowhere: their holders have to get new ones");
    output.note("  a proof that may be used once, and was used there, can be used once more here, for at most a day");
    await confirm("Is the original gone for good, so that nothing there signs any more?", options);
  }
  const mark = await confirmCopy(installation, { at: presentSeconds(), actor: systemUser() });
  const manager = await managerFor(context, await openInstallation(context, options));
  const report = await manager.tick();
  if (options.json === true) output.json({ backup: mark.backup, madeAt: mark.madeAt, report });
  else printReport(context, report, options);
  assertWell(report);
  output.note("this copy is the issuer now");
  output.note("Next: where its private keys can have been seen by others, as with a stolen machine or a lost backup,");
  output.command(`  ${self} keys rotate`);
}
