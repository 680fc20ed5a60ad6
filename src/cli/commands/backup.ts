import { dateInWords } from "../../encoding/times-in-words.js";
import { SignetError, visible } from "../../errors.js";
import { presentSeconds } from "../../issue/issuer.js";
import { countsOf } from "../../operator/backup/contents.js";
import { type Gathered, gather } from "../../operator/backup/gather.js";
import { recipientIn } from "../../operator/backup/recipient.js";
import type { Seal } from "../../operator/backup/sealing.js";
import { assertFree, writeBackup } from "../../operator/backup/write.js";
import { passphraseIn } from "../../operator/key-source.js";
import { type CommonOptions, type Context, pathOfConfig } from "../context.js";
import { openInstallation } from "../open-installation.js";
import { askNewPassphrase } from "../prompt.js";
import { VERSION } from "../version.js";

export interface BackupOptions extends CommonOptions {
  readonly passphraseFile?: string;
  readonly recipient?: string;
  readonly dryRun?: boolean;
}

/** `signet backup`: what it takes to go on elsewhere, in one file, encrypted. */
export async function backup(context: Context, file: string, options: BackupOptions): Promise<void> {
  const { output } = context;
  if (options.passphraseFile !== undefined && options.recipient !== undefined) {
    throw new SignetError("usage", "give --passphrase-file or --recipient, not both");
  }
  const installation = await openInstallation(context, options);
  const made = { madeAt: presentSeconds(), madeBy: VERSION };
  const gathered = await gather(context, installation, pathOfConfig(context, options), made);
  if (options.dryRun === true) {
    tell(context, gathered, "would hold");
    if (options.json === true) output.json(described(file, gathered, null));
    return;
  }
  await assertFree(context, file);
  const digest = await writeBackup(context, file, gathered.contents, await sealOf(context, options));
  tell(context, gathered, "holds");
  if (options.json === true) output.json(described(file, gathered, digest));
  // As sha256sum has it: a log of such lines says which file is which.
  else output.data(`${digest}  ${visible(file)}`);
  output.note(
    `written and read back: ${file}. Keep the line above elsewhere: a restore prints its first word too, and no other backup has it`,
  );
}

async function sealOf(context: Context, { passphraseFile, recipient }: BackupOptions): Promise<Seal> {
  if (recipient !== undefined) return { recipient: await recipientIn(context, recipient) };
  const passphrase =
    passphraseFile === undefined
      ? await askNewPassphrase(
          "backup asks for a passphrase at a terminal; elsewhere give --passphrase-file FILE or --recipient FILE",
        )
      : await passphraseIn(context, passphraseFile, "--passphrase-file");
  if (passphrase === "") throw new SignetError("usage", "an empty passphrase protects nothing: nothing was written");
  return { passphrase };
}

function tell({ output }: Context, { contents, keyring, provenKeys, notes }: Gathered, holds: string): void {
  const { keys, documents, entries } = countsOf(contents.files);
  const proven = keys === 0 ? "" : `; ${provenKeys} were opened, and have signed`;
  const encrypted =
    keyring.keyFiles?.encrypted === true ? "encrypted under their own passphrase as well" : "not encrypted by themselves";
  output.note(`the backup ${holds} ${keyring.issuer ?? "an issuer without a URL"}, as of ${dateInWords(contents.madeAt)}:`);
  output.note(
    `  keyring       generation ${keyring.leases}, entry ${keyring.audit.count} of the audit log, sequence ${keyring.lastSequence}`,
  );
  output.note(`  private keys  ${keys}${keys === 0 ? "" : `, ${encrypted}${proven}`}`);
  output.note(
    `  documents     ${documents} active, ${contents.files.has("public/jwks.json") ? "the published JWKS" : "nothing published"}`,
  );
  output.note(`  audit log     ${entries} entries`);
  output.note(`  config        signet.json; when ${contents.callers.size} callers were seen last`);
  for (const note of notes) output.note(note);
}

function described(file: string, { contents, keyring, provenKeys, notes }: Gathered, digest: string | null): object {
  const { madeAt, issuer, callers } = contents;
  const { leases: generation, lastSequence: sequence, audit } = keyring;
  const head = { count: audit.count, head: audit.head };
  return {
    ...{ file, contents: digest, issuer, madeAt, generation, sequence, audit: head },
    ...{ files: [...contents.files.keys()], callers: [...callers.keys()], provenKeys, notes },
  };
}
