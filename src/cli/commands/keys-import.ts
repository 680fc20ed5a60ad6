import { publicJwk as publicJwkOf } from "../../algorithms/jwk.js";
import { algorithmNamed } from "../../algorithms/table.js";
import type { Installation } from "../../assemble.js";
import { findCustody } from "../../custody/registry.js";
import { ownMember } from "../../encoding/own-member.js";
import { asArgument } from "../../encoding/shell-argument.js";
import { isSignetError, SignetError } from "../../errors.js";
import { activeRecord, type Keyring, recordByKid } from "../../keyring/keyring.js";
import { changeConfig } from "../../operator/config-file.js";
import { keyToImport } from "../../operator/key-import.js";
import { presentPartingWords } from "../../operator/key-listing.js";
import { awaitsUpload } from "../../operator/key-timeline.js";
import { assertKeyTaken, isNameOfAnother, judgesKeys, keyForParties, lineOfKids } from "../../operator/party-keys.js";
import { assertUnderWay } from "../../operator/report-words.js";
import { STACK_CONFIG } from "../../operator/surroundings.js";
import type { Manager } from "../../rotation/manager.js";
import { awaitingUpload } from "../../rotation/plan/successor.js";
import { type ImportedKey, recordOfSameKey } from "../../rotation/steps/import-key.js";
import { confirm } from "../confirm.js";
import { type CommonOptions, type Context, pathOfConfig } from "../context.js";
import { type BackupOptions, backUp, tellImported, tellLostName } from "../key-backup.js";
import { managerFor, printReport } from "../key-report.js";
import { openInstallation } from "../open-installation.js";
import { askIfWatched } from "../prompt.js";
import { algorithmGiven } from "../typed.js";
import { instantOf } from "./keys-change.js";

export interface ImportOptions extends CommonOptions, BackupOptions {
  readonly kid?: string;
  readonly as: string;
  readonly algorithm?: string;
  readonly keyPassphraseFile?: string;
  readonly member?: string;
  readonly jwks?: string;
  readonly tokensExpireBy?: string;
  readonly dryRun?: boolean;
  /** Makes a new issuer where there is no keyring. */
  readonly create?: boolean;
}

/** `signet keys import`: takes over a key that was made elsewhere. What is there stays as it is. */
export async function keysImport(context: Context, source: string, options: ImportOptions): Promise<void> {
  const { output } = context;
  const { as } = options;
  if (as !== "standby" && as !== "active") throw new SignetError("usage", "--as takes standby or active");
  const asked = options.algorithm === undefined ? undefined : algorithmGiven(options.algorithm, "--algorithm").name;
  const place = await placeToImport(context, options);
  let { installation } = place;
  const { createKeyring } = place;
  const { config } = installation;
  const { kids = {} } = config.tokens ?? {};
  const wishes = {
    ...options,
    askPassphrase: askIfWatched(),
    onLostName: tellLostName(context, config.custody),
    namedInTokens: (thumbprint: string) => ownMember<string>(kids, thumbprint),
  };
  const read = await keyToImport(context, { ...config, region: config.aws?.region }, source, wishes);
  if ("existing" in read && config.aws === undefined) throw stranded(source);
  const found = keyForParties(config, read, asked);
  const expiry = options.tokensExpireBy === undefined ? {} : { tokensExpireBy: instantOf(options.tokensExpireBy) };
  const before = (await installation.stores.keyring.read())?.keyring;
  const isByUpload = before?.policy.byUpload === true;
  // Who hands keys out has this one: where keys are uploaded it may follow the one that signs at once.
  if (before !== undefined) assertOneName(config, before, found);
  const follows = as === "active" && isByUpload && activeRecord(before) !== undefined;
  const wanted = follows ? "standby" : as;
  const request = { ...found, ...expiry, as: wanted, signsNext: follows, createKeyring } as const;
  // What is refused is refused before anything is written.
  const preview = await imported(config, await managerFor(context, installation), { ...request, dryRun: true });
  if (judgesKeys(config)) assertKeyTaken(config, { publicJwk: preview.publicJwk, custody: found.custody }, as === "active");
  if (options.dryRun !== true) await backUp(context, found, options);
  if (createKeyring) installation = await rotatedByHand(context, installation, options);
  const manager = await managerFor(context, installation);
  const { publicJwk, ...report } = options.dryRun === true ? preview : await imported(config, manager, request);
  const name = options.dryRun === true ? nameBefore(found, publicJwk.kid) : publicJwk.kid;
  const halves = "existing" in found ? "" : "; its halves belong together";
  output.note(`found in ${source}: ${publicJwk.alg.startsWith("P") ? "a" : "an"} ${publicJwk.alg} key, ${name}${halves}`);
  if (options.dryRun === true) {
    printReport(context, report, options);
    if (follows) output.note(`key ${name} would sign then`);
    return;
  }
  const there =
    "existing" in found ? "it stays in KMS, and is never deleted there" : "it was not changed: protect it or remove it";
  const isNew = report.actions.some(({ kind }) => kind === "import");
  const told = report.actions.filter(({ kind }) => kind === "expire");
  if (isNew) output.note(`imported ${publicJwk.alg} key ${publicJwk.kid} as ${wanted}; ${source}: ${there}`);
  else output.note(`key ${publicJwk.kid} was imported before${told.length > 0 ? "" : ", and is as it was"}`);
  for (const { words } of told) output.note(`done: ${words}`);
  if (follows) await letSign(context, installation, manager, publicJwk.kid);
  else if (await awaits(installation, publicJwk.kid)) output.note(awaitsUpload(publicJwk.kid));
  tellImported(context, installation.config, found, { source, backup: options.backup });
  if (options.json === true) output.json(publicJwk);
}

