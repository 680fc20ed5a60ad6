import type { Command } from "commander";
import type { Context } from "./context.js";
import { addTrustFlags } from "./trust-options.js";

const load = {
  callers: () => import("./commands/callers.js"),
  list: () => import("./commands/callers-list.js"),
  trust: () => import("./commands/callers-trust.js"),
  test: () => import("./commands/callers-test.js"),
};

type Common = (command: Command) => Command;

/** Adds `callers`. `common` gives a command the options that all have. */
export function addCallerCommands(program: Command, context: Context, common: Common): void {
  const callers = common(program.command("callers").description("who may ask for tokens over HTTP"));
  const add = common(callers.command("add <name> [preset-or-url]"))
    .description("make a caller and show its secret, this once; with --trust or --public-key it is proven without one")
    .option("--limits <file>", "what it may be issued, as JSON spelled as in signet.json")
    .option("--may <rights>", "what it may do: issue, metrics (default: both)")
    .option("--expires <duration>", "how long the secret works: 90d (default: without end)")
    .option("--or-rotate", "give a caller that is there already a new secret")
    .option("--overlap <duration>", "how long its old one goes on working then (default: 1d; 0 ends it at once)")
    .option("--secret", "make a secret also where --trust or --public-key prove the caller");
  addTrustFlags(add)
    .option("--json", "print the secret as JSON")
    .addHelpText(
      "after",
      `
Examples:
  signet callers add web --limits web-limits.json --expires 90d
  signet callers add ci --trust github-actions --claim repository_id=1234 --claim ref=refs/heads/main
  signet callers add pod --trust kubernetes --jwks jwks.json --claim sub=system:serviceaccount:prod:api
  signet callers add batch --public-key batch.pub.pem
  signet callers add prom --may metrics`,
    )
    .action(async (name: string, whom: string | undefined, options) =>
      (await load.callers()).callersAdd(context, name, whom, options),
    );
  common(callers.command("list"))
    .description("show callers, their limits, the ages of their secrets, when they were used last, and what else proves them")
    .option("--days <number>", "how many days of a stack's log are read (with --config stack:NAME; default: 30)")
    .option("--json", "print it as JSON")
    .addHelpText("after", "\nExamples:\n  signet callers list\n  signet callers list --config stack:signet --days 90")
    .action(async (options) => (await load.list()).callersList(context, options));
  common(callers.command("rotate <name>"))
    .description("make a caller a new secret; the old one goes on working for a while")
    .option("--overlap <duration>", "how long (default: 1d; 0 ends it at once)")
    .option("--expires <duration>", "how long the new secret works (default: without end)")
    .option("--json", "print the secret as JSON")
    .addHelpText("after", "\nExample:\n  signet callers rotate web --overlap 2h")
    .action(async (name: string, options) => (await load.callers()).callersRotate(context, name, options));
  common(callers.command("remove <name>"))
    .description("forget a caller: its secrets work no more, and nothing proves it")
    .option("--json", "print its name as JSON")
    .addHelpText("after", "\nExample:\n  signet callers remove web --yes")
    .action(async (name: string, options) => (await load.callers()).callersRemove(context, name, options));
  addProofCommands(callers, context, common);
}

function addProofCommands(callers: Command, context: Context, common: Common): void {
  const trust = common(callers.command("trust <name> [preset-or-url]")).description(
    "give a caller another rule by which tokens of others prove it, or another key of its own",
  );
  addTrustFlags(trust)
    .option("--json", "print the rule's place as JSON")
    .addHelpText("after", "\nExample:\n  signet callers trust ci gitlab --claim project_id=20")
    .action(async (name: string, whom: string | undefined, options) =>
      (await load.trust()).callersTrust(context, name, whom, options),
    );
  common(callers.command("untrust <name> [rule]"))
    .description('take a rule away from a caller: its number, preset or issuer as "list" shows it; or its own keys: keys')
    .option("--kid <kid>", "the one of its own keys")
    .option("--json", "print what was removed as JSON")
    .addHelpText("after", "\nExample:\n  signet callers untrust ci trusts.1 --yes")
    .action(async (name: string, rule: string | undefined, options) =>
      (await load.trust()).callersUntrust(context, name, rule, options),
    );
  for (const [word, isOn] of [
    ["disable", false],
    ["enable", true],
  ] as const) {
    common(callers.command(`${word} <name> [rule]`))
      .description(isOn ? "switch a rule of a caller on again" : "switch a rule of a caller off; the others go on")
      .option("--json", "print the rule's place as JSON")
      .addHelpText("after", `\nExample:\n  signet callers ${word} ci trusts.0`)
      .action(async (name: string, rule: string | undefined, options) =>
        (await load.trust()).callersSwitch(context, name, rule, isOn, options),
      );
  }
  common(callers.command("test [name] [token]"))
    .description("say which rule a token matches, or what of it does not; - reads it from stdin, no name asks all callers")
    .option("--json", "print it as JSON")
    .addHelpText("after", "\nExample:\n  signet callers test ci - < token")
    .action(async (name: string | undefined, token: string | undefined, options) =>
      (await load.test()).callersTest(context, name, token, options),
    );
}
