import type { Config } from "../../config/schema.js";
import { isSignetError } from "../../errors.js";
import { namedIssuer } from "../../issue/token-rules.js";
import { activeRecord, awaitsInit } from "../../keyring/keyring.js";
import { exampleWithTtl } from "../../operator/example-request.js";
import { awaitsUpload } from "../../operator/key-timeline.js";
import { awaitingUpload } from "../../rotation/plan/successor.js";
import { type CommonOptions, type Context, pathOfConfig } from "../context.js";
import { openInstallation } from "../open-installation.js";

/** `signet` alone: the next step for the state that it finds. */
export async function overview(context: Context, options: CommonOptions): Promise<void> {
  const { output, self } = context;
  if (options.json === true) return output.json(await presentState(context, options));
  output.note("Signet issues JSON Web Tokens signed with keys that stay in your custody.");
  for (const line of await nextSteps(context, options)) output.note(line);
  output.note(`All commands: ${self} --help`);
}

async function nextSteps(context: Context, options: CommonOptions): Promise<string[]> {
  const { self } = context;
  try {
    const { stores, config } = await openInstallation(context, options);
    const found = await stores.keyring.read();
    const active = found && activeRecord(found.keyring);
    if (active === undefined)
      return [
        "",
        `${pathOfConfig(context, options)} is there, but no key is active yet.`,
        awaitsInit(found?.keyring)
          ? `  ${self} init          finishes what was begun`
          : `  ${self} keys tick     says what it waits for`,
      ];
    const waiting = found === undefined ? [] : awaitingUpload(found.keyring);
    const rows = [
      [["issue", ...exampleWithTtl(config)].join(" "), "issues a token"],
      ["verify TOKEN", "verifies one"],
      ["jwks", "shows the public keys"],
      ["keys list", "shows where the keys are in their lives"],
    ] as const;
    const width = Math.max(...rows.map(([command]) => command.length));
    return [
      "",
      `Here: ${namedIssuer(config) ?? "an issuer without a URL"}, signing ${active.alg} with ${active.publicJwk?.kid}${forWhom(config)}.`,
      ...rows.map(([command, does]) => `  ${self} ${command.padEnd(width)}   ${does}`),
      ...waiting.flatMap(({ publicJwk }) => (publicJwk === undefined ? [] : ["", awaitsUpload(publicJwk.kid)])),
    ];
  } catch (error) {
    if (!isSignetError(error, "config_missing")) throw error;
    return [
      "",
      "There is no issuer in this folder yet.",
      `  ${self} init --issuer https://issuer.example   makes one for that URL`,
      `  ${self} init                                   makes one whose claims bring their own iss`,
    ];
  }
}

function forWhom({ for: parties = [] }: Pick<Config, "for">): string {
  return parties.length === 0 ? "" : `, for ${parties.join(", ")}`;
}

async function presentState(context: Context, options: CommonOptions): Promise<object> {
  try {
    const { stores, config } = await openInstallation(context, options);
    const found = await stores.keyring.read();
    const active = found && activeRecord(found.keyring);
    return { issuer: config.issuer ?? null, alg: active?.alg ?? null, kid: active?.publicJwk?.kid ?? null };
  } catch (error) {
    if (!isSignetError(error, "config_missing")) throw error;
    return { issuer: null, alg: null, kid: null };
  }
}
