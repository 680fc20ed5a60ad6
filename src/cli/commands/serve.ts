import { availableParallelism } from "node:os";
import type { Installation } from "../../assemble.js";
import { areEndpointsLocal } from "../../aws/endpoint.js";
import { withProfile } from "../../aws/profile-environment.js";
import { loadConfig } from "../../config/load.js";
import { issuerPath } from "../../encoding/issuer-path.js";
import { isLoopback } from "../../encoding/loopback-host.js";
import { SignetError } from "../../errors.js";
import { stampOf } from "../../files/stamp.js";
import { namedIssuer } from "../../issue/token-rules.js";
import { mixedSubjectsInWords } from "../../operator/caller-overlaps.js";
import { pathGiven } from "../../operator/surroundings.js";
import { isWorker, portFromAbove } from "../../server/above.js";
import type { ListenAddress, TlsFiles } from "../../server/socket.js";
import { signByTurn } from "../../server/turn-signer.js";
import { createSocketPath } from "../../server/unix-socket.js";
import { type CommonOptions, type Context, pathOfConfig } from "../context.js";
import { doubtsOfPlace } from "../issuer-doubts.js";
import { askedOnce } from "../once.js";
import { openInstallation } from "../open-installation.js";
import { serveUntilStopped } from "../serving.js";
import { tokensInWords } from "../tokens-words.js";

export interface ServeOptions extends CommonOptions {
  readonly dev?: boolean;
  readonly port?: string;
  readonly host?: string;
  readonly socket?: string;
  readonly workers?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

/** What was asked, checked. */
interface Asked {
  readonly address: ListenAddress;
  readonly tls: TlsFiles | undefined;
  readonly dev: boolean;
  readonly workers: number;
}

const FOLLOW_SECONDS = 1;
const DEFAULT_PORT = 7117;
const MAX_WORKERS = 64;

/** `signet serve`: serves until it is told to stop (SIGTERM, SIGINT or SIGHUP), then lets requests in flight finish and ends. */
export async function serve(context: Context, options: ServeOptions, version: string): Promise<void> {
  const asked = await askedOf(context, options);
  // This process and its workers open the same keys: the first of them that needs the passphrase has it asked for.
  const typed = askedOnce(context.passphrasePrompt);
  await serveUntilStopped(context, {
    ...asked,
    json: options.json === true,
    version,
    changedConfig: configWatch(context, options),
    typedPassphrase: async () => typed()?.(),
    async open(passphraseAbove) {
      const passphrasePrompt = passphraseAbove === undefined ? typed : () => passphraseAbove;
      const installation = await openInstallation({ ...context, passphrasePrompt }, options, {
        refreshSeconds: FOLLOW_SECONDS,
        processes: asked.workers,
        wrapSigner: signByTurn,
      });
      if (asked.dev) assertDev(context, installation, asked);
      assertShares(installation, asked.workers);
      return installation;
    },
    onServing(installation, url) {
      greet(context, installation, asked, url);
      context.onServing?.(url);
    },
  });
}

async function askedOf(context: Context, options: ServeOptions): Promise<Asked> {
  const { dev = false, host = "127.0.0.1", socket, tlsCert, tlsKey } = options;
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new SignetError("usage", "give --tls-cert and --tls-key together");
  if (socket !== undefined && (options.port !== undefined || options.host !== undefined)) {
    throw new SignetError("usage", "give --socket, or --host and --port, not both");
  }
  const address =
    socket === undefined
      ? { host, port: numberOf("--port", portFromAbove() ?? options.port, 0, 65_535) ?? (await issuersPort(context, options)) }
      : { socket: createSocketPath(pathGiven(context, socket), isWorker ? process.ppid : process.pid) };
  const tls =
    tlsCert === undefined || tlsKey === undefined
      ? undefined
      : { cert: pathGiven(context, tlsCert), key: pathGiven(context, tlsKey) };
  return { address, tls, dev, workers: numberOf("--workers", options.workers, 1, MAX_WORKERS) ?? 1 };
}

/** The port at which verifiers look for the issuer's keys, where its URL names one. */
async function issuersPort(context: Context, options: ServeOptions): Promise<number> {
  const { cwd, env } = context;
  const { issuer } = await loadConfig({ path: pathOfConfig(context, options), cwd, env });
  return (issuer !== undefined && Number(new URL(issuer).port)) || DEFAULT_PORT;
}

function numberOf(option: string, text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined) return undefined;
  const number = /^\d{1,9}$/.test(text) ? Number(text) : -1;
  if (number >= least && number <= most) return number;
  throw new SignetError("usage", `${option} must be a whole number from ${least} to ${most}`);
}

