import { ownMember } from "../encoding/own-member.js";
import { webUrlOf } from "../encoding/url-of.js";
import { SignetError } from "../errors.js";
import { type Environment, endpointVariable, regionIn, type Service } from "./endpoint.js";
import { type Profile, sharedProfile } from "./shared-config.js";

const REGION = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** Services whose endpoints are looked for. */
const LOOKED_FOR: readonly Service[] = [
  "kms",
  "ssm",
  "secretsmanager",
  "s3",
  "events",
  "lambda",
  "logs",
  "sts",
  "iam",
  "cloudformation",
];
/** What their variables begin with; what follows stands in a profile's section of services, in small letters. */
const PREFIX = "AWS_ENDPOINT_URL_";
/** What is "true" or not, by variable; in a profile by the same words in small letters, without AWS_. */
const SWITCHES = ["AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"];

/**
 * The environment with what its profile says besides (see {@link sharedProfile}): region, endpoints, and which of AWS's own endpoints are
 * taken. Variables stand above files, and what is said of one service above what is said of all. The command, the server and the library
 * read profiles; a function of Lambda has none, and carries nothing of this.
 *
 * @throws SignetError `config_invalid` for a region or an endpoint that is none, and what reading a profile throws
 */
export function withProfile(env: Environment): Environment {
  const profile = sharedProfile(env);
  const found = new Map<string, string>();
  const region = regionIn(env) ?? regionOf(profile);
  if (region !== undefined) found.set("AWS_REGION", region);
  for (const name of SWITCHES) {
    const value = ownMember(env, name) || profile.value(name.slice("AWS_".length).toLowerCase());
    if (value !== undefined) found.set(name, value.toLowerCase());
  }
  const ignores = env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS || profile.value("ignore_configured_endpoint_urls");
  if (ignores?.toLowerCase() === "true") found.set("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
  else for (const [name, url] of endpointsOf(env, profile)) found.set(name, url);
  return { ...env, ...Object.fromEntries(found) };
}

function* endpointsOf(env: Environment, profile: Profile): Iterable<[variable: string, url: string]> {
  if (env.AWS_ENDPOINT_URL) assertEndpoint(env.AWS_ENDPOINT_URL, "AWS_ENDPOINT_URL");
  for (const service of LOOKED_FOR) {
    const variable = endpointVariable(service);
    const own = ownMember(env, variable);
    if (own) assertEndpoint(own, variable);
    if (own || env.AWS_ENDPOINT_URL) continue;
    const url = profile.ofService(variable.slice(PREFIX.length).toLowerCase(), "endpoint_url") ?? profile.value("endpoint_url");
    if (url === undefined) continue;
    assertEndpoint(url, `endpoint_url of the AWS profile ${profile.name}`);
    yield [variable, url];
  }
}

function regionOf(profile: Profile): string | undefined {
  const region = profile.value("region");
  if (region === undefined || REGION.test(region)) return region;
  const words = `the region of the AWS profile ${profile.name} is ${JSON.stringify(region.slice(0, 64))}; expected one such as eu-central-1`;
  throw new SignetError("config_invalid", words);
}

function assertEndpoint(url: string, what: string): void {
  if (webUrlOf(url) !== undefined) return;
  throw new SignetError(
    "config_invalid",
    `${what} is ${JSON.stringify(url.slice(0, 64))}; expected a URL such as http://localhost:4566`,
  );
}
