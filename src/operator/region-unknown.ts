import { SignetError } from "../errors.js";

/**
 * The refusal of a command that knows no region.
 *
 * @param fix what to give, before what a profile can have
 */
export function regionUnknown(fix = "give --region, set AWS_REGION"): SignetError {
  const profile = "give the profile one (`aws configure set region eu-central-1`)";
  return new SignetError("usage", `no AWS region is known: ${fix}, or ${profile}`);
}
