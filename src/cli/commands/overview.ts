import { isSignetError } from "../../errors.js";
import { activeRecord } from "../../keyring/keyring.js";
import { type CommonOptions, type Context, openInstallation, pathOfConfig } from "../context.js";

/** `signet` alone: the next step for the state that it finds. */
export async function overview(context: Context, options: CommonOptions): Promise<void> {
  const { output } = context;
  output.note("Signet issues JSON Web Tokens signed with keys that stay in your custody.");
  for (const line of await nextSteps(context, options)) output.note(line);
  output.note("All commands: signet --help");
}

async function nextSteps(context: Context, options: CommonOptions): Promise<string[]> {
  try {
    const { stores, config } = await openInstallation(context, options);
    const found = await stores.keyring.read();
    const active = found && activeRecord(found.keyring);
    if (active === undefined)
      return [
        "",
        `${pathOfConfig(context, options)} is there, but no key is active yet.`,
        "  signet init          finishes what was begun",
      ];
    return [
      "",
      `Here: ${config.issuer ?? "an issuer without a URL"}, signing ${active.alg} with ${active.publicJwk?.kid}.`,
      "  signet issue sub=alice --ttl 10m   issues a token",
      "  signet verify TOKEN                verifies one",
      "  signet jwks                        shows the public keys",
      "  signet keys list                   shows where the keys are in their lives",
    ];
  } catch (error) {
    if (!isSignetError(error, "config_missing")) throw error;
    return [
      "",
      "There is no issuer in this folder yet.",
      "  signet init --issuer https://issuer.example   makes one for that URL",
      "  signet init                                   makes one whose claims bring their own iss",
    ];
  }
}
