import { spawn, spawnSync } from "node:child_process";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { createServer as createPlainServer, type IncomingHttpHeaders, type RequestListener, type Server } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { delimiter, join } from "node:path";
import { createLocalJWKSet, type JWTPayload, jwtVerify } from "jose";
import { afterAll, beforeAll, expect } from "vitest";
import { SIGNET } from "../cli/command.js";
import { isInFull } from "../contracts/matrix.js";
import { quickRsaBy } from "../contracts/quick-rsa.mjs";
import { scratchDirectories } from "../contracts/scratch.js";

/** A server that plays whoever a script calls, and a shell whose curl is led to it, whatever the script's URL says. */

/** A file of the recipes as readers paste it, byte for byte. */
export const example = (name: string): Promise<string> =>
  readFile(new URL(`../../examples/recipes/${name}`, import.meta.url), "utf8");

/** What the other side is asked. */
export interface Asked {
  readonly json: Readonly<Record<string, unknown>>;
  readonly form: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
}

/** Its answer, as JSON or as a text. */
export type Answer = (asked: Asked) => object | string | Promise<object | string>;

/** The answers to `METHOD HOST/PATH`. */
export type Answers = Readonly<Record<string, Answer>>;

/** The other side does not do it. */
export class Refusal extends Error {}

/** What a script came to. */
interface RanScript {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Shell {
  readonly cwd: string;
  run(script: string, env?: Readonly<Record<string, string>>): Promise<RanScript>;
  /** The same for what must succeed. @returns what it printed */
  done(script: string, env?: Readonly<Record<string, string>>): Promise<string>;
}

export const hasTool = (tool: string): boolean => spawnSync(tool, ["--version"]).error === undefined;

/** What the scripts need, and what makes the server's certificate. */
export const hasTools = ["sh", "curl", "jq", "openssl"].every(hasTool);

/** The other side, for the tests of a file. */
export function createOtherSide() {
  const scratch = scratchDirectories();
  let answers: Answers = {};
  /** Requests that the other side's documentation does not have. */
  let faults: unknown[] = [];
  let asked: string[] = [];
  let servers: readonly Server[] = [];

  async function answerTo(route: string, body: string, headers: IncomingHttpHeaders): Promise<readonly [number, string]> {
    asked.push(route);
    try {
      const answer = answers[route];
      if (answer === undefined) throw new Error(`${route} is not there`);
      const isJson = headers["content-type"]?.startsWith("application/json") === true;
      const found = await answer({ json: isJson ? JSON.parse(body) : {}, form: new URLSearchParams(body), headers });
      return [200, typeof found === "string" ? found : JSON.stringify(found)];
    } catch (error) {
      if (error instanceof Refusal) return [401, JSON.stringify({ error: error.message })];
      faults.push(error);
      return [500, JSON.stringify({ error: "a fault" })];
    }
  }

  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", async () => {
      const route = `${request.method} ${request.headers.host?.replace(/:\d+$/, "")}${request.url}`;
      const [status, text] = await answerTo(route, Buffer.concat(chunks).toString(), request.headers);
      response.writeHead(status, { "content-type": text.startsWith("<") ? "text/xml" : "application/json" }).end(text);
    });
  };
  const portOf = (at: number) => ((servers[at] as Server).address() as AddressInfo).port;

  beforeAll(async () => {
    if (!hasTools) return;
    const folder = await scratch();
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const how = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost"];
    spawnSync("openssl", ["req", "-x509", ...how, "-keyout", key, "-out", cert]);
    servers = [createServer({ key: await readFile(key), cert: await readFile(cert) }, listener), createPlainServer(listener)];
    await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))));
  });
  afterAll(() => {
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
  });

  async function run(cwd: string, script: string, env: Readonly<Record<string, string>> = {}): Promise<RanScript> {
    [faults, asked] = [[], []];
    const PATH = [join(cwd, "bin"), process.env.PATH].join(delimiter);
    // Keys are made anew in full alone.
    const quick = isInFull ? {} : { NODE_OPTIONS: quickRsaBy(join(cwd, "bin/rsa-turn-")) };
    const child = spawn("sh", ["-e", "-c", script], {
      cwd,
      env: { PATH, HOME: cwd, ...quick, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [out, err]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
    expect(faults).toStrictEqual([]);
    return { code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
  }

  return {
    /** Where programs find it that take an endpoint. */
    endpoint: () => `http://localhost:${portOf(1)}`,
    /** Gives it its answers from here on. */
    answersWith(given: Answers): void {
      answers = given;
    },
    /** What the last script has asked for, in order. */
    wasAsked: (): readonly string[] => asked,
    /** A folder in which `signet` and curl are those that the pages mean. */
    async shell(): Promise<Shell> {
      const cwd = await scratch();
      await mkdir(join(cwd, "bin"));
      await symlink(SIGNET, join(cwd, "bin/signet"));
      // The certificate is nobody's: what is played is what is said over it.
      await writeFile(join(cwd, ".curlrc"), `connect-to = "::127.0.0.1:${portOf(0)}"\ninsecure\n`);
      return {
        cwd,
        run: (script, env) => run(cwd, script, env),
        async done(script, env) {
          const { code, stdout, stderr } = await run(cwd, script, env);
          expect(code, stderr).toBe(0);
          return stdout;
        },
      };
    },
  };
}

/** An issuer's public keys, which is all that the other side has of it. */
export interface Keys {
  readonly keys: readonly object[];
}

/**
 * What a token says.
 *
 * @throws Refusal where none of the keys has signed it by one of the algorithms
 */
export async function signedClaims(token: unknown, { keys }: Keys, algorithms: readonly string[]): Promise<JWTPayload> {
  if (typeof token !== "string") throw new Refusal("no token");
  for (const key of keys) {
    const set = createLocalJWKSet({ keys: [key] } as never);
    const found = await jwtVerify(token, set, { algorithms: [...algorithms] }).catch(() => undefined);
    if (found !== undefined) return found.payload;
  }
  throw new Refusal("no key has signed it");
}

/** The token that a request carries. */
export function bearerOf({ headers }: Asked): string | undefined {
  return headers.authorization?.replace(/^Bearer /, "");
}

/** Refuses a request without what the other side has given. */
export function expectBearer(request: Asked, token: string): void {
  if (bearerOf(request) !== token) throw new Refusal("unauthorized");
}
