import type { Command } from "commander";
import type { Context } from "./context.js";

const load = {
  template: () => import("./commands/template.js"),
  deploy: () => import("./commands/deploy.js"),
  outputs: () => import("./commands/outputs.js"),
  undeploy: () => import("./commands/undeploy.js"),
};

/** Adds the commands that install Signet in AWS. */
export function addStackCommands(program: Command, context: Context): void {
  const onStack = (command: Command): Command =>
    command
      .option("--stack <name>", "the stack (default: signet)")
      .option("--region <regions>", "the AWS region, or several with commas (default: $AWS_REGION)");
  program
    .command("template [authorizer]")
    .description("print the CloudFormation template: the whole installation in one file, or an authorizer for your APIs")
    .option("--out <file>", "write it to a file")
    .option("--nested-path", "let BasePath have several segments: by AWS::ApiGatewayV2, which some regions lack")
    .option("--json", "print it as a text in JSON, or the file's name")
    .addHelpText("after", "\nExamples:\n  signet template --out signet.yaml\n  signet template authorizer --out authorizer.yaml")
    .action(async (which: string | undefined, options) => (await load.template()).template(context, which, options));
  onStack(program.command("deploy [parameters...]"))
    .description("install Signet in AWS, or update it: Name=Value sets a parameter of the template")
    .option("--dry-run", "show what would change, and change nothing")
    .option(
      "--template-bucket <bucket>",
      "the bucket that hands the template over (default: one of the account's, made when missing)",
    )
    .option("--yes", "answer every question with yes")
    .option("--json", "print the outputs as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  signet deploy --region eu-central-1\n  signet deploy KeyCustodianParameter=KMS RotateEveryDays=90",
    )
    .action(async (parameters: string[], options) => (await load.deploy()).deploy(context, parameters, options));
  onStack(program.command("outputs"))
    .description("show what the stack answers: function, issuer URL, public key")
    .option("--json", "print them as JSON")
    .addHelpText("after", "\nExample:\n  signet outputs --json")
    .action(async (options) => (await load.outputs()).outputs(context, options));
  onStack(program.command("undeploy"))
    .description("delete the stack; its keys stay, and it says which")
    .option("--yes", "answer every question with yes")
    .option("--json", "print what was deleted, and what stays, as JSON")
    .addHelpText("after", "\nExample:\n  signet undeploy --stack signet")
    .action(async (options) => (await load.undeploy()).undeploy(context, options));
}
