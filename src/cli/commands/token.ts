import { endOf } from "../../client/life.js";
import { isPassing } from "../../client/refusal.js";
import { CLOCKS, type Renewal } from "../../client/renewal.js";
import { renewalOf } from "../../client/token-source.js";
import { reworded, tellingFailures } from "../../encoding/command-hints.js";
import { durationInWords } from "../../encoding/durations.js";
import { asArgument } from "../../encoding/shell-argument.js";
import { isSignetError, SignetError } from "../../errors.js";
import { readTrustedText } from "../../files/trusted-read.js";
import { presentSeconds } from "../../issue/issuer.js";
import { putLimitsInForce } from "../../operator/limits-in-force.js";
import { programGiven, runAfter } from "../../operator/run-after.js";
import { pathGiven } from "../../operator/surroundings.js";
import { createTokenFile, type TokenFile, type TokenFileEvent } from "../../operator/token-file.js";
import { type OriginOptions, type TokenOrigin, tokenOrigin } from "../../operator/token-origin.js";
import { type FileOptions, handingOf, tokenPlace } from "../../operator/token-place.js";
import { watchStopSignals } from "../../server/stop-signals.js";
import { claimsAsked, type RequestOptions, requestAsked } from "../asked-request.js";
import type { CommonOptions, Context } from "../context.js";
import { openInstallation } from "../open-installation.js";
import { asTypedWrong, inFlags } from "../origin-words.js";
import { durationGiven } from "../typed.js";

type Common = Omit<CommonOptions, "config">;

export interface TokenOptions extends Common, RequestOptions, OriginOptions, FileOptions {
  readonly config?: string;
  readonly file?: string;
  readonly watch?: boolean;
  readonly check?: boolean;
  readonly minTtl?: string;
  readonly reuseAtLeast?: string;
  readonly exec?: string;
}

/** So often a file is looked after, whatever wakes it sooner: a process that stood still notices it within that. */
const LOOK_MS = 1_000;
/** What is renewed later than this before its end would leave the file first. */
const MIN_WATCHED_SECONDS = 5;

/** `signet token`: one token from wherever tokens come from, printed or written to a file; with --watch the file is kept fresh. */
export async function token(context: Context, pairs: readonly string[], options: TokenOptions): Promise<void> {
  const { file } = options;
  if (options.check === true) return check(context, pairs, options);
  if (file === undefined) assertNoFileOptions(options);
  const handing = await handingOf(options);
  const program = options.exec === undefined ? undefined : programGiven(options.exec, "--exec");
  const renewal = await renewalFor(context, pairs, options);
  if (file === undefined) {
    const issued = await renewal.take();
    if (options.json === true) context.output.json({ token: issued });
    else context.output.exact(issued);
    return;
  }
  const path = pathGiven(context, file);
  const place = await tokenPlace(path, handing);
  const told = (words: string): void => context.output.note(`warning: ${words}`);
  const after = program && runAfter(program, context.env, { TOKEN_FILE: path }, told);
  const tell = (leftMs: number): void => tellReady(context, options, path, leftMs);
  if (options.watch === true) {
    const keeper = (onEvent: (event: TokenFileEvent) => void): TokenFile =>
      createTokenFile({ renewal, place, clocks: CLOCKS, onEvent });
    const signals = watchStopSignals();
    // At once, and not when the step that is under way is over: its renewal would start a run.
    const ending = signals.first.then(() => after?.stop(signals.again));
    await keep(context, keeper, { path, tell, after: () => after?.again(), stop: signals.first });
    await ending;
    // A call that is under way would keep the process until it is answered.
    process.exit(await context.output.exitCode(0));
  }
  await place.write(await renewal.take());
  const held = renewal.held();
  tell(held === undefined ? 0 : renewal.leftMs(held));
  after?.again();
  await after?.ended();
}

async function renewalFor(context: Context, pairs: readonly string[], options: TokenOptions): Promise<Renewal> {
  const request = { ...requestAsked(options), claims: await claimsAsked(context, pairs, options.claims) };
  const { minTtl, reuseAtLeast } = options;
  const minTtlSeconds = minTtl === undefined ? undefined : durationGiven(minTtl, "--min-ttl");
  if (options.watch === true && minTtlSeconds !== undefined && minTtlSeconds < MIN_WATCHED_SECONDS)
    throw usage(`--min-ttl must be at least ${MIN_WATCHED_SECONDS}s for a file: it is removed shortly before its token is over`);
  const origin: OwnOrigin = (await tokenOrigin(context, options)) ?? (await ownOrigin(context, options));
  const { usualTtl, ...from } = origin;
  const asked = {
    ...from,
    // What says no end itself is used as long as the limits say.
    request: usualTtl === undefined ? request : { ttl: usualTtl, ...request },
    minTtlSeconds,
    ...(reuseAtLeast !== undefined && { reuseAtLeastSeconds: durationGiven(reuseAtLeast, "--reuse-at-least") }),
  };
  return tellingFailures(() => renewalOf(asked, inFlags), asTypedWrong)();
}

interface OwnOrigin extends TokenOrigin {
  /** How long a token is used that has no exp, in seconds. */
  readonly usualTtl?: number;
}

