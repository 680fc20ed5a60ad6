/** A stack on the strict fake of AWS: its keys and log there, its two functions that ship, each time in an environment of its own. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { startRuntimeApi } from "../../bench/runtime-api.mjs";
import { startFakeAws } from "../../test/fakes/aws/fake-aws.mjs";
import { must, signet } from "../../test/rotation/processes/installation.mjs";
import { sourceModule } from "../source-module.mjs";
import { startConsole } from "./issuer.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const ISSUER = "https://issuer.example";
const BUCKET = "signet-keyring";
const FUNCTION = "arn:aws:lambda:eu-central-1:111122223333:function:signet";
/** The key manager's function. */
export const MANAGER = `${FUNCTION}-Manager-1A2B3C`;
const ISSUING = `${FUNCTION}-Issuer-1A2B3C`;
/** The log of what was issued. */
const LOG = "signet-IssuerLog-1A2B3C";
/** Who may ask, beside who has the right to invoke the function itself. */
const CALLERS = { billing: { limits: { maxTtlSeconds: 60 } } };
const shortWaits = join(root, "test/rotation/processes/short-waits.mjs");

/** Who calls AWS: the operator at the console, the two functions, and another manager on another machine. */
const identity = (name) => ({ accessKeyId: `AKID${name.toUpperCase()}`, secretAccessKey: name });
const credentialsOf = ({ accessKeyId, secretAccessKey }) => ({
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: secretAccessKey,
});

const STACK = {
  parameters: {
    ...{ KeyCustodianParameter: "ParameterStore", Algorithm: "ES256", Callers: JSON.stringify(CALLERS) },
    ...{ MaxTtlSeconds: "86400", RotateEveryDays: "90", LogRetentionDays: "90", LogLevelApplicationParameter: "INFO" },
  },
  outputs: {
    ...{ KeyringBucket: BUCKET, IssuerUrl: ISSUER, KeyManagerFunctionArn: MANAGER },
    ...{ JWTIssuerFunctionArn: ISSUING, JwtIssuerFunctionArn: ISSUING },
  },
};

/**
 * Runs a function that ships for one event.
 *
 * @param {string} file of dist/lambda
 * @param {{ event: object, alias?: string, env: Record<string, string>, started: (child: import("node:child_process").ChildProcess) => void }} work
 */
async function run(file, { event, alias, env, started }) {
  const api = await startRuntimeApi();
  const program = [join(root, "bench/bootstrap.cjs"), join(root, "dist/lambda", file)];
  const child = spawn(process.execPath, ["--import", shortWaits, ...program], {
    env: { ...env, SIGNET_ISSUER: ISSUER, AWS_LAMBDA_RUNTIME_API: api.address },
    stdio: ["ignore", "pipe", "inherit"],
  });
  started(child);
  return api.invoke(JSON.stringify(event), alias).finally(() => {
    child.kill("SIGKILL");
    api.close();
  });
}

/** Stops a manager at its first entry in the log, for which it has the lease. */
function createTrap() {
  /** @type {Map<string, import("node:child_process").ChildProcess>} */
  const running = new Map();
  let set;
  return {
    running,
    /** Told of each call before it is carried out. */
    called(who, { action, resource }) {
      if (set?.who !== who || action !== "s3:PutObject" || !resource.includes("/audit/")) return;
      const child = running.get(who);
      child.kill("SIGSTOP");
      set.stopped({ goOn: () => child.kill("SIGCONT") });
      set = undefined;
    },
    /** Stops the next one of that name: it goes on when it is told to. */
    next: (who) =>
      new Promise((stopped) => {
        set = { who, stopped };
      }),
  };
}

/** A manager on another machine, which has a folder there. */
function otherManager(cwd, env, trap) {
  const who = env.AWS_ACCESS_KEY_ID;
  const run = (args) => signet(cwd, args, { env, imports: [shortWaits] });
  return {
    run,
    /** Lets it begin, and stops it once it has the lease. @param {readonly string[]} args */
    async frozen(args) {
      const stopped = trap.next(who);
      const child = spawn(process.execPath, ["--import", shortWaits, join(root, "bin/signet"), ...args], {
        cwd,
        env: { PATH: process.env.PATH, HOME: cwd, ...env },
        stdio: "ignore",
      });
      trap.running.set(who, child);
      const ended = new Promise((resolve) => child.once("exit", resolve));
      return { ...(await stopped), ended };
    },
    /** Lets it work once a person has said that whoever has the lease has ended, as its refusal says it. @param {readonly string[]} args */
    async takeOver(args) {
      const { stderr } = await run(args);
      const [, unlock = ""] = /`signet (keys unlock \S+)`/.exec(stderr) ?? [];
      for (const words of [[...unlock.split(" "), "--yes"], args]) must(await run(words), words.join(" "));
    },
  };
}

