import { fileURLToPath } from "node:url";
import { type Duration, Stack, Token } from "aws-cdk-lib";
import { DomainName, type IDomainName } from "aws-cdk-lib/aws-apigateway";
import type { ICertificate } from "aws-cdk-lib/aws-certificatemanager";
import type { Metric, MetricOptions } from "aws-cdk-lib/aws-cloudwatch";
import { Grant, type IGrantable, type IManagedPolicy } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { type IFunction, Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import { Bucket, type IBucket } from "aws-cdk-lib/aws-s3";
import { CfnInclude } from "aws-cdk-lib/cloudformation-include";
import { Construct } from "constructs";

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
  /** One segment below `domainName`. Default the whole domain. */
  readonly basePath?: string;
  /** The longest life of a token. Default a day. */
  readonly maxTtl?: Duration;
  /** Each gets an alias of the function, named as it is. */
  readonly callers?: Readonly<Record<string, { readonly limits?: CallerLimits }>>;
  /** Publishes the public keys by API Gateway. Default true. */
  readonly jwksEndpoint?: boolean;
  /** `POST /issue` and `/encode` for whom IAM allows. Default false. */
  readonly issueRoutes?: boolean;
  /** `POST /decode` for whom IAM allows. Default false. */
  readonly decodeRoute?: boolean;
  /** The hosts that `/decode` fetches keys from. Default the issuer's own. */
  readonly decodeHosts?: readonly string[];
  /** Default `INFO`. */
  readonly logLevel?: "TRACE" | "DEBUG" | "INFO" | "WARN" | "ERROR" | "FATAL";
  /** Default 90. */
  readonly logRetentionDays?: number;
  /** Who is told when something fails; makes alarms and a dashboard. */
  readonly alarmEmail?: string;
  /** Signatures a second that KMS allows the account and region: with KMS and `alarmEmail` an alarm stands at 80 %. Default 1000; 0 makes none. */
  readonly kmsSignQuota?: number;
  /** How many invocations of the issuer run at once. Default 0: as many as the account allows. */
  readonly reservedConcurrency?: number;
  /** AWS X-Ray. Default false. */
  readonly accessLog?: boolean;
  /** AWS X-Ray. */
  readonly tracing?: boolean;
  readonly permissionsBoundary?: IManagedPolicy;
  /** Megabytes of the issuer. Default 128. */
  readonly memorySize?: number;
  /** Default `arm64`. */
  readonly architecture?: "arm64" | "x86_64";
}

const onOrOff = (value: boolean | undefined): string | undefined => (value === undefined ? undefined : value ? "on" : "off");

/** An issuer of JSON Web Tokens whose keys stay in this account: Signet's own template, within a stack of yours. */
export class JwtIssuer extends Construct {
  /** Issues tokens: `{"claims": {...}, "ttl": 600}` answers `{"token": "..."}`. */
  readonly function: IFunction;
  /** Makes and rotates the keys. */
  readonly keyManager: IFunction;
  /** Keyring, audit log and public documents. */
  readonly keyringBucket: IBucket;
  /** `iss`; absent where claims bring their own. */
  readonly issuerUrl: string | undefined;
  /** Where verifiers read the public keys; absent without `jwksEndpoint`. */
  readonly jwksUrl: string | undefined;
  /** What DNS has to lead to, such as by `targets.ApiGatewayDomain`; absent without `domainName`. */
  readonly domain: IDomainName | undefined;
  /** `kid` of the key that signed when a prop was changed last. */
  readonly keyId: string;
  /** The PEM of that key, in base64. */
  readonly publicKeyPemBase64: string;

  constructor(scope: Construct, id: string, props: JwtIssuerProps = {}) {
    super(scope, id);
    const { jwksEndpoint = true, issueRoutes = false, decodeRoute = false, keyCustodian, algorithm = "" } = props;
    // The rules of a template hold for parameters; these are none any more.
    if (issueRoutes && !jwksEndpoint) throw new Error("issueRoutes needs jwksEndpoint");
    if (decodeRoute && !jwksEndpoint) throw new Error("decodeRoute needs jwksEndpoint");
    if (props.secretsManagerRotation && !props.rotateEveryDays) throw new Error("secretsManagerRotation needs rotateEveryDays");
    if (keyCustodian === "KMSDataKey" && algorithm.startsWith("ML-DSA")) throw new Error("KMS makes no data keys for ML-DSA");
    checkDomain(this, props);
    if (props.existingKmsKey !== undefined && keyCustodian !== "KMS") throw new Error("existingKmsKey needs keyCustodian KMS");
    const template = new CfnInclude(this, "Template", {
      templateFile: fileURLToPath(new URL("template.yaml", import.meta.url)),
      preserveLogicalIds: false,
      parameters: parametersOf(props),
    });
    const arnOf = (name: string): string => template.getResource(name).getAtt("Arn").toString();
    const sameEnvironment = true;
    this.function = LambdaFunction.fromFunctionAttributes(this, "Issuer", { functionArn: arnOf("Issuer"), sameEnvironment });
    this.keyManager = LambdaFunction.fromFunctionAttributes(this, "Manager", { functionArn: arnOf("Manager"), sameEnvironment });
    this.keyringBucket = Bucket.fromBucketName(this, "Keyring", template.getResource("Keyring").ref);
    const { region, urlSuffix } = Stack.of(this);
    const api = jwksEndpoint ? `https://${template.getResource("Api").ref}.execute-api.${region}.${urlSuffix}/v1` : undefined;
    this.issuerUrl = props.issuerUrl ?? api;
    this.jwksUrl = api === undefined ? undefined : `${api}/.well-known/jwks.json`;
    this.domain = domainOf(this, template, props);
    this.keyId = template.getResource("Keys").getAtt("KeyID").toString();
    this.publicKeyPemBase64 = template.getResource("Keys").getAtt("PublicKeyPEMBase64").toString();
  }

