import { type Command, Option } from "commander";
import { CUSTODIES, namesIn } from "../custody/registry.js";
import type { Context } from "./context.js";
import { repeated } from "./repeated.js";

const load = {
  change: () => import("./commands/keys-change.js"),
  rotate: () => import("./commands/keys-rotate.js"),
  migrate: () => import("./commands/keys-migrate.js"),
  revoke: () => import("./commands/keys-revoke.js"),
  unlock: () => import("./commands/keys-unlock.js"),
  repair: () => import("./commands/keys-repair.js"),
  destroy: () => import("./commands/keys-destroy.js"),
  history: () => import("./commands/keys-history.js"),
  show: () => import("./commands/keys-show.js"),
  pem: () => import("./commands/keys-pem.js"),
  access: () => import("./commands/audit-access.js"),
  importJwks: () => import("./commands/keys-import-jwks.js"),
};

const ACCEPT = "algorithms that every verifier accepts, by your word, with commas between";

/** Adds the commands on the life of a key. `common` gives a command the options that all have. */
export function addLifeCommands(keys: Command, context: Context, common: (command: Command) => Command): void {
  common(keys.command("tick"))
    .description("one run of the manager: repair, make, publish, rotate, remove, as the policy says")
    .option("--dry-run", "show what would be done, and do nothing")
    .option("--json", "print the report as JSON")
    .addHelpText("after", "\nExample (from cron):\n  signet keys tick")
    .action(async (options) => (await load.change()).keysTick(context, options));
  common(keys.command("rotate"))
    .description(
      "activate the next key at the earliest instant that breaks no verifier; where keys are uploaded, make it and print it",
    )
    .option("--uploaded <kid>", "where keys are uploaded: this one was, and is activated")
    .option("--for <who>", "where keys are uploaded: who gets it, with commas, each in the form that it wants")
    .option("--dry-run", "show what would be done, and do nothing")
    .option("--json", "print the report as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  signet keys rotate --dry-run\n  signet keys rotate --for snowflake-keypair\n  signet keys rotate --uploaded 5d4b8c7e",
    )
    .action(async (options) => (await load.rotate()).keysRotate(context, options));
  common(keys.command("revoke <kid>"))
    .description("take a key out of use at once; says which tokens that breaks")
    .option("--reason <text>", "why, for the audit log")
    .option("--dry-run", "show what would be done, and do nothing")
    .option("--json", "print the report as JSON")
    .addHelpText("after", '\nExample:\n  signet keys revoke 5d4b8c7e --reason "laptop stolen"')
    .action(async (kid: string, options) => (await load.revoke()).keysRevoke(context, kid, options));
  addPolicyCommands(keys, context, common);
  addViewCommands(keys, context, common);
}

function addPolicyCommands(keys: Command, context: Context, common: (command: Command) => Command): void {
  common(keys.command("apply"))
    .description("put the config's rotation, limits and algorithm in force")
    .option("--verifiers-accept <algs>", ACCEPT)
    .option("--dry-run", "show what would be done, and do nothing")
    .option("--json", "print the report as JSON")
    .addHelpText("after", "\nExample:\n  signet keys apply")
    .action(async (options) => (await load.change()).keysApply(context, options));
  common(keys.command("migrate"))
    .description("rotate to another custodian, or to another algorithm once your verifiers accept it")
    .option("--custody <kind>", `who holds the next keys: ${namesIn(CUSTODIES)}`)
    .option("--region <region>", "the region of AWS (default: AWS_REGION)")
    .option("--kms-key <key>", "the KMS key that wraps them, or encrypts them at rest")
    .option("--algorithm <alg>", "the new algorithm (default: the config's)")
    .option("--verifiers-accept <algs>", ACCEPT)
    .option("--dry-run", "show what would be done, and do nothing")
    .option("--json", "print the report as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  signet keys migrate --custody kms --dry-run\n  signet keys migrate --algorithm RS256 --verifiers-accept RS256",
    )
    .action(async (options) => (await load.migrate()).keysMigrate(context, options));
  common(keys.command("expire <kid>"))
    .description("say when the last token of an imported or unlimited key ends, so that it can leave")
    .requiredOption("--tokens-expire-by <time>", "a date such as 2027-01-31, or a duration from now such as 30d")
    .option("--dry-run", "show what would be done, and do nothing")
    .option("--json", "print the report as JSON")
    .addHelpText("after", "\nExample:\n  signet keys expire 5d4b8c7e --tokens-expire-by 30d")
    .action(async (kid: string, options) => (await load.change()).keysExpire(context, kid, options));
  common(keys.command("import-jwks <source>"))
    .description(
      "publish another issuer's public keys as retired, so that its tokens go on being accepted: a file, a URL or s3://BUCKET/KEY",
    )
    .option("--kid <kid>", "only this key of the set; may be given several times", repeated)
    .option("--algorithm <alg>", "what RSA keys sign that do not name their alg, such as RS256")
    .option("--tokens-expire-by <time>", "when the last of its tokens ends")
    .option("--dry-run", "show what would be done, and do nothing")
    .option("--json", "print the report as JSON")
    .addHelpText("after", "\nExample:\n  signet keys import-jwks old-jwks.json --tokens-expire-by 30d")
    .action(async (file: string, options) => (await load.importJwks()).keysImportJwks(context, file, options));
}

