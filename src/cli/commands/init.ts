import type { AwsConfig, Config } from "../../config/schema.js";
import { configuredPassphrase } from "../../config/secrets.js";
import { findCustody, takesPassphrase } from "../../custody/registry.js";
import { isInsecureUrl, PRICE_OF_HTTP } from "../../encoding/insecure-issuer.js";
import { SignetError } from "../../errors.js";
import type { KeyRecord } from "../../keyring/key-record.js";
import { type InitPlan, makeIssuer, planInit } from "../../operator/init.js";
import { membersOf, withKey } from "../../operator/init-for.js";
import { custodyAsked, type InitialOptions } from "../../operator/initial-config.js";
import { keyToImport, thumbprintOf } from "../../operator/key-import.js";
import { fittingKey } from "../../operator/party-keys.js";
import { ENCRYPTING, unusedPassphrase } from "../../operator/passphrase-use.js";
import { footprint } from "../../operator/prices.js";
import type { Choice } from "../../relying-parties/choose.js";
import type { ImportedKey } from "../../rotation/steps/import-key.js";
import { type CommonOptions, type Context, pathOfNewConfig } from "../context.js";
import { custodyMembersIn } from "../custody-flags.js";
import { assertNoWords, choiceFor, nextSteps, type PartyOptions, tellChoice } from "../init-parties.js";
import { type BackupOptions, backUp, tellImported, tellLostName } from "../key-backup.js";
import { warnOfVariables } from "../open-installation.js";
import { askIfWatched, askNewPassphrase } from "../prompt.js";

export interface InitOptions extends CommonOptions, Omit<InitialOptions, "chosen">, BackupOptions, PartyOptions {
  /** A key made elsewhere that signs first. */
  readonly import?: string;
  readonly kid?: string;
  readonly member?: string;
  /** A JWKS that lists it. */
  readonly jwks?: string;
  /** Holds the passphrase that opens the imported key. */
  readonly keyPassphraseFile?: string;
}

/** `signet init`: makes an issuer, or resumes an `init` that was interrupted. */
export async function init(context: Context, given: InitOptions, words: readonly string[] = []): Promise<void> {
  const { output } = context;
  assertNoWords(words, given);
  warnOfVariables(context);
  const path = pathOfNewConfig(context, given);
  const { choice: chosen, options } = await choiceFor(context, given);
  const imported = await keyFrom(context, options, chosen);
  const choice = chosen && withKey(chosen, imported, await kidsOf(context, options, chosen, imported));
  const wanted = { ...options, ...chosenMembers(choice, imported), custodyMembers: custodyMembersIn(options) };
  const plan = await planInit(context, path, wanted, imported);
  const { config } = plan;
  const unused = unusedPassphrase(config, context.env);
  if (unused !== undefined) output.note(`warning: ${unused}`);
  const configured = takesPassphrase(config.custody) ? await configuredPassphrase(config, context.env) : undefined;
  const asked = options.passphrase === true ? await askedPassphrase(context, configured) : undefined;
  const passphrase = asked ?? configured;
  const active = await makeIssuer(context, plan, {
    passphrase,
    onFoundPossible: async () => {
      if (choice !== undefined) tellChoice(context, choice);
      await backUp(context, imported, options);
    },
    onStep: ({ words }) => output.isWatched && output.note(`  ${words}`),
    onBegin: () => config.aws !== undefined && tellPlan(context, config, config.aws),
  });
  if (plan.hasExistingKey && (choice === undefined || choice.rotation === "schedule")) tellRotation(context, config);
  if (imported !== undefined) {
    const { import: source = "", backup } = options;
    if (!("existing" in imported) && source !== "-") output.note(`${source} was not changed: protect it or remove it`);
    tellImported(context, config, { ...imported, custody: config.custody }, { source, backup });
  }
  if (config.issuer !== undefined && isInsecureUrl(config.issuer)) output.note(`warning: ${config.issuer} ${PRICE_OF_HTTP}`);
  printSummary(context, plan, active, { isEncrypted: passphrase !== undefined, wasAsked: asked !== undefined });
  for (const step of nextSteps(context, choice, config)) output.command(`Next: ${step}`);
  if (options.json !== true) return;
  const { issuer = null, custody, directory } = plan.config;
  const { alg, publicJwk } = active;
  output.json({
    config: path,
    issuer,
    custody,
    directory,
    alg,
    kid: publicJwk?.kid,
    isEncrypted: passphrase !== undefined,
    ...(choice && { for: plan.config.for, tokens: plan.config.tokens ?? {}, reasons: choice.reasons, notes: choice.notes }),
  });
}

/** What was chosen for those whom the tokens are for, of the config. */
function chosenMembers(choice: Choice | undefined, imported: ImportedKey | undefined): Partial<InitialOptions> {
  if (choice === undefined) return {};
  const algorithm = imported?.algorithm ?? choice.algorithms[0];
  return { chosen: membersOf(choice), algorithm };
}