  /** Lets a principal ask for tokens: within the limits of a caller, or without one within the issuer's own. */
  grantIssue(grantee: IGrantable, caller?: string): Grant {
    const { functionArn } = this.function;
    const resourceArns = [caller === undefined ? functionArn : `${functionArn}:${caller}`];
    return Grant.addToPrincipal({ grantee, actions: ["lambda:InvokeFunction"], resourceArns });
  }

  /** Lets a principal verify tokens with `kms:Verify` (custodian KMS). A verifier that uses the JWKS needs no right. */
  grantVerify(grantee: IGrantable): Grant {
    const { partition, region, account } = Stack.of(this);
    return Grant.addToPrincipal({
      grantee,
      actions: ["kms:Verify", "kms:GetPublicKey"],
      resourceArns: [`arn:${partition}:kms:${region}:${account}:key/*`],
      conditions: { StringEquals: { "aws:ResourceTag/signet:installation": this.keyringBucket.bucketName } },
    });
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

function checkDomain(scope: Construct, { domainName, certificate, basePath, jwksEndpoint = true }: JwtIssuerProps): void {
  if ((domainName === undefined) !== (certificate === undefined)) throw new Error("domainName and certificate need each other");
  if (basePath !== undefined && domainName === undefined) throw new Error("basePath needs domainName");
  if (domainName !== undefined && !jwksEndpoint) throw new Error("domainName needs jwksEndpoint");
  if (certificate === undefined || Token.isUnresolved(certificate.certificateArn)) return;
  const [found, wanted] = [certificate.certificateArn.split(":")[3], Stack.of(scope).region];
  if (found === wanted || Token.isUnresolved(wanted)) return;
  throw new Error(`certificate is of ${found}: a regional domain takes one of the stack's region, ${wanted}`);
}

function domainOf(scope: Construct, template: CfnInclude, { domainName }: JwtIssuerProps): IDomainName | undefined {
  if (domainName === undefined) return undefined;
  const domain = template.getResource("Domain");
  return DomainName.fromDomainNameAttributes(scope, "Domain", {
    domainName: domain.ref,
    domainNameAliasTarget: domain.getAtt("RegionalDomainName").toString(),
    domainNameAliasHostedZoneId: domain.getAtt("RegionalHostedZoneId").toString(),
  });
}

function parametersOf(props: JwtIssuerProps): Record<string, unknown> {
  const given: Record<string, unknown> = {
    KeyCustodianParameter: props.keyCustodian,
    Algorithm: props.algorithm,
    ExistingKmsKeyArn: props.existingKmsKey?.keyArn,
    SecretKmsKeyArn: props.secretKmsKey?.keyArn,
    RotateEveryDays: props.rotateEveryDays,
    SecretsManagerRotation: onOrOff(props.secretsManagerRotation),
    RotationToken: props.rotationToken,
    VerifiersAccept: props.verifiersAccept,
    RenewOutputs: props.renewOutputs,
    IssuerUrl: props.issuerUrl,
    DomainName: props.domainName,
    CertificateArn: props.certificate?.certificateArn,
    BasePath: props.basePath,
    MaxTtlSeconds: props.maxTtl?.toSeconds(),
    Callers: props.callers === undefined ? undefined : JSON.stringify(props.callers),
    JwksEndpoint: onOrOff(props.jwksEndpoint),
    IssueRoutes: onOrOff(props.issueRoutes),
    DecodeRoute: onOrOff(props.decodeRoute),
    DecodeHosts: props.decodeHosts?.join(","),
    LogLevelApplicationParameter: props.logLevel,
    LogRetentionDays: props.logRetentionDays,
    AlarmEmail: props.alarmEmail,
    KmsSignQuota: props.kmsSignQuota,
    ReservedConcurrency: props.reservedConcurrency,
    AccessLog: onOrOff(props.accessLog),
    Tracing: onOrOff(props.tracing),
    PermissionsBoundaryArn: props.permissionsBoundary?.managedPolicyArn,
    MemorySize: props.memorySize,
    Architecture: props.architecture,
  };
  if (Token.isUnresolved(given.Callers)) throw new Error("callers must be known when the stack is synthesised");
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