function addViewCommands(keys: Command, context: Context, common: (command: Command) => Command): void {
  common(keys.command("explain"))
    .description("say for each key why it is where it is, and when it moves next")
    .option("--json", "print it as JSON")
    .addHelpText("after", "\nExample:\n  signet keys explain")
    .action(async (options) => (await load.show()).keysExplain(context, options));
  common(keys.command("pem [kid]"))
    .description("print public keys for verifiers that hold pasted ones (default: the key that signs, and the next one)")
    .option("--for <who>", "who gets them, with commas, each in the form that it wants: a PEM, its body, a certificate or a JWKS")
    .option("--current", "only the key that signs")
    .option("--next", "only the one that signs next")
    .option("--json", "print them as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  signet keys pem --next > next.pem\n  signet keys pem 5d4b8c7e --for google-service-account > key.crt",
    )
    .action(async (kid: string | undefined, options) => (await load.pem()).keysPem(context, kid, options));
  common(keys.command("repair"))
    .description("show what is not as the keyring says, ask, and repair it; --yes repairs it without asking")
    .addOption(new Option("--mend").hideHelp())
    .option("--dry-run", "show what would be done, and do nothing")
    .option("--json", "print it as JSON")
    .addHelpText("after", "\nExamples:\n  signet keys repair\n  signet keys repair --yes")
    .action(async (options) => (await load.repair()).keysRepair(context, options));
  common(keys.command("unlock [holder]"))
    .description("show who holds a lock; with a holder's name, take it from one that you know to have ended")
    .option("--json", "print it as JSON")
    .addHelpText("after", "\nExamples:\n  signet keys unlock\n  signet keys unlock web-1:4711 --yes")
    .action(async (holder: string | undefined, options) => (await load.unlock()).keysUnlock(context, holder, options));
  common(keys.command("destroy <id>"))
    .description("destroy a private key that no record names, as a tick has listed it; a key that is in use is refused")
    .option("--dry-run", "show what would be done, and do nothing")
    .option("--json", "print the report as JSON")
    .addHelpText("after", "\nExample:\n  signet keys destroy 3f1c9a52-8d0e-4b7a-9c61-2f5d8e7a4b10")
    .action(async (id: string, options) => (await load.destroy()).keysDestroy(context, id, options));
  common(keys.command("history"))
    .description("show every change of a key: when, who, what, why")
    .option("--json", "print it as JSON")
    .addHelpText("after", "\nExample:\n  signet keys history")
    .action(async (options) => (await load.history()).keysHistory(context, options));
}

/** Adds `audit access`, `audit begin` and `audit verify`. */
export function addAuditCommands(program: Command, context: Context, common: (command: Command) => Command): void {
  const audit = common(program.command("audit").description("check the log of key changes, and who could invoke aliases"));
  common(audit.command("access"))
    .description("say who else in the account could invoke a stack's aliases NAME-proof: exit code 1 where there are others")
    .option("--expect <arn>", "a role or user that may; may be given several times", repeated)
    .option("--json", "print what was found as JSON")
    .addHelpText("after", "\nExample:\n  signet audit access --config stack:signet --expect arn:aws:iam::111122223333:role/admin")
    .action(async (options) => (await load.access()).auditAccess(context, options));
  common(audit.command("begin"))
    .description("begin a new chain where the log was deleted or altered; its first entry names the head that the old one had")
    .option("--json", "print the verdict on the log as JSON")
    .addHelpText("after", "\nExample:\n  signet audit begin --yes")
    .action(async (options) => (await load.history()).auditBegin(context, options));
  common(audit.command("verify"))
    .description("name the first entry that was removed or altered; print count and head")
    .option("--json", "print the verdict as JSON")
    .addHelpText("after", "\nExample:\n  signet audit verify")
    .action(async (options) => (await load.history()).auditVerify(context, options));
}

// One thumbprint in sixty-four begins with a dash, which would be taken for an option; so would the beginning of one.
// What has small letters alone is an option that was written with one dash.
const DASHED_KID = /^-[\w-]{42}$|^-(?![a-z-]+$)\w[\w-]{6,40}$/;
const TAKES_A_KID = ["--uploaded", "--kid"];

/** The words of a command line with a kid that begins with a dash put last, where it is known not to be an option. */
export function withKidLast(argv: readonly string[]): readonly string[] {
  const kid = argv.find((word, index) => DASHED_KID.test(word) && !TAKES_A_KID.includes(argv[index - 1] ?? ""));
  if (kid === undefined || !argv.includes("keys") || argv.includes("--")) return argv;
  return [...argv.filter((word) => word !== kid), "--", kid];
}
