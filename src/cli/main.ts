import { Argument, Command, CommanderError } from "commander";
import { CUSTODIES, kmsKeyFor, namesIn } from "../custody/registry.js";
import { withSelf } from "../encoding/command-hints.js";
import { didYouMean } from "../encoding/nearest.js";
import { SignetError, shortened, visible } from "../errors.js";
import { tellFileWarningsTo } from "../files/warnings.js";
import { addBackupCommands } from "./backup-commands.js";
import type { CommonOptions, Context, Hooks } from "./context.js";
import { addCustodyFlags } from "./custody-flags.js";
import { refuseGivenTwice } from "./given-once.js";
import { addAuditCommands, addLifeCommands, withKidLast } from "./key-commands.js";
import { once } from "./once.js";
import { onlyPrints } from "./only-prints.js";
import { createOutput, EXIT, reportFailure } from "./output.js";
import { addPartyFlags } from "./party-flags.js";
import { selfName } from "./self-name.js";
import { addServerCommands } from "./server-commands.js";
import { addStackCommands } from "./stack-commands.js";
import { addTokenCommand } from "./token-commands.js";
import { usageInWords } from "./usage-words.js";
import { addVerifierFlags } from "./verifier-flags.js";
import { VERSION } from "./version.js";

const STDOUT = 1;
const BACKUP = "seal a copy of the imported key there first, under a passphrase; a file that is there is never written over";
const BACKUP_PASSPHRASE = "holds that passphrase (default: it is asked for)";

// Every command's code is loaded only when it is asked for: `signet issue` starts in a fraction of a second.
const load = {
  overview: () => import("./commands/overview.js"),
  init: () => import("./commands/init.js"),
  issue: () => import("./commands/issue.js"),
  verify: () => import("./commands/verify.js"),
  doctor: () => import("./commands/doctor.js"),
  inspect: () => import("./commands/inspect.js"),
  jwks: () => import("./commands/jwks.js"),
  cost: () => import("./commands/cost.js"),
  keysList: () => import("./commands/keys-list.js"),
  keysImport: () => import("./commands/keys-import.js"),
  completion: () => import("./commands/completion.js"),
  completionValues: () => import("./commands/completion-values.js"),
  prompt: () => import("./prompt.js"),
};

/**
 * Runs the command line.
 *
 * @param argv the words after the command's name
 * @param hooks for a program that runs `serve` or `console` within itself
 * @returns the exit code: 0 done, 1 failed, 2 usage, 3 token refused, 130 interrupted
 */
export async function main(argv: readonly string[], hooks: Hooks = {}): Promise<number> {
  const { env } = process;
  const cwd = process.cwd();
  const self = selfName(process.argv[1] ?? "", cwd);
  const output = createOutput(process.stdout, process.stderr, env, self);
  const warn = once((words: string) => output.note(`warning: ${words}`));
  tellFileWarningsTo(warn);
  const onConfigAbove = once((path: string) => output.note(`using ${path}`));
  // Standard input is not looked at before it is needed: to open it takes longer than to sign.
  const askPassphrase = () => load.prompt().then(({ askHidden }) => askHidden("Passphrase: "));
  const passphrasePrompt = () => (process.stdin.isTTY ? askPassphrase : undefined);
  const context: Context = { output, env, cwd, self, logFd: STDOUT, onConfigAbove, onDoubt: warn, passphrasePrompt, ...hooks };
  // An unexpected failure is told in one line like every other; a stack may hold anything.
  process.once("uncaughtException", (error) => process.exit(reportFailure(error, output)));
  try {
    await createProgram(context, argv).parseAsync(withKidLast(argv), { from: "user" });
    return await output.exitCode(EXIT.done);
  } catch (error) {
    // Commander has said what is wrong already; help and version end this way too.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    return reportFailure(error, output);
  }
}

type AddCommands = (program: Command, context: Context, common: (command: Command) => Command) => void;

/** Which words begin a command, and what describes it: to describe them all takes longer than to issue a token. */
const GROUPS: readonly (readonly [words: readonly string[], add: AddCommands])[] = [
  [["init", "cost"], addIssuerCommands],
  [["issue"], addIssueCommand],
  [["token"], addTokenCommand],
  [["verify", "doctor", "inspect", "jwks"], addTokenCommands],
  [["keys"], addKeyCommands],
  [["audit"], addAuditCommands],
  [["backup", "restore"], addBackupCommands],
  [["serve", "console", "callers"], addServerCommands],
  [["template", "deploy", "outputs", "undeploy"], addStackCommands],
];

