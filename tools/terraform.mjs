/** The module for Terraform, by Terraform itself: its form, its types, and its tests on a provider that only pretends. */
import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { has } from "./installed.mjs";

const run = promisify(execFile);

/**
 * @param {string} root the repository, built
 * @param {string} folder an empty one, which is not there yet
 * @returns {Promise<readonly string[]>} what is wrong; none also where Terraform or its provider is not to be had, which is said
 */
export async function terraformFaults(root, folder) {
  if (!(await has("terraform", "version"))) return skipped("terraform not found");
  const source = join(root, "examples/terraform");
  mkdirSync(folder);
  for (const name of readdirSync(source)) copyFileSync(join(source, name), join(folder, name));
  copyFileSync(join(root, "dist/template.yaml"), join(folder, "signet.yaml"));
  const terraform = (...args) =>
    run("terraform", [...args, "-no-color"], { cwd: folder }).then(
      () => undefined,
      ({ stdout, stderr }) => `terraform ${args[0]}: ${`${stdout}${stderr}`.trim()}`,
    );
  const unready = await terraform("init", "-backend=false");
  if (unready !== undefined) return skipped("the provider hashicorp/aws is not to be had");
  const faults = [await terraform("fmt", "-check", "-diff"), await terraform("validate"), await terraform("test")];
  return faults.filter((fault) => fault !== undefined);
}

function skipped(why) {
  console.log(`skipped: the module for Terraform: ${why}`);
  return [];
}
