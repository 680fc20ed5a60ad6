import type { Config } from "../config/schema.js";
import { findCustody } from "../custody/registry.js";
import { SignetError, shortened, visible } from "../errors.js";
import { passphraseIn } from "../operator/key-source.js";
import { sealBackup } from "../operator/sealed-backup.js";
import type { ImportedKey } from "../rotation/steps/import-key.js";
import type { Context } from "./context.js";
import { askNewPassphrase } from "./prompt.js";

/** The options of an import that seal a copy of the key. */
export interface BackupOptions {
  /** Where the copy goes. */
  readonly backup?: string;
  /** Holds its passphrase. */
  readonly backupPassphraseFile?: string;
}

/**
 * Seals a copy of a key that is about to be imported, where one is asked for.
 *
 * @throws SignetError `usage`
 */
export async function backUp(context: Context, key: ImportedKey | undefined, options: BackupOptions): Promise<void> {
  const { backup, backupPassphraseFile: file } = options;
  if (backup === undefined) {
    if (file === undefined) return;
    throw new SignetError("usage", "--backup-passphrase-file is for a sealed copy of the key: give its place with --backup FILE");
  }
  if (key === undefined || "existing" in key) {
    throw new SignetError(
      "usage",
      "--backup seals a copy of a private key that is imported, and there is none here: leave it out",
    );
  }
  const passphrase =
    file === undefined
      ? await askNewPassphrase("--backup asks for a passphrase at a terminal; elsewhere give --backup-passphrase-file FILE")
      : await passphraseIn(context, file, "--backup-passphrase-file");
  await sealBackup(context, key.privateKey, backup, passphrase);
  context.output.note(`sealed under the passphrase, and opened again: ${backup}`);
}

/** Says what a name that is not kept means. */
export function tellLostName({ output }: Context, custody: string): (kid: string) => void {
  return (kid) =>
    output.note(
      `warning: the key had the name ${visible(shortened(kid))}, and with the custody ${custody} its tokens say KMS's id for it: a verifier that looks for ` +
        "the old name finds no key",
    );
}

/** Says what became of a key that KMS has now, and what its file is still for. */
export function tellImported(
  { output }: Context,
  { rotation: { rotateEverySeconds, byUpload } }: Pick<Config, "rotation">,
  key: ImportedKey,
  { source, backup }: { readonly source: string; readonly backup?: string | undefined },
): void {
  if ("existing" in key || findCustody(key.custody)?.namesImports !== true) return;
  if (rotateEverySeconds > 0 && byUpload !== true) {
    output.note(
      "this issuer rotates by schedule: once the key signs, the next rotation replaces it by one that KMS makes. To keep it, set " +
        "rotation.rotateEverySeconds to 0 in the config, then run `signet keys apply` (in a stack: RotateEveryDays=0)",
    );
  }
  const file = source === "-" ? "what stdin had" : source;
  output.note(
    "KMS gives no private key back. If the KMS key or its material is deleted there, this very private key is needed again:",
  );
  if (backup === undefined) {
    output.note(
      `  ${file} is the only copy. Seal it away before you destroy it: \`--backup FILE\` at the import writes one under a passphrase, and so does ` +
        "`openssl pkcs8 -topk8 -v2 aes-256-cbc -iter 600000`",
    );
    return;
  }
  output.note(
    `  keep ${backup} and its passphrase, apart from each other; ${file} may be destroyed when they are where they stay`,
  );
}
