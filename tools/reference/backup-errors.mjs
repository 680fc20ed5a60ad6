/**
 * What docs/errors.md says of backups and restored copies.
 *
 * @satisfies {{ title: string, codes: Record<string, [meaning: string, remedy: string]> }}
 */
export const BACKUP_ERRORS = {
  title: "Backups and restored copies",
  codes: {
    keyring_old: [
      "An old keyring was put back: the audit log goes on beyond it.",
      "`signet keys repair` shows what would be done, `--yes` does it.",
    ],
    restored_unconfirmed: [
      "The folder is a copy that was restored from a backup, and nobody has said yet that the original is gone: two of them would both sign.",
      "When you know that the original is gone for good: `signet restore --confirm`.",
    ],
    restore_refused: [
      "What is there is newer than the backup, older in a part, damaged, or another issuer's; nothing was written.",
      "The message says what stands in the way, and what to move away where you want the backup all the same.",
    ],
    backup_damaged: [
      "The file is no backup, was cut short, or was changed since it was made; or what is in it contradicts itself.",
      "Take another copy of it, or an earlier backup.",
    ],
    backup_version: ["Another version of Signet made the backup.", "Restore it with the version that made it, then upgrade."],
  },
};