/** The command line, for what was typed. @param argv its words, of which the first says which commands are described */
export function createProgram(context: Context, argv: readonly string[]): Command {
  const program = new Command("signet");
  program
    .description("Issues JSON Web Tokens signed with keys that stay in your custody.")
    .version(VERSION, "-V, --version", "print the version")
    .exitOverride()
    // Beside long names descriptions are wrapped as well.
    .configureHelp({ minWidthToWrap: 24 })
    .configureOutput({
      // It repeats the words that were typed, or pasted.
      writeErr: (text) => void process.stderr.write(text.split("\n").map(visible).join("\n")),
      writeOut: (text) => void process.stdout.write(withSelf(text, context.self)),
      outputError: (text, write) => write(usageInWords(text)),
    })
    .showHelpAfterError(false)
    .enablePositionalOptions()
    .hook("preAction", (_program, command) => {
      inheritOptions(command);
      context.output.onConfig(command.getOptionValue("config"));
      if (!onlyPrints(command)) context.output.finishWork();
    });
  // Options before the command, help and unknown words need all of them.
  const asked = GROUPS.filter(([words]) => words.includes(argv[0] ?? ""));
  for (const [, add] of asked.length > 0 ? asked : GROUPS) add(program, context, common);
  for (const group of program.commands.filter(({ commands }) => commands.length > 0)) {
    group.on("command:*", ([word = ""]: string[]) => {
      throw unknownCommand(word, group);
    });
  }
  addOwnCommands(program, context);
  // Last, because commands made later would inherit it.
  common(program)
    .option("--json", "print what is here as JSON")
    .allowExcessArguments()
    .action(async () => {
      const [word] = program.args;
      if (word !== undefined) throw unknownCommand(word, program);
      await (await load.overview()).overview(context, program.opts());
    });
  refuseGivenTwice(program);
  return program;
}

/** The commands that are about the command line itself. */
function addOwnCommands(program: Command, context: Context): void {
  program
    .command("completion <shell>")
    .description("print a completion script for bash, zsh or fish")
    .option("--json", "print it as a text in JSON")
    .addHelpText("after", "\nExample:\n  source <(signet completion bash)")
    .action(async (shell: string, options) => (await load.completion()).completion(program, shell, context.output, options));
  program
    .command("__values", { hidden: true })
    .addArgument(new Argument("<what>").choices(["kids", "callers"]))
    .action(async (what: "kids" | "callers") => (await load.completionValues()).completionValues(context, what));
  program
    .command("version")
    .description("print the version")
    .option("--json", "print it as JSON, with Node's")
    .action(({ json }: CommonOptions) => {
      if (json === true) context.output.json({ version: VERSION, node: process.versions.node });
      else context.output.exact(VERSION);
    });
  program
    .command("help [words...]")
    .description("show what there is, or what a command does")
    .action((words: string[]) => commandNamed(program, words).help());
}

function commandNamed(program: Command, words: readonly string[]): Command {
  let at = program;
  for (const word of words) {
    const found = at.commands.find((command) => command.name() === word);
    if (found === undefined) throw unknownCommand(word, at);
    at = found;
  }
  return at;
}

function unknownCommand(word: string, above: Command): SignetError {
  const names = above.commands.map((command) => command.name());
  const path = above.parent === null ? "signet" : `signet ${above.name()}`;
  return new SignetError(
    "usage",
    `there is no command ${shortened(word)}${didYouMean(word, names)}; all commands: ${path} --help`,
  );
}

// `signet --config FILE issue` means what `signet issue --config FILE` does. The word nearest to the end wins.
function inheritOptions(command: Command): void {
  for (let above = command.parent; above !== null; above = above.parent) {
    for (const [name, value] of Object.entries(above.opts())) {
      if (command.getOptionValue(name) === undefined) command.setOptionValue(name, value);
    }
  }
}

function common(command: Command): Command {
  return command
    .option(
      "--config <file>",
      "the config or its folder, or stack:NAME (default: $SIGNET_CONFIG, or signet.json here or in a folder above)",
    )
    .option("--yes", "answer every question with yes");
}

