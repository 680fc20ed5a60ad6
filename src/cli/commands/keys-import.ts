import { readFile } from "node:fs/promises";
import { parsePrivateKeyText } from "../../algorithms/private-key-text.js";
import { type AlgorithmName, algorithmNamed } from "../../algorithms/table.js";
import { isSignetError, SignetError } from "../../errors.js";
import { readPrivateFile } from "../../files/private-read.js";
import { type CommonOptions, type Context, openInstallation, pathGiven } from "../context.js";
import { tellReport } from "../key-report.js";
import { askHidden } from "../prompt.js";

export interface ImportOptions extends CommonOptions {
  readonly kid?: string;
  readonly as: string;
  readonly algorithm?: string;
  readonly keyPassphraseFile?: string;
  readonly dryRun?: boolean;
}

/** `signet keys import`: takes over a private key that was made elsewhere. The file stays as it is. */
export async function keysImport(context: Context, file: string, options: ImportOptions): Promise<void> {
  const { output } = context;
  const installation = await openInstallation(context, options);
  const { as } = options;
  if (as !== "standby" && as !== "active") throw new SignetError("usage", "--as takes standby or active");
  const alg = options.algorithm === undefined ? undefined : headerName(options.algorithm, installation.config.ed25519Name);
  const read = await readKey(context, file, options, alg);
  const kid = options.kid ?? read.kid;
  const algorithm = alg ?? headerName(read.alg, read.kid === undefined ? installation.config.ed25519Name : undefined);
  const manager = await installation.manager({ onStep: ({ words }) => output.isWatched && output.note(`  ${words}`) });
  const { publicJwk, ...report } = await manager.importKey({
    privateKey: read.privateKey,
    algorithm,
    as,
    custody: installation.config.custody,
    dryRun: options.dryRun,
    ...(kid === undefined ? {} : { kid }),
  });
  if (options.dryRun === true) {
    tellReport(context, report, options);
    return;
  }
  output.note(`imported ${publicJwk.alg} key ${publicJwk.kid} as ${as}; ${file} was not changed: protect it or remove it`);
  if (options.json === true) output.json(publicJwk);
}

async function readKey(context: Context, file: string, options: ImportOptions, alg: AlgorithmName | undefined) {
  let text: string;
  try {
    text = await readFile(pathGiven(context, file), "utf8");
  } catch (error) {
    throw new SignetError("usage", `${file} cannot be read`, { cause: error });
  }
  const parse = (passphrase: string | undefined) =>
    parsePrivateKeyText(text, { ...(alg === undefined ? {} : { alg }), ...(passphrase === undefined ? {} : { passphrase }) });
  try {
    return parse(await passphraseOfKey(context, options));
  } catch (error) {
    if (!isSignetError(error, "passphrase_required")) throw error;
    if (!process.stdin.isTTY) {
      throw new SignetError("usage", `${file} is encrypted: give its passphrase with --key-passphrase-file FILE`, {
        cause: error,
      });
    }
    return parse(await askHidden(`Passphrase of ${file}: `));
  }
}

async function passphraseOfKey(context: Context, { keyPassphraseFile }: ImportOptions): Promise<string | undefined> {
  if (keyPassphraseFile === undefined) return undefined;
  const text = await readPrivateFile(pathGiven(context, keyPassphraseFile));
  if (text === undefined) throw new SignetError("usage", `${keyPassphraseFile} cannot be read`);
  return text.replace(/\r?\n$/, "");
}

function headerName(name: string, ed25519Name: AlgorithmName | undefined): AlgorithmName {
  const { name: known, crv } = algorithmNamed(name);
  return crv === "Ed25519" && ed25519Name !== undefined ? ed25519Name : known;
}
