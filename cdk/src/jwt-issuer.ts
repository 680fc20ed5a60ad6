import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type CfnResource, type Duration, Stack, Token } from "aws-cdk-lib";
import { DomainName, type IDomainName } from "aws-cdk-lib/aws-apigateway";
import type { ICertificate } from "aws-cdk-lib/aws-certificatemanager";
import type { Metric, MetricOptions } from "aws-cdk-lib/aws-cloudwatch";
import { Grant, type IGrantable, type IManagedPolicy } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { type CfnFunction, type IFunction, Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import { Bucket, type IBucket } from "aws-cdk-lib/aws-s3";
import { Asset } from "aws-cdk-lib/aws-s3-assets";
import { CfnInclude } from "aws-cdk-lib/cloudformation-include";
import { Construct } from "constructs";
import { didYouMean } from "./checks.js";
import { inProps, parametersOf } from "./parameters.js";
import { resolveTemplate, type SourceTemplate } from "./resolve.js";

/** Who holds the private key. */
export type KeyCustodian = "ParameterStore" | "KMS" | "SecretsManager" | "KMSDataKey";

/** What a caller may be issued, spelled as in `signet.json`. */
export interface CallerLimits {
  readonly maxTtlSeconds?: number;
  readonly defaultTtlSeconds?: number | null;
  readonly requireExpiration?: boolean;
  readonly fixedClaims?: Readonly<Record<string, unknown>>;
  readonly allowedClaims?: readonly string[];
  readonly requiredClaims?: readonly string[];
  readonly allowedAudiences?: readonly string[];
  readonly allowedTypes?: readonly string[];
  readonly maxTokensPerMinute?: number;
}

/** How tokens differ from the usual, spelled as in `signet.json`; a member that is unknown is refused at synthesis. */
export interface TokensProps {
  /** `iss` where it is no URL; `{fingerprint}` stands for the key's. Instead of `issuerUrl`. */
  readonly iss?: string;
  /** Every token has `iat`, so many seconds back: 0 to 300. */
  readonly iat?: number;
  /** True: every token has `jti`. */
  readonly jti?: boolean;
  /** False: tokens have no `exp`. */
  readonly exp?: boolean;
  /** False: headers have no `kid`. */
  readonly kid?: boolean;
  /** By `kid`, the SHA-256 thumbprint of the key's certificate, for `x5t#S256` of the header. */
  readonly certificates?: Readonly<Record<string, string>>;
}

/** A caller, spelled as in `signet.json`; a member that is unknown, within its rules too, is refused at synthesis. */
export interface CallerProps {
  readonly limits?: CallerLimits;
  /** What it may do. Default all. */
  readonly may?: readonly string[];
  /** With `tokenRoute`: the tokens of other issuers that prove it. */
  readonly trusts?: readonly Readonly<Record<string, unknown>>[];
  /** With `tokenRoute`: its own public keys (`jwks` or `jwksUrl`). */
  readonly keys?: Readonly<Record<string, unknown>>;
  /** With `tokenRoute`: the tokens that it may exchange. */
  readonly exchanges?: readonly Readonly<Record<string, unknown>>[];
}

/** The parameters of Signet's template; each default is the template's own. */
export interface JwtIssuerProps {
  /** Default `ParameterStore`. Another one later moves the keys, without breaking a token. */
  readonly keyCustodian?: KeyCustodian;
  /** What new keys sign with, by its JWA name. Default `ES256`; a change needs `verifiersAccept`. */
  readonly algorithm?: string;
  /** With `KMS`, a key that is there already: it signs first. Only when the issuer is made. */
  readonly existingKmsKey?: IKey;
  /** A symmetric key that encrypts private keys at rest, or wraps them. */
  readonly secretKmsKey?: IKey;
  /** Default 0: by hand. */
  readonly rotateEveryDays?: number;
  /** A new key is made and signs by your word alone, once it was uploaded to who verifies. Default false. */
  readonly rotateByUpload?: boolean;
  /** Secrets Manager starts the rotation as well; needs `rotateEveryDays`. Default false. */
  readonly secretsManagerRotation?: boolean;
  /** Another text asks for a rotation. */
  readonly rotationToken?: string;
  /** Where `algorithm` changes: what every verifier accepts. */
  readonly verifiersAccept?: readonly string[];
  /** Another text renews `keyId` and `publicKeyPemBase64`, which do not follow a rotation by schedule. */
  readonly renewOutputs?: string;
  /** `iss` of every token, for good. Default the URL of the issuer's own API, `domainName` or not. */
  readonly issuerUrl?: string;
  /** A domain of yours at which the API answers as well; needs `certificate`. */
  readonly domainName?: string;
  /** The certificate of `domainName`, in the stack's region. */
  readonly certificate?: ICertificate;
  /** One segment below `domainName`, such as `auth`. Default the whole domain. */
  readonly basePath?: string;
  /** The longest life of a token, from 15 minutes to a year. Default a day. */
  readonly maxTtl?: Duration;
  /** How tokens differ from the usual, for parties that know the issuer by no URL. Whether there is an `iss` stays, for good. */
  readonly tokens?: TokensProps;
  /** Each gets an alias of the function, named as it is. */
  readonly callers?: Readonly<Record<string, CallerProps>>;
  /** Publishes the public keys by API Gateway. Default true. */
  readonly jwksEndpoint?: boolean;
  /** `POST /issue` and `/encode` for whom IAM allows. Default false. */
  readonly issueRoutes?: boolean;
  /** `POST /decode` for whom IAM allows. Default false. */
  readonly decodeRoute?: boolean;
  /** The hosts that `/decode` fetches keys from. Default the issuer's own. */
  readonly decodeHosts?: readonly string[];
  /** `POST /token`, for everybody: callers prove themselves by their `trusts` or `keys`. Default false. */
  readonly tokenRoute?: boolean;
  /** How many requests of `POST /token` are answered at once, of the account's concurrency. Default 10; 0 is as many as the account allows. */
  readonly tokenConcurrency?: number;
  /** How many requests a second reach `POST /token`. Default 20. */
  readonly tokensPerSecond?: number;
  /** Default `INFO`. */
  readonly logLevel?: "TRACE" | "DEBUG" | "INFO" | "WARN" | "ERROR" | "FATAL";
  /** What Lambda itself says. Default `INFO`. */
  readonly systemLogLevel?: "DEBUG" | "INFO" | "WARN";
  /** Default 90. */
  readonly logRetentionDays?: number;
  /** Who is told when something fails; makes alarms and a dashboard. */
  readonly alarmEmail?: string;
  /** Signatures a second that KMS allows the account and region: with KMS and `alarmEmail` an alarm stands at 80 %, but with ML-DSA. Default 1000; 0 makes none. */
  readonly kmsSignQuota?: number;
  /** How many invocations of the issuer run at once. Default 0: as many as the account allows. */
  readonly reservedConcurrency?: number;
  /** The API's access log; it needs the CloudWatch role of API Gateway's account settings. Default false. */
  readonly accessLog?: boolean;
  /** AWS X-Ray. Default false. */
  readonly tracing?: boolean;
  /** For every role. */
  readonly permissionsBoundary?: IManagedPolicy;
  /** Of every function. Default `nodejs24.x`; `nodejs26.x` where the region has it. */
  readonly runtime?: "nodejs24.x" | "nodejs26.x";
  /** Megabytes of the issuer and of the decoder. Default: the issuer's by custody, 512 where KMS signs, and else 128. */
  readonly memorySize?: number;
  /** Default `arm64`. */
  readonly architecture?: "arm64" | "x86_64";
}

const SOURCE = JSON.parse(readFileSync(new URL("template.json", import.meta.url), "utf8")) as SourceTemplate;
const FUNCTIONS = ["Issuer", "Manager", "Decoder", "Token"] as const;

/** An issuer of JSON Web Tokens whose keys stay in this account: Signet's own template, within a stack of yours. */
export class JwtIssuer extends Construct {
  /** Issues tokens: `{"claims": {...}, "ttl": 600}` answers `{"token": "..."}`. */
  readonly function: IFunction;
  /** Makes and rotates the keys. */
  readonly keyManager: IFunction;
  /** Keyring, audit log and public documents. */
  readonly keyringBucket: IBucket;
  /** `iss` of every token; absent where it is none: claims bring their own, or `tokens.iss` says another one. */
  readonly issuerUrl: string | undefined;
  /** Where verifiers read the public keys; absent without `jwksEndpoint`. */
  readonly jwksUrl: string | undefined;
  /** What DNS has to lead to, such as by `targets.ApiGatewayDomain`; absent without `domainName`. */
  readonly domain: IDomainName | undefined;
  /** `kid` of the key that signed when a prop was changed last. */
  readonly keyId: string;
  /** The PEM of that key, in base64. */
  readonly publicKeyPemBase64: string;

  readonly #callers: readonly string[];
  readonly #existingKmsKey: IKey | undefined;

  /** @throws Error naming the prop that is unknown, or that the template would refuse */
  constructor(scope: Construct, id: string, props: JwtIssuerProps = {}) {
    super(scope, id);
    const { values, known } = parametersOf(props, SOURCE);
    const resolved = resolveTemplate(SOURCE, known);
    const [refusal] = resolved.refusals;
    if (refusal !== undefined) throw new Error(inProps(refusal));
    assertSameRegion(this, props);
    this.#callers = Object.keys(props.callers ?? {});
    this.#existingKmsKey = props.existingKmsKey;
    const template = includeTemplate(this, resolved.template, values);
    const isMade = { Issuer: true, Manager: true, Decoder: props.decodeRoute === true, Token: props.tokenRoute === true };
    for (const name of FUNCTIONS) if (isMade[name]) loadAsset(this, template, name);
    const arnOf = (name: string): string => template.getResource(name).getAtt("Arn").toString();
    const sameEnvironment = true;
    this.function = LambdaFunction.fromFunctionAttributes(this, "Issuer", { functionArn: arnOf("Issuer"), sameEnvironment });
    this.keyManager = LambdaFunction.fromFunctionAttributes(this, "Manager", { functionArn: arnOf("Manager"), sameEnvironment });
    this.keyringBucket = Bucket.fromBucketName(this, "Keyring", template.getResource("Keyring").ref);
    const { region, urlSuffix } = Stack.of(this);
    const api =
      props.jwksEndpoint !== false
        ? `https://${template.getResource("Api").ref}.execute-api.${region}.${urlSuffix}/v1`
        : undefined;
    this.issuerUrl = props.tokens?.iss === undefined ? (props.issuerUrl ?? api) : undefined;
    this.jwksUrl = api === undefined ? undefined : `${api}/.well-known/jwks.json`;
    this.domain = props.domainName === undefined ? undefined : domainOf(this, template.getResource("Domain"));
    this.keyId = template.getResource("Keys").getAtt("KeyID").toString();
    this.publicKeyPemBase64 = template.getResource("Keys").getAtt("PublicKeyPEMBase64").toString();
  }

  /**
   * Lets a principal ask for tokens: within the limits of a caller, or without one within the issuer's own.
   *
   * @throws Error for a caller that `callers` does not have: its alias would never be made
   */
  grantIssue(grantee: IGrantable, caller?: string): Grant {
    if (caller !== undefined && !this.#callers.includes(caller)) {
      const near = didYouMean(caller, this.#callers) || (this.#callers.length > 0 ? `: ${this.#callers.join(", ")}` : "");
      throw new Error(`callers has no ${JSON.stringify(caller)}${near}`);
    }
    const { functionArn } = this.function;
    const resourceArns = [caller === undefined ? functionArn : `${functionArn}:${caller}`];
    return Grant.addToPrincipal({ grantee, actions: ["lambda:InvokeFunction"], resourceArns });
  }

  /** Lets a principal verify tokens with `kms:Verify` (custodian KMS), `existingKmsKey` too. A verifier that uses the JWKS needs no right. */
  grantVerify(grantee: IGrantable): Grant {
    const { partition, region, account } = Stack.of(this);
    const actions = ["kms:Verify", "kms:GetPublicKey"];
    const granted = Grant.addToPrincipal({
      grantee,
      actions,
      resourceArns: [`arn:${partition}:kms:${region}:${account}:key/*`],
      conditions: { StringEquals: { "aws:ResourceTag/signet:installation": this.keyringBucket.bucketName } },
    });
    // A key of yours has no tag of ours.
    return this.#existingKmsKey === undefined ? granted : granted.combine(this.#existingKmsKey.grant(grantee, ...actions));
  }

  /** Invocations of the issuer. */
  metricInvocations(options?: MetricOptions): Metric {
    return this.function.metricInvocations(options);
  }

  /** Failed invocations of the issuer, requests that were refused among them. */
  metricErrors(options?: MetricOptions): Metric {
    return this.function.metricErrors(options);
  }

  /** Invocations that Lambda refused to run. */
  metricThrottles(options?: MetricOptions): Metric {
    return this.function.metricThrottles(options);
  }

  /** How long the issuer takes. */
  metricDuration(options?: MetricOptions): Metric {
    return this.function.metricDuration(options);
  }
}

/** A regional domain takes a certificate of its region alone, which no rule of a template can say. */
function assertSameRegion(scope: Construct, { certificate }: JwtIssuerProps): void {
  if (certificate === undefined || Token.isUnresolved(certificate.certificateArn)) return;
  const [found, wanted] = [certificate.certificateArn.split(":")[3], Stack.of(scope).region];
  if (found === wanted || Token.isUnresolved(wanted)) return;
  throw new Error(`certificate is of ${found}: a regional domain takes one of the stack's region, ${wanted}`);
}

function domainOf(scope: Construct, domain: CfnResource): IDomainName {
  return DomainName.fromDomainNameAttributes(scope, "Domain", {
    domainName: domain.ref,
    domainNameAliasTarget: domain.getAtt("RegionalDomainName").toString(),
    domainNameAliasHostedZoneId: domain.getAtt("RegionalHostedZoneId").toString(),
  });
}

/** CfnInclude takes a template from a file alone, and reads it at once. */
function includeTemplate(scope: Construct, template: object, parameters: Readonly<Record<string, unknown>>): CfnInclude {
  const folder = mkdtempSync(join(tmpdir(), "signet-"));
  try {
    const templateFile = join(folder, "template.json");
    writeFileSync(templateFile, JSON.stringify(template));
    return new CfnInclude(scope, "Template", { templateFile, preserveLogicalIds: false, parameters: { ...parameters } });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A function's text goes through the app's bucket of assets: in the template, three issuers would pass CloudFormation's 1 MB. */
function loadAsset(scope: Construct, template: CfnInclude, name: (typeof FUNCTIONS)[number]): void {
  const path = fileURLToPath(new URL(`functions/${name}`, import.meta.url));
  const asset = new Asset(scope, `${name}Code`, { path });
  const made = template.getResource(name) as CfnFunction;
  made.code = { s3Bucket: asset.s3BucketName, s3Key: asset.s3ObjectKey };
  asset.addResourceMetadata(made, "Code");
}
