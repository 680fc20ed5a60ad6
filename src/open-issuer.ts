import { assembleIssuer } from "./assemble-issuer.js";
import type { Environment } from "./config/environment.js";
import { loadConfig } from "./config/load.js";
import { configuredPassphrase } from "./config/secrets.js";
import { tellingFailures } from "./encoding/command-hints.js";
import { A_TEXT, AN_OBJECT, readOptions } from "./encoding/options.js";
import { type Issuer, issuerOver } from "./issue/issuer.js";
import type { Jwks } from "./keyring/documents.js";

/** What `openIssuer` reads besides the config file. */
export interface OpenIssuerOptions {
  /** The config file, or its folder; default `SIGNET_CONFIG`, else `signet.json` in the present directory. */
  readonly config?: string | undefined;
  /** Environment variables; default `process.env`. */
  readonly env?: Environment | undefined;
}

/** An issuer with its public face. */
export interface OpenIssuer extends Issuer {
  /** The issuer's URL (`iss`); `null` where `tokens.iss` is no URL, or claims bring their own. */
  readonly url: string | null;
  /** The public keys as they are published now. */
  jwks(): Promise<Jwks>;
}

/**
 * Opens the issuer that `signet init` made. It reads its key now, and follows rotations afterwards.
 *
 * @example
 * ```ts
 * import { openIssuer } from "signet-jwt";
 *
 * const issuer = await openIssuer(); // Reads ./signet.json.
 * const { token } = await issuer.issue({ claims: { sub: "alice", aud: "api" }, ttl: 600 });
 * console.log(token.split(".").length); // 3
 * ```
 *
 * @throws SignetError `config_missing`, `config_invalid`, `no_active_key`, and what opening a key file can throw
 */
export async function openIssuer(options: OpenIssuerOptions = {}): Promise<OpenIssuer> {
  const given = readOptions<OpenIssuerOptions>(options, "openIssuer", { config: A_TEXT, env: AN_OBJECT });
  return tellingFailures(opened)(given);
}

async function opened(given: OpenIssuerOptions): Promise<OpenIssuer> {
  const env = given.env ?? process.env;
  const otherwise = "name one in the option config";
  const config = await loadConfig({ path: given.config, cwd: process.cwd(), env, otherwise });
  const { issuer, activeKey, stores } = await assembleIssuer(config, {
    passphrase: () => configuredPassphrase(config, env),
    env,
  });
  await activeKey.refresh();
  const { issue, issueSync, issueMany } = issuerOver(issuer);
  return Object.freeze({
    issue: tellingFailures(issue),
    issueSync: tellingFailures(issueSync),
    issueMany: tellingFailures(issueMany),
    url: config.issuer ?? null,
    jwks: tellingFailures(async () => (await stores.publicDocuments.read())?.jwks ?? { keys: [] }),
  });
}
