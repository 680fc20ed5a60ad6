import type { Installation } from "../../assemble.js";
import { openInBrowser } from "../../console/browser.js";
import { folderIssuer } from "../../console/folder-issuer.js";
import { readPageFiles } from "../../console/page-files.js";
import { type RedirectFile, writeRedirectFile } from "../../console/redirect-file.js";
import { IDLE_SECONDS, startConsole } from "../../console/server.js";
import { stackIssuer } from "../../console/stack-issuer.js";
import { durationInWords } from "../../encoding/durations.js";
import { passphraseOf } from "../../operator/load-installation.js";
import { assertOpensKeyFiles } from "../../operator/passphrase-use.js";
import { STACK_CONFIG, type Surroundings } from "../../operator/surroundings.js";
import { watchStopSignals } from "../../server/stop-signals.js";
import type { CommonOptions, Context } from "../context.js";
import { askedOnce } from "../once.js";
import { warnOfVariables } from "../open-installation.js";
import { EXIT, reportFailure } from "../output.js";

export interface ConsoleOptions extends CommonOptions {
  /** False for `--no-open`. */
  readonly open?: boolean;
}

// This code runs from dist/cli; the build writes the page into dist/console.
const PAGE = new URL("../console/", import.meta.url);

/** `signet console`: serves a page on this machine in which an issuer's keys are seen and changed, until it is left alone. */
export async function openConsole(context: Context, { config, json, open = true }: ConsoleOptions): Promise<void> {
  const { output, self } = context;
  warnOfVariables(context);
  const note = (words: string): void => output.note(words);
  // Each request may open the issuer again.
  const surroundings = { ...context, passphrasePrompt: askedOnce(context.passphrasePrompt) };
  const issuer = config?.startsWith(STACK_CONFIG)
    ? await stackIssuer(surroundings, config)
    : await folderIssuer(surroundings, config, note);
  if (issuer.place.kind === "folder") await askPassphrase(surroundings, await issuer.installation());
  const signals = watchStopSignals();
  let redirect: RedirectFile | undefined;
  const forget = (): void => redirect?.remove();
  process.once("exit", forget);
  const running = await startConsole({
    surroundings,
    issuer,
    files: await readPageFiles(PAGE),
    onUsed: forget,
    onUnexpected: (failure) => void reportFailure(failure, output),
  });
  if (open) {
    redirect = await writeRedirectFile(running.link);
    if (!(await openInBrowser(redirect.path, context.env))) {
      forget();
      note("no browser could be opened from here: open the link below");
    }
  }
  note(`the console of ${issuer.place.words}, on this machine alone; the link works once. Ctrl-C ends it`);
  if (json === true) output.json({ link: running.link });
  else output.data(running.link);
  context.onConsole?.();
  const why = await Promise.race([running.idle.then(() => "idle" as const), signals.first.then(() => "told" as const)]);
  if (why === "idle")
    note(`the console ends: it was not used for ${durationInWords(IDLE_SECONDS)}; \`${self} console\` opens it again`);
  const change = running.underWay()?.change.change;
  if (change !== undefined)
    note(
      `a ${change === "rotate" ? "rotation" : "revocation"} is under way and is finished first; Ctrl-C again leaves it to the next tick`,
    );
  const isFinished = await Promise.race([running.close(), signals.again.then(() => false)]);
  forget();
  process.off("exit", forget);
  // What is under way still would keep the process. Where no signal has told it to end, it may do other things: `npm start` serves in it.
  if (!isFinished && why === "told") process.exit(EXIT.failed);
}

// Once the page is open, its operator does not look at the terminal; and what was typed is kept until the console ends.
async function askPassphrase(surroundings: Surroundings, installation: Installation): Promise<void> {
  if (surroundings.passphrasePrompt?.() === undefined) return;
  const passphrase = await passphraseOf(surroundings, installation.config)();
  if (passphrase !== undefined) await assertOpensKeyFiles(installation, passphrase);
}