/** What `tokens.kids` says of the first key, where its custodian names it and a party has named it before. */
async function kidsOf(
  context: Context,
  { kid, region }: InitOptions,
  { tokens }: Choice,
  imported: ImportedKey | undefined,
): Promise<Choice["tokens"]["kids"]> {
  if (tokens.kids === undefined || kid === undefined || imported === undefined) return undefined;
  return Object.fromEntries([[await thumbprintOf(context, imported, region), kid]]);
}

async function keyFrom(context: Context, options: InitOptions, choice: Choice | undefined): Promise<ImportedKey | undefined> {
  if (options.import !== undefined) {
    const { region, algorithm = choice?.algorithms[0] ?? "ES256", ed25519Name = "EdDSA" } = options;
    const custody = custodyAsked(context, options);
    const place = { region, custody, algorithm, ed25519Name: ed25519Name as "EdDSA" };
    const isForTokens = choice?.tokens.kids !== undefined;
    const namedInTokens = () => (isForTokens ? options.kid : undefined);
    const wishes = {
      ...options,
      isForTokens,
      askPassphrase: askIfWatched(),
      namedInTokens,
      onLostName: tellLostName(context, custody),
    };
    const found = await keyToImport(context, place, options.import, wishes);
    return choice === undefined ? found : fittingKey(choice, found);
  }
  const { kid, member, jwks, keyPassphraseFile } = options;
  const [alone] = Object.entries({
    "--kid": kid,
    "--member": member,
    "--jwks": jwks,
    "--key-passphrase-file": keyPassphraseFile,
  }).flatMap(([flag, value]) => (value === undefined ? [] : flag));
  if (alone === undefined) return undefined;
  throw new SignetError("usage", `${alone} is for a key that is taken over: give it with --import`);
}

// What a later command would take instead does not open the keys.
async function askedPassphrase({ env }: Context, configured: string | undefined): Promise<string> {
  if (configured === undefined) return askNewPassphrase();
  const other = env.SIGNET_PASSPHRASE ? "SIGNET_PASSPHRASE is set" : "a file holds one";
  throw new SignetError(
    "usage",
    `--passphrase asks for a passphrase, and ${other}, which later commands take: give one of the two`,
  );
}

function tellRotation({ output }: Context, { rotation }: Config): void {
  if (rotation.rotateEverySeconds > 0) return;
  output.note(
    "The key that was imported signs until `signet keys rotate`: a verifier with its public key as a PEM cannot follow a schedule.",
  );
  output.note(
    "Where every verifier reads the JWKS, set rotation.rotateEverySeconds in the config, then run `signet keys apply`.",
  );
}

/** Says what will be made in AWS, and what it costs, before it is made. */
function tellPlan({ output }: Context, config: Config, { installation, region, keyring }: AwsConfig): void {
  const { things, monthly = 0 } = footprint(config.custody, config.aws?.kmsKey);
  output.note(`Making in AWS${region === undefined ? "" : ` (${region})`}, as the installation ${installation}:`);
  for (const thing of things) output.note(`  ${thing}`);
  if (config.rotation.byUpload === true) output.note("  one key of them for now: the next one is made when you ask for it");
  output.note(`  keyring, audit log and public documents in ${keyring ?? config.directory}`);
  output.note(`  about $${monthly.toFixed(2)} a month, before any token (\`signet cost\`)`);
}

function printSummary(
  { output }: Context,
  { config, path }: InitPlan,
  active: KeyRecord,
  { isEncrypted, wasAsked }: { readonly isEncrypted: boolean; readonly wasAsked: boolean },
): void {
  output.note(`${output.paint("Issuer ready", "bold")}${config.issuer === undefined ? "" : ` for ${config.issuer}`}`);
  output.note(`  config   ${path}`);
  const facts = findCustody(config.custody);
  const isInDirectory = facts?.keyFolder !== undefined;
  const keeper = config.aws === undefined ? config.custody : `${config.custody} in AWS`;
  output.note(
    `  keys     ${isInDirectory ? config.directory : keeper} (${active.alg} key ${active.publicJwk?.kid} signs${config.rotation.byUpload === true ? "" : "; a standby is published"})`,
  );
  if (!isInDirectory) output.note(`  keyring  ${config.aws?.keyring ?? config.directory}`);
  if (isEncrypted) output.note("  secrets  encrypted under your passphrase");
  else if (isInDirectory) printUnencrypted(output, facts.takesPassphrase === true);
  if (wasAsked) output.note("           give the passphrase in SIGNET_PASSPHRASE or SIGNET_PASSPHRASE_FILE from now on");
}

function printUnencrypted(output: Context["output"], canEncrypt: boolean): void {
  output.note("  secrets  NOT encrypted: a user who can read these files can sign. To encrypt them, make an issuer");
  if (canEncrypt)
    output.note("           elsewhere with `signet init --passphrase`, or with SIGNET_PASSPHRASE or --passphrase-file set");
  else output.note(`           elsewhere with \`signet init --custody ${ENCRYPTING} --passphrase\``);
}