function addIssuerCommands(program: Command, context: Context): void {
  addCustodyFlags(addPartyFlags(common(program.command("init"))))
    .description("make an issuer: signet.json, and its keys in .signet/")
    .option("--issuer <url>", "the issuer's URL, set as iss (default: claims bring their own)")
    .option(
      "--allow-insecure-issuer",
      "take an issuer of http beside localhost, as inside a cluster: an attacker on the way can give other keys",
    )
    .option("--algorithm <alg>", "RS256 to RS512, PS256 to PS512, ES256 to ES512, Ed25519, ML-DSA-44 to -87 (default: ES256)")
    .option("--ed25519-name <name>", "what an Ed25519 key is called: EdDSA or Ed25519 (default: EdDSA)")
    .option("--custody <kind>", `who holds the private keys: ${namesIn(CUSTODIES)} (default: file)`)
    .option("--region <region>", "the AWS region (default: $AWS_REGION)")
    .option(
      "--kms-key <key>",
      `${kmsKeyFor("signs")}: an existing key that signs first; ${kmsKeyFor("wraps")}: the key that wraps; else: what encrypts at rest`,
    )
    .option("--keyring <url>", "s3://BUCKET/PREFIX for the keyring and the public documents (default: .signet/)")
    .option(
      "--import <source>",
      "import a key made elsewhere, which signs first: a file, - for stdin, env:NAME, ssm:NAME, secret:NAME, kms:KEY or an ARN",
    )
    .option("--kid <kid>", "its name in tokens, where it has none of its own; of several keys, the one that is meant")
    .option("--member <name>", "the member that is the key, where it stands in an object of JSON")
    .option("--key-passphrase-file <file>", "opens it where it is encrypted")
    .option("--jwks <source>", "a JWKS (file, URL or s3://BUCKET/KEY) that lists it: it keeps its kid")
    .option("--backup <file>", BACKUP)
    .option("--backup-passphrase-file <file>", BACKUP_PASSPHRASE)
    .option("--passphrase", "ask for a passphrase that encrypts the keys")
    .option("--passphrase-file <file>", "read that passphrase from a file, now and later")
    .option("--json", "print what was made as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  signet init --issuer https://issuer.example --algorithm ES256\n  signet init --issuer https://issuer.example --for iam,azure\n  signet init --for github-app --app-id Iv23liAbCdEfGhIjKlMn --import app.private-key.pem",
    )
    .allowExcessArguments()
    .action(async (options, { args }: Command) => (await load.init()).init(context, options, args));
  program
    .command("cost")
    .description("what custodians in AWS cost a month")
    .option("--tokens <count>", "tokens a month (default: 1000000)")
    .option("--algorithm <alg>", "what they are signed with (default: ES256)")
    .option("--json", "print the figures as JSON")
    .addHelpText("after", "\nExample:\n  signet cost --tokens 1000000 --algorithm RS256")
    .action(async (options) => (await load.cost()).cost(context, options));
}

function addIssueCommand(program: Command, context: Context): void {
  common(program.command("issue [claims...]"))
    .description("issue a token: name=value pairs are claims, name:=JSON for other than texts")
    .option("--claims <json>", "claims as JSON, @FILE, or - for stdin (one object, or one a line)")
    .option("--ttl <duration>", "how long the token lives: 90s, 10m, 1h30m, 7d")
    .option("--iat", "set iat to now")
    .option("--nbf", "set nbf to now")
    .option("--jti", "set jti to a random UUID")
    .option("--typ <type>", "the header's typ, one that the limits allow (default: JWT)")
    .option("-n, --count <count>", "how many tokens, one a line (default: 1)")
    .option("--json", 'print each as {"token":"..."}')
    .addHelpText(
      "after",
      "\nExamples:\n  signet issue sub=alice aud=my-api level:=3 --ttl 10m --iat\n  signet issue --claims - --ttl 1h < claims.jsonl > tokens.txt",
    )
    .action(async (pairs: string[], options) => (await load.issue()).issue(context, pairs, options));
}

