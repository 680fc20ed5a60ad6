/**
 * Holds the templates against others' rules: cfn-lint in every region that it knows (three minutes), the examples for SAM, alarms and the authorizer
 * among them, checkov's rules of security, and Terraform the module around it.
 *
 *   node tools/prove-template.mjs [--short]   Build first. The short form looks at a region of each kind.
 */
import { execFile } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { has, pythonTools, skip } from "./installed.mjs";
import { terraformFaults } from "./terraform.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const pins = join(root, "test/deploy/requirements.txt");
const cache = join(root, "test/deploy/.cache");
const template = join(root, "dist/template.yaml");
const authorizer = join(root, "dist/authorizer.yaml");
const run = promisify(execFile);
/** The oldest region, a young one without newer services, and one of each partition that has its own. */
const ONE_OF_EACH = ["us-east-1", "ap-southeast-6", "cn-north-1", "us-gov-west-1"];
const regions = process.argv.includes("--short") ? ONE_OF_EACH : ["ALL_REGIONS"];

/** Rules that the template does not follow, each with the reason. */
const NOT_FOLLOWED = {
  CKV_AWS_18:
    "the bucket is read by API Gateway and the manager alone; CloudTrail's data events log it where somebody wants that",
  CKV_AWS_26: "CloudWatch cannot publish to a topic under the key of SNS's own; what an alarm says is no secret",
  CKV_AWS_73: "X-Ray is a parameter",
  CKV_AWS_76: "an access log of API Gateway takes a role for the whole account, which a stack must not set",
  CKV_AWS_115: "the parameter ReservedConcurrency gives one: it takes from the account's, so that nobody has it unasked",
  CKV_AWS_116: "both functions are invoked for an answer, or again by the next tick: there is no letter to keep",
  CKV_AWS_117: "a VPC would need endpoints or a NAT gateway; nothing that the functions call is in one",
  CKV_AWS_120: "a cache in API Gateway costs by the hour; verifiers cache what they read",
  CKV_AWS_158: "logs hold no secret, and CloudWatch encrypts them anyway",
  CKV_AWS_173: "the variables hold no secret, and Lambda encrypts them anyway",
};

/** What a program writes, whatever it exits with. */
async function said(command, args) {
  const { stdout } = await run(command, args, { maxBuffer: 1 << 26, env: { ...process.env, LOG_LEVEL: "CRITICAL" } }).catch(
    (error) => error,
  );
  return stdout;
}

/** What cfn-lint says, of texts that suppress nothing but what has a reason there. */
async function lint(bin, folder) {
  const written = [template, authorizer].map((path, at) => {
    const text = readFileSync(path, "utf8");
    const bare = text.replace(/\n {2}cfn-lint: .*ignore_checks: \[W1030\].*/, "");
    if (bare === text) throw new Error(`${path} suppresses no W1030 any more: nor need this`);
    const copy = join(folder, `${at}.yaml`);
    // Metadata without a member is an error.
    writeFileSync(copy, bare.replace(/\nMetadata:\n {2}#.*\n\n/, "\n"));
    return copy;
  });
  copyFileSync(template, join(folder, "signet.yaml"));
  const sam = join(folder, "sam.yaml");
  copyFileSync(join(root, "examples/sam/template.yaml"), sam);
  // HTTP APIs and AppSync are missing in some regions.
  const apis = join(folder, "apis.yaml");
  copyFileSync(join(root, "examples/authorizer/template.yaml"), apis);
  const ofQuickstart = join(folder, "quickstart.yaml");
  copyFileSync(join(root, "examples/quickstarts/api-gateway/template.yaml"), ofQuickstart);
  const alarms = join(folder, "alarms.yaml");
  copyFileSync(join(root, "examples/monitoring/cloudwatch.yaml"), alarms);
  const lintIn = async (places, ...paths) =>
    JSON.parse(await said(join(bin, "cfn-lint"), ["--format", "json", "--regions", ...places, "--", ...paths]));
  return [...(await lintIn(regions, ...written, sam)), ...(await lintIn(["us-east-1"], apis, ofQuickstart, alarms))];
}

async function main() {
  const scratch = mkdtempSync(join(tmpdir(), "signet-template-"));
  try {
    await prove(scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function prove(scratch) {
  const ofTerraform = await terraformFaults(root, join(scratch, "terraform"));
  for (const what of ofTerraform) console.log(`FAIL ${what}`);
  if (!(await has("python3", "--version"))) return skip("cfn-lint and checkov: python3 not found");
  const bin = await pythonTools(cache, "cfn-lint and checkov", pins);
  const findings = await lint(bin, scratch);
  for (const { Rule, Message } of findings) console.log(`FAIL ${Rule.Id}: ${Message}`);
  const told = await said(join(bin, "checkov"), [
    "-f",
    template,
    authorizer,
    "--framework",
    "cloudformation",
    "--output",
    "json",
    "--skip-download",
  ]);
  const { results } = JSON.parse(told);
  const failed = new Set(results.failed_checks.map(({ check_id }) => check_id));
  const refused = results.failed_checks.filter(({ check_id }) => !Object.hasOwn(NOT_FOLLOWED, check_id));
  for (const { check_id, check_name, resource } of refused) console.log(`FAIL ${check_id} on ${resource}: ${check_name}`);
  const idle = Object.keys(NOT_FOLLOWED).filter((id) => !failed.has(id));
  for (const id of idle) console.log(`FAIL ${id} is followed by now: its reason can go`);
  for (const [id, why] of Object.entries(NOT_FOLLOWED)) console.log(`not followed: ${id}: ${why}`);
  const failures = findings.length + refused.length + idle.length + ofTerraform.length;
  console.log(`\n${results.passed_checks.length + 2} passed, ${failures} failed`);
  if (failures > 0) process.exitCode = 1;
}

await main();
