import type { Command } from "commander";
import type { Context } from "./context.js";
import { repeated } from "./repeated.js";

const load = {
  backup: () => import("./commands/backup.js"),
  restore: () => import("./commands/restore.js"),
};

/** Adds `backup` and `restore`. `common` gives a command the options that all have. */
export function addBackupCommands(program: Command, context: Context, common: (command: Command) => Command): void {
  common(program.command("backup <file>"))
    .description(
      "write keyring, private keys, documents, audit log and config of an issuer on this machine into one encrypted file",
    )
    .option("--passphrase-file <file>", "holds the passphrase that encrypts it (default: it is asked for)")
    .option("--recipient <file>", "encrypt it for the owner of this public key instead: PEM, certificate or JWK, RSA or EC")
    .option("--dry-run", "show what would be in it, and write nothing")
    .option("--json", "print what is in it as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  signet backup issuer-2026-11-27.backup\n  signet backup /mnt/safe/issuer.backup --recipient safe.pub.pem",
    )
    .action(async (file: string, options) => (await load.backup()).backup(context, file, options));
  common(program.command("restore [file]"))
    .description("restore a backup into an empty folder, or put back what is lost of it; what is there is never written over")
    .option("--confirm", "let a restored copy sign: the original is gone for good, by your word")
    .option(
      "--revoked <kid>",
      "a key that was revoked after the backup was made: it never signs or verifies again; may be repeated",
      repeated,
    )
    .option("--passphrase-file <file>", "holds the passphrase of the backup (default: it is asked for)")
    .option("--key <file>", "the recipient's private key, where the backup was made for one")
    .option("--key-passphrase-file <file>", "opens that key where it is encrypted")
    .option(
      "--contents <digest>",
      "what `signet backup` printed before the file's name: needed where the backup was made for a recipient",
    )
    .option("--dry-run", "open and prove everything, show what is newer where, and write nothing")
    .option("--json", "print what was found, or done, as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  signet restore issuer-2026-11-27.backup --dry-run\n  signet restore issuer-2026-11-27.backup\n  signet restore --confirm --revoked KID",
    )
    .action(async (file: string | undefined, options) => (await load.restore()).restore(context, file, options));
}