// In dev mode every process of this machine gets a token: they must be worth nothing anywhere else.
function assertDev({ env }: Context, { config }: Installation, { address }: Asked): void {
  if (config.issuer === undefined || !isLoopback(new URL(config.issuer).hostname)) {
    throw new SignetError(
      "usage",
      "--dev gives tokens to every program on this machine, so it needs an issuer that is worth nothing elsewhere: make one in an empty folder with `signet init --issuer http://localhost:7117`",
    );
  }
  if (config.aws !== undefined && !areEndpointsLocal(withProfile(env))) {
    throw new SignetError(
      "usage",
      "--dev gives tokens to every program on this machine, so keys in AWS are not for it: set AWS_ENDPOINT_URL to an emulator on this machine, or leave --dev out",
    );
  }
  if ("socket" in address || isLoopback(address.host)) return;
  throw new SignetError("usage", "--dev serves this machine only: leave --host out, or give 127.0.0.1 or ::1");
}

// Each worker holds its share of a rate, so that all of them together never exceed it.
function assertShares({ config }: Installation, workers: number): void {
  const rates = [
    ["limits", config.limits],
    ...Object.entries(config.callers).map(([name, { limits }]) => [`callers.${name}.limits`, limits]),
  ] as const;
  for (const [where, limits] of rates) {
    const { maxTokensPerMinute } = (limits ?? {}) as { readonly maxTokensPerMinute?: number };
    if (maxTokensPerMinute === undefined || maxTokensPerMinute >= workers) continue;
    throw new SignetError(
      "usage",
      `${where as string}.maxTokensPerMinute is less than one token for each of ${workers} workers: start fewer`,
    );
  }
}

function configWatch(context: Context, options: ServeOptions): () => Promise<Installation["config"] | undefined> {
  const path = pathOfConfig(context, options);
  const { cwd, env } = context;
  let seen: string | undefined;
  return async () => {
    const stamp = await stampOf(path);
    if (stamp === seen) return undefined;
    const config = await loadConfig({ path, cwd, env });
    seen = stamp;
    return config;
  };
}

function greet({ output, self }: Context, { config }: Installation, { address, dev, workers, tls }: Asked, url: string): void {
  const names = Object.keys(config.callers);
  output.note(`${output.paint("Signet serves", "bold")} ${url}${workers > 1 ? ` with ${workers} workers` : ""}; Ctrl-C stops it`);
  output.note(`  issuer   ${namedIssuer(config) ?? "(claims bring their own iss)"}`);
  const tokens = tokensInWords(config.tokens);
  if (tokens.length > 0) output.note(`  tokens   ${tokens.join(", ")}`);
  if (!("socket" in address)) output.note(`  keys     ${url}${issuerPath(config.issuer)}/.well-known/jwks.json`);
  output.note(
    names.length > 0
      ? `  callers  ${names.join(", ")}`
      : `  callers  none: /issue is closed until \`${self} callers add NAME\` makes one`,
  );
  if (workers > availableParallelism())
    output.note(`  warning  there are only ${availableParallelism()} processors for ${workers} workers`);
  if (!("socket" in address) && !isLoopback(address.host) && tls === undefined) {
    output.note("  warning  secrets and tokens travel unencrypted: give --tls-cert and --tls-key, or put TLS in front");
  }
  const doubts = [
    ...doubtsOfPlace(config.issuer, url, tls !== undefined),
    ...mixedSubjectsInWords(config.callers, config.issuer),
  ];
  for (const doubt of doubts) output.note(`  warning  ${doubt}`);
  if (!dev) return;
  output.note("Try in another shell, which needs no AWS account:");
  output.command(`  curl -s ${url}/2015-03-31/functions/signet/invocations -d '{"claims":{"sub":"alice"},"ttl":600}'`);
  output.command(
    `  aws lambda invoke --function-name signet --endpoint-url ${url} --no-sign-request --region us-east-1 --cli-binary-format raw-in-base64-out --payload '{"claims":{"sub":"alice"}}' /dev/stdout`,
  );
}