/**
 * The stack's functions, which run whenever they are invoked.
 *
 * @param {(child: import("node:child_process").ChildProcess) => void} started told of each environment of the key manager
 */
function createFunctions(aws, env, started) {
  /** @type {{ timestamp: number, message: string }[]} */
  const logged = [];
  aws.state.logs.groups.set(LOG, { createdAt: 0, retentionDays: 90, lines: logged });
  aws.state.functions.set(MANAGER, new Map());
  aws.state.functions.set(ISSUING, new Map(Object.keys(CALLERS).map((name) => [name, {}])));
  const managers = {
    ...{ ...env.manager, SIGNET_KEYRING: `s3://${BUCKET}`, SIGNET_CUSTODY: "parameter-store" },
    ...{ AWS_LAMBDA_FUNCTION_NAME: "signet-Manager", AWS_LAMBDA_LOG_LEVEL: "FATAL" },
  };
  const issuers = { ...env.issuing, SIGNET_CALLERS: JSON.stringify(CALLERS), AWS_LAMBDA_LOG_LEVEL: "INFO" };
  const logging = ({ stdout }) =>
    createInterface(stdout).on("line", (message) => logged.push({ timestamp: Date.now(), message }));
  /** @type {Promise<unknown>} */
  let last = Promise.resolve();
  aws.runs((arn, event) => {
    if (arn.startsWith(ISSUING)) {
      return run("issuer.cjs", { event, alias: arn.split(":")[7], env: issuers, started: logging });
    }
    const answer = run("key-manager.cjs", { event, env: managers, started });
    last = answer.catch(() => undefined);
    return answer;
  });
  return { managed: () => last };
}

/** Makes it, with its first keys. */
export async function startStack() {
  /** @type {Set<string>} what the operator is denied */
  const denied = new Set();
  const trap = createTrap();
  const [operator, manager, issuing, other] = ["operator", "manager", "issuing", "other"].map(identity);
  const watched = (who) => ({ ...who, allows: (call) => trap.called(who.accessKeyId, call) ?? true });
  const aws = await startFakeAws({
    credentials: [{ ...operator, allows: ({ action }) => !denied.has(action) }, watched(manager), issuing, watched(other)],
  });
  aws.createBucket(BUCKET);
  const objectOf = (key) => JSON.parse(aws.state.buckets.get(BUCKET).objects.get(key).at(-1).body.toString());
  const envOf = (who) => ({ ...aws.env, SIGNET_INSTALLATION: BUCKET, ...credentialsOf(who) });

  const elsewhere = mkdtempSync(join(tmpdir(), "signet-elsewhere-"));
  const second = otherManager(elsewhere, envOf(other), trap);
  const made = ["init", "--custody", "parameter-store", "--keyring", `s3://${BUCKET}`, "--issuer", ISSUER];
  must(await second.run(made), "init");

  const { startCloudFormation } = await sourceModule("test/fakes/aws/cloudformation.ts");
  const formation = Object.assign(await startCloudFormation(), { stack: STACK, resources: { IssuerLog: LOG } });
  const functions = createFunctions(aws, { manager: envOf(manager), issuing: envOf(issuing) }, (child) =>
    trap.running.set(manager.accessKeyId, child),
  );
  return {
    keyring: () => objectOf("keyring.json"),
    published: () => objectOf(".well-known/jwks.json"),
    deny: (action) => denied.add(action),
    allowAll: () => denied.clear(),
    other: second,
    /** The next run of the key manager that changes keys, once it has the lease. */
    frozenManager: () => trap.next(manager.accessKeyId),
    /** Once the key manager has done what it was asked last. */
    finished: functions.managed,
    console: () =>
      startConsole(elsewhere, {
        args: ["--config", "stack:signet"],
        env: { ...aws.env, ...credentialsOf(operator), AWS_ENDPOINT_URL_CLOUDFORMATION: formation.url },
      }),
    async end() {
      for (const child of trap.running.values()) child.kill("SIGKILL");
      formation.close();
      await aws.close();
      rmSync(elsewhere, { recursive: true });
    },
  };
}