// The word that a key is known at the other side is given with the import. Typed again, it has been done.
async function letSign({ output }: Context, installation: Installation, manager: Manager, kid: string): Promise<void> {
  const { config, stores } = installation;
  const before = (await stores.keyring.read())?.keyring;
  const replaced = before && activeRecord(before)?.publicJwk;
  const from = replaced?.kid;
  if (from === kid) return;
  const report = await manager.rotate({ uploaded: kid });
  assertUnderWay(report, kid);
  for (const { words } of report.waits.filter((wait) => wait.kid === kid && wait.until !== null)) output.note(`waits: ${words}`);
  if (report.rotated === null) return;
  output.note(`key ${kid} signs in place of ${from}`);
  if (replaced === undefined) return;
  if (isNameOfAnother(config, replaced))
    output.note(
      `the other side calls another key ${from}: delete nothing there; \`signet keys revoke ${asArgument(replaced.kid)}\` takes this one from \`signet keys list\``,
    );
  else output.note(await presentPartingWords(installation, replaced.kid));
}

async function awaits({ stores }: Installation, kid: string): Promise<boolean> {
  const keyring = (await stores.keyring.read())?.keyring;
  return keyring !== undefined && awaitingUpload(keyring).some(({ publicJwk }) => publicJwk?.kid === kid);
}

/** A key has one name here, and a name one key: tokens can have another one. */
function assertOneName(config: Installation["config"], keyring: Keyring, found: ImportedKey): void {
  if ("existing" in found || findCustody(found.custody)?.namesImports === true) return;
  const own = publicJwkOf(found.privateKey, algorithmNamed(found.algorithm));
  const record = recordOfSameKey(keyring, own);
  const name = found.kid ?? own.kid;
  const namesake = recordByKid(keyring, name);
  if (record === undefined && namesake !== undefined) {
    const what = `the keyring has another key of this name already (${namesake.state}): give another --kid, or none`;
    throw new SignetError("plan_refused", `${what}${wayOfName(config, found)}`, { field: "kid" });
  }
  const kid = record?.publicJwk?.kid;
  if (record === undefined || kid === undefined || kid === name || record.revokedAt !== undefined) return;
  const isRecalled = record.state === "retired" && record.origin === "imported" && keyring.policy.byUpload === true;
  const again = isRecalled ? `; with --kid ${kid} --as active it signs again` : "";
  const inTokens =
    found.kid === undefined || config.issuer !== undefined
      ? ""
      : `. For tokens that say ${found.kid}: ${lineOfKids(own, found.kid)}`;
  throw new SignetError("plan_refused", `the keyring has this very key already, as ${kid} (${record.state})${again}${inTokens}`, {
    field: "kid",
  });
}

