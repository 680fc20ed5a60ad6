/** A stack on the strict fake of AWS: its keys there, its key manager that ships, each time in an environment of its own. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
const shortWaits = join(root, "test/rotation/processes/short-waits.mjs");

/** Who calls AWS: the operator at the console, the key manager's function, and another manager on another machine. */
const identity = (name) => ({ accessKeyId: `AKID${name.toUpperCase()}`, secretAccessKey: name });
const credentialsOf = ({ accessKeyId, secretAccessKey }) => ({
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: secretAccessKey,
});

/** Makes it, with its first keys. */
export async function startStack() {
  /** @type {Set<string>} what the operator is denied */
  const denied = new Set();
  let trap = () => undefined;
  const [operator, manager, other] = ["operator", "manager", "other"].map(identity);
  const aws = await startFakeAws({
    credentials: [
      { ...operator, allows: ({ action }) => !denied.has(action) },
      ...[manager, other].map((each) => ({ ...each, allows: (call) => trap(each.accessKeyId, call) ?? true })),
    ],
  });
  aws.createBucket(BUCKET);
  aws.state.functions.set(MANAGER, new Map());
  const home = mkdtempSync(join(tmpdir(), "signet-stack-"));
  const env = { ...aws.env, SIGNET_INSTALLATION: BUCKET };
  const elsewhere = join(home, "elsewhere");
  mkdirSync(elsewhere);
  const made = ["init", "--custody", "parameter-store", "--keyring", `s3://${BUCKET}`, "--issuer", ISSUER];
  must(await signet(elsewhere, made, { env: { ...env, ...credentialsOf(other) }, imports: [shortWaits] }), "init");

  const { startCloudFormation } = await sourceModule("test/fakes/aws/cloudformation.ts");
  const formation = await startCloudFormation();
  formation.stack = {
    parameters: {
      ...{ KeyCustodianParameter: "ParameterStore", Algorithm: "ES256", Callers: "{}" },
      ...{ MaxTtlSeconds: "86400", RotateEveryDays: "90" },
    },
    outputs: {
      ...{ KeyringBucket: BUCKET, IssuerUrl: ISSUER, KeyManagerFunctionArn: MANAGER },
      ...{ JWTIssuerFunctionArn: `${FUNCTION}-Issuer-1A2B3C`, JwtIssuerFunctionArn: `${FUNCTION}-Issuer-1A2B3C` },
    },
  };

  /** @type {Promise<unknown>} */
  let last = Promise.resolve();
  const objectOf = (key) => JSON.parse(aws.state.buckets.get(BUCKET).objects.get(key).at(-1).body.toString());
  aws.runs(async (_arn, event) => {
    const api = await startRuntimeApi();
    const program = [join(root, "bench/bootstrap.cjs"), join(root, "dist/lambda/key-manager.cjs")];
    const settings = {
      ...{ SIGNET_KEYRING: `s3://${BUCKET}`, SIGNET_ISSUER: ISSUER, SIGNET_CUSTODY: "parameter-store" },
      ...{ AWS_LAMBDA_RUNTIME_API: api.address, AWS_LAMBDA_FUNCTION_NAME: "signet-Manager", AWS_LAMBDA_LOG_LEVEL: "FATAL" },
    };
    const child = spawn(process.execPath, ["--import", shortWaits, ...program], {
      env: { ...env, ...credentialsOf(manager), ...settings },
      stdio: ["ignore", "ignore", "inherit"],
    });
    running.set(manager.accessKeyId, child);
    const answer = api.invoke(JSON.stringify(event)).finally(() => {
      child.kill("SIGKILL");
      api.close();
    });
    last = answer.catch(() => undefined);
    return answer;
  });

  /** @type {Map<string, import("node:child_process").ChildProcess>} */
  const running = new Map();
  /** Stops a manager at its first entry in the log, for which it has the lease: it goes on when it is told to. */
  function frozen(who) {
    return new Promise((stopped) => {
      trap = (caller, { action, resource }) => {
        if (caller !== who || action !== "s3:PutObject" || !resource.includes("/audit/")) return;
        trap = () => undefined;
        const child = running.get(who);
        child.kill("SIGSTOP");
        stopped({ goOn: () => child.kill("SIGCONT") });
      };
    });
  }

  return {
    keyring: () => objectOf("keyring.json"),
    published: () => objectOf(".well-known/jwks.json"),
    deny: (action) => denied.add(action),
    allowAll: () => denied.clear(),
    /** Once the key manager has done what it was asked last. */
    finished: () => last,
    /** The next run of the key manager, once it has the lease. */
    frozenManager: () => frozen(manager.accessKeyId),
    /** A manager on another machine, once it has the lease. @param {readonly string[]} args */
    async frozenOther(args) {
      const stopped = frozen(other.accessKeyId);
      const child = spawn(process.execPath, ["--import", shortWaits, join(root, "bin/signet"), ...args], {
        cwd: elsewhere,
        env: { PATH: process.env.PATH, HOME: home, ...env, ...credentialsOf(other) },
        stdio: "ignore",
      });
      running.set(other.accessKeyId, child);
      const ended = new Promise((resolve) => child.once("exit", resolve));
      return { ...(await stopped), ended };
    },
    /** The same, once a person has said that whoever has the lease has ended, as its refusal says it. @param {readonly string[]} args */
    async takeOver(args) {
      const as = { env: { ...env, ...credentialsOf(other) }, imports: [shortWaits] };
      const { stderr } = await signet(elsewhere, args, as);
      const [, unlock = ""] = /`signet (keys unlock \S+)`/.exec(stderr) ?? [];
      for (const words of [[...unlock.split(" "), "--yes"], args]) must(await signet(elsewhere, words, as), words.join(" "));
    },
    console: () =>
      startConsole(elsewhere, {
        args: ["--config", "stack:signet"],
        env: { ...aws.env, ...credentialsOf(operator), AWS_ENDPOINT_URL_CLOUDFORMATION: formation.url },
      }),
    async end() {
      for (const child of running.values()) child.kill("SIGKILL");
      formation.close();
      await aws.close();
      rmSync(home, { recursive: true });
    },
  };
}
