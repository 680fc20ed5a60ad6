import { type AssemblyOptions, assembleIssuer, type IssuingParts } from "./assemble-issuer.js";
import { regionIn } from "./aws/endpoint.js";
import type { Environment } from "./config/environment.js";
import type { Config } from "./config/schema.js";
import { SignetError } from "./errors.js";
import { presentSeconds } from "./issue/issuer.js";
import type { Manager, ManagerOptions } from "./rotation/manager.js";

export type { AssemblyOptions } from "./assemble-issuer.js";
export { publishedStandbys } from "./rotation/plan/successor.js";

/** The parts of one issuer's installation. */
export interface Installation extends IssuingParts {
  /** A manager, who may change keys. Its parts are loaded only when it is asked for. */
  manager(
    options?: Pick<ManagerOptions, "onStep" | "sleep" | "actor"> & Partial<Pick<ManagerOptions, "stores">>,
  ): Promise<Manager>;
}

/** Builds an installation from a config. Nothing is read or written yet. */
export async function assemble(config: Config, options: AssemblyOptions = {}): Promise<Installation> {
  const parts = await assembleIssuer(config, options);
  const { stores, custodians } = parts;
  return Object.freeze({
    ...parts,
    async manager(more = {}) {
      const { createManager } = await import("./rotation/manager.js");
      const notify = await notifierFor(config, options.env ?? process.env);
      const clock = options.clock ?? presentSeconds;
      return createManager({ stores, custodians, settings: settingsOf(config), clock, notify, ...more });
    },
  });
}

// Who is told of changes is found out when a manager is made: nothing else needs to know.
async function notifierFor(config: Config, env: Environment): Promise<ManagerOptions["notify"]> {
  const { webhook, eventBus } = config.notices;
  if (webhook === undefined && eventBus === undefined) return undefined;
  const [{ notifierOf }, { createTransport }, { credentialChain }, { withProfile }, { configuredWebhookSecret }] =
    await Promise.all([
      import("./notify/notifier.js"),
      import("./aws/transport.js"),
      import("./aws/credential-chain.js"),
      import("./aws/profile-environment.js"),
      import("./config/secrets.js"),
    ]);
  const found = eventBus === undefined ? env : withProfile(env);
  const region = (eventBus?.startsWith("arn:") ? eventBus.split(":")[3] : config.aws?.region) || regionIn(found);
  if (eventBus !== undefined && !region) {
    throw new SignetError(
      "config_invalid",
      "no AWS region is known for notices.eventBus: give its ARN, set AWS_REGION, or give the profile one",
      {
        field: "notices.eventBus",
      },
    );
  }
  const transport = () => createTransport({ region: region ?? "", credentials: credentialChain(env), env: found });
  return notifierOf({ webhook, webhookSecret: await configuredWebhookSecret(config, env), eventBus }, transport);
}

function settingsOf({ issuer, algorithm, ed25519Name, custody, limits, rotation }: Config): ManagerOptions["settings"] {
  const isEd25519 = algorithm === "Ed25519" || algorithm === "EdDSA";
  return {
    issuer: issuer ?? null,
    algorithm: isEd25519 ? ed25519Name : algorithm,
    custody,
    policy: rotation,
    maxTtlSeconds: limits.maxTtlSeconds,
    allowsUnlimitedTokens: !limits.requireExpiration && limits.defaultTtlSeconds === null,
  };
}