/** What to do where the other side calls a key so, and another one is, or was, called so here. */
function wayOfName({ issuer }: Installation["config"], found: ImportedKey): string {
  // Verifiers that read the JWKS find a key by the name that it has here.
  if (issuer !== undefined || "existing" in found || found.kid === undefined) return "";
  const own = publicJwkOf(found.privateKey, algorithmNamed(found.algorithm));
  return `. Where the other side knows this key as ${found.kid}: ${lineOfKids(own, found.kid)}, and import it without --kid`;
}

/** What a key is called before it is imported: one that its custodian's service names has no kid yet. */
function nameBefore(found: ImportedKey, kid: string): string {
  const isNamedLater = !("existing" in found) && findCustody(found.custody)?.namesImports === true;
  return isNamedLater ? `of thumbprint ${kid} (${found.custody} gives it its kid)` : kid;
}

async function imported(
  config: Installation["config"],
  manager: Manager,
  request: Parameters<Manager["importKey"]>[0] & ImportedKey,
): ReturnType<Manager["importKey"]> {
  try {
    return await manager.importKey(request);
  } catch (error) {
    if (!isSignetError(error, "plan_refused") || error.field !== "kid") throw error;
    const words = `${error.message}${wayOfName(config, request)}`;
    throw new SignetError("plan_refused", words, { field: "kid", cause: error });
  }
}

function stranded(source: string): SignetError {
  return new SignetError(
    "usage",
    `${source} stays in KMS, and this issuer has nothing in AWS yet: \`signet keys migrate --custody kms\` takes it there, and ` +
      "then the key can be imported",
  );
}

/** Where the key goes. In an empty place it makes a new issuer, which has to be asked for: a volume may not be mounted. */
async function placeToImport(
  context: Context,
  options: ImportOptions,
): Promise<{ readonly installation: Installation; readonly createKeyring: boolean }> {
  const installation = await openInstallation(context, options);
  const isStack = options.config?.startsWith(STACK_CONFIG) === true;
  if (isStack || (await installation.stores.keyring.read()) !== undefined) return { installation, createKeyring: false };
  const where = installation.stores.location ?? installation.config.directory;
  if (options.create !== true) {
    if (options.yes !== true && !process.stdin.isTTY) {
      throw new SignetError(
        "keyring_missing",
        `there is no keyring in ${where}, and nothing was changed: mount or restore what should be there, run \`signet init\` ` +
          "to make a new issuer, or give --create to make one with this key",
      );
    }
    await confirm(`There is no keyring in ${where}. Make a new issuer there, with this key?`, options);
  }
  return { installation, createKeyring: true };
}

// As with `init --import`: a verifier that holds the key's PEM cannot follow a schedule.
async function rotatedByHand(context: Context, installation: Installation, options: ImportOptions): Promise<Installation> {
  const { env, output } = context;
  const { rotateEverySeconds, byUpload } = installation.config.rotation;
  if (rotateEverySeconds === 0 || byUpload === true || env.SIGNET_ROTATE_EVERY_SECONDS) return installation;
  if (options.dryRun === true) {
    output.note("rotation.rotateEverySeconds would be set to 0 in the config: the next keys sign after `signet keys rotate`");
    return installation;
  }
  const path = pathOfConfig(context, options);
  await changeConfig(path, env, (members) => ({
    members: { ...members, rotation: { ...(members.rotation as object | undefined), rotateEverySeconds: 0 } },
    result: undefined,
  }));
  output.note(
    `rotation.rotateEverySeconds is 0 in ${path} now: a verifier with a public key as a PEM cannot follow a schedule. Where every verifier ` +
      "reads the JWKS, set it again, then run `signet keys apply`",
  );
  return openInstallation(context, options);
}
