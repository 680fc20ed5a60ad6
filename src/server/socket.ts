import { statSync } from "node:fs";
import { createServer, type RequestListener, type Server, type ServerOptions } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { AddressInfo, ListenOptions } from "node:net";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import { ownMember } from "../encoding/own-member.js";
import { SignetError } from "../errors.js";
import { readTrustedSync } from "../files/trusted-read.js";
import { listenFailedAt, type SocketPath } from "./unix-socket.js";

/** Where a server listens: an address, or a Unix socket. */
export type ListenAddress = { readonly host: string; readonly port: number } | { readonly socket: SocketPath };

/** The files of a certificate chain and its private key, in PEM. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

// A client that sends its header or body drop by drop holds a connection, and nothing else, for so long.
const LIMITS: ServerOptions = {
  // As on Node 20, where later ones keep four times as much of each body that waits.
  highWaterMark: 16_384,
  maxHeaderSize: 16_384,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 5_000,
  // RFC 9112 section 6.3: what two parsers could read in two ways is refused.
  insecureHTTPParser: false,
  requireHostHeader: true,
};

/** Makes the server that listens, with TLS where there are files for it. */
export function createSocketServer(listener: RequestListener, tls: TlsFiles | undefined): Server | TlsServer {
  const server = tls === undefined ? createServer(LIMITS, listener) : createTlsServer({ ...LIMITS, ...readTls(tls) }, listener);
  server.maxHeadersCount = 100;
  return server;
}

/** Answers a function that takes the certificate again whenever its files have changed. */
export function certificateReloader(server: TlsServer, files: TlsFiles): () => boolean {
  let seen = stampOf(files);
  return () => {
    const stamp = stampOf(files);
    if (stamp === seen) return false;
    server.setSecureContext(readTls(files));
    seen = stamp;
    return true;
  };
}

/**
 * Listens.
 *
 * @throws SignetError `listen_failed`, with what to do
 */
export async function listen(server: Server, address: ListenAddress): Promise<void> {
  const options: ListenOptions =
    "socket" in address ? { path: address.socket.boundPath } : { host: address.host, port: address.port };
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(listenFailed(error, address)));
    server.listen(options, resolve);
  });
}

/**
 * The port for several processes that shall listen at one which the system chooses. It is chosen before they start: one that is chosen for
 * them is given back when none of them is left, and their successors would get another.
 *
 * @throws SignetError `listen_failed`
 */
export async function chosenPort(address: ListenAddress): Promise<number | undefined> {
  if ("socket" in address || address.port !== 0) return undefined;
  const server = createServer();
  await listen(server, address);
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function listenFailed(error: NodeJS.ErrnoException, address: ListenAddress): SignetError {
  if ("socket" in address) return listenFailedAt(address.socket.path, error);
  const where = `port ${address.port} of ${address.host}`;
  const advice: Readonly<Record<string, string>> = {
    EADDRINUSE: `${where} is taken: another server listens there; choose another with --port, or stop that one`,
    EACCES: `${where} may not be used by this user; ports from 1024 on need no privilege`,
    EADDRNOTAVAIL: `${where} is no address of this machine; give --host one that it has`,
    ENOTFOUND: `${where}: there is no such host; give --host an address of this machine`,
  };
  return new SignetError(
    "listen_failed",
    ownMember(advice, error.code ?? "") ?? `${where} cannot be opened to listen (${error.code})`,
    {
      cause: error,
    },
  );
}

function readTls({ cert, key }: TlsFiles): { cert: Buffer; key: Buffer } {
  const files = { cert: readPem("--tls-cert", cert), key: readPem("--tls-key", key) };
  try {
    createSecureContext(files);
    return files;
  } catch (cause) {
    // Node says neither which of the files it was, nor what is to be done.
    prove({ cert: files.cert }, "--tls-cert: the file is no certificate chain in PEM");
    prove({ key: files.key }, "--tls-key: the file is no private key in PEM, or a passphrase encrypts it");
    throw new SignetError("listen_failed", "--tls-key: the key is not that of the certificate", { cause });
  }
}

function prove(files: SecureContextOptions, fault: string): void {
  try {
    createSecureContext(files);
  } catch (cause) {
    throw new SignetError("listen_failed", fault, { cause });
  }
}

function readPem(option: string, path: string): Buffer {
  const text = readTrustedSync("input", path, "listen_failed");
  if (text !== undefined) return text;
  throw new SignetError("listen_failed", `${option}: there is no ${path}`);
}

function stampOf({ cert, key }: TlsFiles): string {
  return [cert, key].map((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs).join();
}