/** This folder's issuer, which follows the rotations of its keys. */
async function ownOrigin(context: Context, options: TokenOptions): Promise<OwnOrigin> {
  const installation = await openInstallation(context, options).catch((error: unknown) => {
    if (!isSignetError(error, "config_missing")) throw error;
    throw reworded(error, `${error.message}; a token from elsewhere is asked for with --url, --token-url or --function`);
  });
  await putLimitsInForce(installation, (words) => context.output.note(words));
  const { tokens = {}, limits } = installation.config;
  const usualTtl = tokens.exp === false ? (limits.defaultTtlSeconds ?? limits.maxTtlSeconds) : undefined;
  return {
    from: { issue: async (request) => installation.issuer.issue(request) },
    ...(usualTtl !== undefined && { usualTtl }),
  };
}

interface Kept {
  readonly path: string;
  readonly tell: (leftMs: number) => void;
  readonly after: () => void;
  /** Ends it. */
  readonly stop: Promise<void>;
}

async function keep(
  { output }: Context,
  keeper: (onEvent: (event: TokenFileEvent) => void) => TokenFile,
  { path, tell, after, stop }: Kept,
): Promise<void> {
  let [isReady, fatal]: [boolean, SignetError | undefined] = [false, undefined];
  const stopped = new AbortController();
  stop.then(() => stopped.abort());
  const file = keeper((event) => {
    // What no further try would change is told as a failure, as long as nothing depends on this process.
    if (event.what === "failing" && !isReady && !isPassing(event.failure)) fatal = event.failure;
    else if (event.what === "ready") tell(event.leftMs);
    else output.note(wordsOf(event, path));
    if (event.what === "ready" || event.what === "renewed") after();
    isReady ||= event.what === "ready";
  });
  try {
    while (!stopped.signal.aborted) {
      await file.step();
      if (fatal !== undefined) throw fatal;
      await nextLook(file, stopped.signal);
    }
  } finally {
    file.close();
  }
}

function nextLook(file: TokenFile, stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      stopped.removeEventListener("abort", done);
      file.onWake(() => undefined);
      resolve();
    };
    const timer = setTimeout(done, LOOK_MS);
    stopped.addEventListener("abort", done, { once: true });
    file.onWake(done);
    if (stopped.aborted) done();
  });
}

function wordsOf(event: TokenFileEvent, path: string): string {
  switch (event.what) {
    case "ready":
    case "renewed":
      return `renewed: ${path} is good for ${inWords(event.leftMs)}`;
    case "restored":
      return `${path} was gone, or changed by another process: it is there again`;
    case "removed":
      return `${path} was removed: its token was over, and there is no other one`;
    case "failing":
      return `warning: no new token (${event.failure.message}); it is tried again until one comes, and this is told once`;
    case "unwritable":
      return `warning: ${event.failure.message}; it is tried again until it works, and this is told once`;
    case "recovered":
      return "tokens come again";
  }
}

function tellReady({ output }: Context, { json, watch }: TokenOptions, path: string, leftMs: number): void {
  if (json === true) output.json({ file: path, goodForSeconds: Math.floor(leftMs / 1_000) });
  else output.note(`ready: ${path} is good for ${inWords(leftMs)}${watch === true ? ", and is renewed in time" : ""}`);
}

function inWords(milliseconds: number): string {
  return durationInWords(Math.max(0, milliseconds) / 1_000);
}

/** `--check`: whether the file holds a token that is good still, by this machine's clock. */
async function check(context: Context, pairs: readonly string[], options: TokenOptions): Promise<void> {
  const { file, minTtl, ttl, json, check: _, ...others } = options;
  const stray = Object.entries(others).some(([, value]) => value !== undefined) || pairs.length > 0;
  if (file === undefined || stray)
    throw usage("--check looks at a file and asks for nothing: give --file, --min-ttl, --ttl and --json alone");
  const path = pathGiven(context, file);
  const text = await readTrustedText("input", path);
  const least = minTtl === undefined ? 0 : durationGiven(minTtl, "--min-ttl");
  const end = text === undefined ? undefined : endOf(text.trim(), ttl === undefined ? undefined : durationGiven(ttl, "--ttl"));
  const left = (end ?? 0) - presentSeconds();
  if (left <= least) throw new SignetError("not_ready", notReady(path, text, end, left));
  tellReady(context, { ...(json === true && { json }) }, path, left * 1_000);
}

function notReady(path: string, text: string | undefined, end: number | undefined, left: number): string {
  if (text === undefined) return `there is no ${path}: \`signet token --file ${asArgument(path)} --watch\` writes it`;
  if (end === undefined)
    return `${path} holds no token that says when it ends: for one that has iat and no exp, say with --ttl how long it is used`;
  return left > 0 ? `${path} is good for ${durationInWords(left)} only` : `the token in ${path} is over`;
}

function assertNoFileOptions(options: TokenOptions): void {
  const names = ["watch", "mode", "group", "exec", "reuseAtLeast"] as const;
  if (names.some((name) => options[name] !== undefined))
    throw usage("--watch, --mode, --group, --exec and --reuse-at-least are about a file: give --file PATH");
}

function usage(words: string): SignetError {
  return new SignetError("usage", words);
}