function addTokenCommands(program: Command, context: Context): void {
  const verify = common(program.command("verify <token>"))
    .description("verify a token (- reads it from stdin): exit code 3 when it is refused")
    .option("--issuer <iss>", "the iss that is accepted (default: this folder's issuer)")
    .option(
      "--allow-insecure-issuer",
      "fetch its keys over http from beyond this machine: an attacker on the way can give other keys",
    )
    .option("--audience <aud>", "the audience that the token must name")
    .option("--jwks <file|url>", "the public keys (default: this folder's, else those that the issuer's URL leads to)")
    .option("--pem <file>", "one public key: PEM, DER, a certificate or a JWK")
    .option("--kms <key>", "a key in AWS KMS, by id, ARN or alias: KMS itself decides");
  addVerifierFlags(verify)
    .option("--clock-skew <duration>", "how far the issuer's clock may be from this one (default: 60s; at most 10m)")
    .option("--json", "print the header as well")
    .addHelpText(
      "after",
      "\nExamples:\n  signet verify eyJhbGciOi... --issuer https://issuer.example --audience my-api\n  signet verify eyJhbGciOi... --issuer https://login.microsoftonline.com/TENANT/v2.0 --audience my-api --algorithms RS256",
    )
    .action(async (token: string, options) => (await load.verify()).verify(context, token, options));
  common(program.command("doctor [issuer]"))
    .description("say who can verify an issuer's tokens (default: this folder's), and why not: exit code 1 when a rule is broken")
    .option("--jwks <url>", "where its keys are (default: discovery says it)")
    .option("--token <token>", "a token of it (- reads it from stdin): its claims are looked at too")
    .option(
      "--allow-insecure-issuer",
      "warn of an issuer of http, instead of calling it broken (default: as this folder's config says)",
    )
    .option("--for <who>", "who has to be able to verify, with commas: http-api,iam,jose (default: as this folder's config says)")
    .option("--json", "print rules and answers with their sources")
    .addHelpText(
      "after",
      "\nExamples:\n  signet doctor https://issuer.example\n  signet doctor https://issuer.example --for iam,alb || echo fix it\n  signet issue sub=ci --iat | signet doctor https://issuer.example --for google-cloud,anthropic --token -\n  signet issue | signet doctor --for github-app --token -",
    )
    .action(async (issuer: string | undefined, options) => (await load.doctor()).doctor(context, issuer, options));
  program
    .command("inspect <token>")
    .description("show what a token says (- reads it from stdin), verifying nothing")
    .option("--json", "print header and claims as one JSON object")
    .addHelpText("after", "\nExample:\n  signet issue sub=alice | signet inspect -")
    .action(async (token: string, options) => (await load.inspect()).inspect(context, token, options));
  common(program.command("jwks"))
    .description("print the public keys as verifiers get them")
    .option("--json", "the same: they are JSON")
    .addHelpText("after", "\nExample:\n  signet jwks > jwks.json")
    .action(async (options) => (await load.jwks()).jwks(context, options));
}

function addKeyCommands(program: Command, context: Context): void {
  const keys = common(program.command("keys").description("show and change the keys"));
  common(keys.command("list"))
    .description("show every key and where it is in its life")
    .option("--json", "print every member of the key records")
    .option("--timeline", "draw each key's life, past and planned (always done on a terminal)")
    .option("--svg <file>", "draw it as a picture")
    .addHelpText("after", "\nExamples:\n  signet keys list --json\n  signet keys list --svg keys.svg")
    .action(async (options) => (await load.keysList()).keysList(context, options));
  common(keys.command("import <source>"))
    .description(
      "take over a key made elsewhere: a file (PEM, DER or JWK), - for stdin, env:NAME, ssm:NAME, secret:NAME, kms:KEY, or an ARN of these",
    )
    .option(
      "--kid <kid>",
      "its name in tokens (default: its own, else its RFC 7638 thumbprint); of several keys, the one that is meant",
    )
    .option("--member <name>", "the member that is the key, where it stands in an object of JSON")
    .option("--as <state>", "standby; active for an issuer that has no active key yet, or whose keys are uploaded", "standby")
    .option("--algorithm <alg>", "what it signs with (default: the JWK's own, else the usual one of its type)")
    .option("--key-passphrase-file <file>", "opens an encrypted key")
    .option("--jwks <source>", "a JWKS (file, URL or s3://BUCKET/KEY) that lists it: it keeps its kid")
    .option("--backup <file>", BACKUP)
    .option("--backup-passphrase-file <file>", BACKUP_PASSPHRASE)
    .option("--tokens-expire-by <time>", "when the last of the tokens that it signed elsewhere ends: it may leave then")
    .option("--create", "make a new issuer with it where there is none")
    .option("--dry-run", "show what would be done, and do nothing")
    .option("--json", "print its public JWK")
    .addHelpText(
      "after",
      "\nExamples:\n  signet keys import private-key.pem --kid 5d4b8c7e\n  signet keys import secret:jwt/signing-key --jwks s3://my-bucket/jwks.json",
    )
    .action(async (source: string, options) => (await load.keysImport()).keysImport(context, source, options));
  addLifeCommands(keys, context, common);
}
