import { isLoopback } from "../encoding/loopback-host.js";
import { urlOf, webUrlOf } from "../encoding/url-of.js";
import { SignetError } from "../errors.js";

/** The services that Signet calls, by the prefix of their endpoints. */
export type Service = "kms" | "ssm" | "secretsmanager" | "s3" | "events" | "lambda" | "logs" | "sts" | "iam" | "cloudformation";

/** Environment variables, as far as they say where AWS is. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What a partition's endpoints end in: for IPv4, and for both protocols. */
interface Partition {
  readonly suffix: string;
  readonly dualStackSuffix: string;
}

// botocore's partitions.json, version 1.1: the suffixes by the region's prefix.
const PARTITIONS: readonly (readonly [prefix: string, suffix: string, dualStackSuffix: string])[] = [
  ["cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"],
  ["us-gov-", "amazonaws.com", "api.aws"],
  ["us-iso-", "c2s.ic.gov", "api.aws.ic.gov"],
  ["us-isob-", "sc2s.sgov.gov", "api.aws.scloud"],
  ["eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"],
  ["us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"],
  ["eusc-", "amazonaws.eu", "api.amazonwebservices.eu"],
];

type ServiceIds = { readonly [S in Service]?: string };
const SERVICE_IDS: ServiceIds = { secretsmanager: "SECRETS_MANAGER", events: "EVENTBRIDGE", logs: "CLOUDWATCH_LOGS" };

/** What an installation's keys and documents are kept by. */
const KEEPING: readonly Service[] = ["kms", "ssm", "secretsmanager", "s3"];

/** The partition of a region. */
export function partitionOf(region: string): Partition {
  const [, suffix, dualStackSuffix] = PARTITIONS.find(([prefix]) => region.startsWith(prefix)) ?? [
    "",
    "amazonaws.com",
    "api.aws",
  ];
  return { suffix, dualStackSuffix };
}

/** The region that the environment names. */
export function regionIn(env: Environment): string | undefined {
  return env.AWS_REGION || env.AWS_DEFAULT_REGION || undefined;
}

/** The variable that says where a service is (the AWS SDKs and Tools Reference Guide): most have its prefix in capitals. */
export function endpointVariable(service: Service): `AWS_ENDPOINT_URL_${string}` {
  return `AWS_ENDPOINT_URL_${SERVICE_IDS[service] ?? service.toUpperCase()}`;
}

/** An endpoint that was configured instead of AWS's own for a service: an emulator, or an interface endpoint of a VPC. */
export function configuredEndpoint(service: Service, env: Environment): string | undefined {
  if (env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS === "true") return undefined;
  return env[endpointVariable(service)] || env.AWS_ENDPOINT_URL || undefined;
}

/** Tells whether every service that keeps something is stood in for by an endpoint on this machine. */
export function areEndpointsLocal(env: Environment): boolean {
  return KEEPING.every((service) => {
    const endpoint = urlOf(configuredEndpoint(service, env) ?? "");
    return endpoint !== undefined && isLoopback(endpoint.hostname);
  });
}

/**
 * The URL of a service in a region. `AWS_USE_FIPS_ENDPOINT` and `AWS_USE_DUALSTACK_ENDPOINT` choose among AWS's own.
 *
 * @throws SignetError `config_invalid` for a configured endpoint, or a region, that makes no URL of http or https
 */
export function endpointOf(service: Service, region: string, env: Environment): URL {
  const text = configuredEndpoint(service, env) ?? ownEndpoint(service, region, env);
  const url = webUrlOf(text);
  if (url !== undefined) return url;
  throw new SignetError(
    "config_invalid",
    `the endpoint of ${service} is no URL of http or https: correct AWS_ENDPOINT_URL, or the region`,
  );
}

function ownEndpoint(service: Service, region: string, env: Environment): string {
  // Anything else could end the host's name, and what is sent would go elsewhere.
  if (!/^[\w-]+$/.test(region)) return "";
  const { suffix, dualStackSuffix } = partitionOf(region);
  const name = env.AWS_USE_FIPS_ENDPOINT === "true" ? `${service}-fips` : service;
  if (env.AWS_USE_DUALSTACK_ENDPOINT !== "true") return `https://${name}.${region}.${suffix}`;
  // S3 came first, and kept its own way.
  const host = service === "s3" ? `${name}.dualstack.${region}.${suffix}` : `${name}.${region}.${dualStackSuffix}`;
  return `https://${host}`;
}
