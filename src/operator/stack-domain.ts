import { SignetError } from "../errors.js";

/** Tells a parameter of a stack; empty where it has none. */
type ParameterOf = (name: string) => string;

/** The URL at which a stack answers besides its own: that of its domain. */
export function domainUrlOf(parameter: ParameterOf): string | undefined {
  const [domain, path] = [parameter("DomainName"), parameter("BasePath")];
  if (domain === "") return undefined;
  return path === "" ? `https://${domain}` : `https://${domain}/${path}`;
}

/**
 * Asserts that a certificate is of the region that it is needed in.
 *
 * @param arn `CertificateArn`, if it is given
 * @throws SignetError `usage`
 */
export function checkCertificate(arn: string | undefined, region: string): void {
  const found = arn?.split(":")[3];
  if (!found || found === region) return;
  throw new SignetError(
    "usage",
    `the parameter CertificateArn is of ${found}, and the stack is in ${region}: a regional domain takes a certificate of its own region (ACM)`,
    { field: "CertificateArn" },
  );
}

/**
 * What is doubtful about where an issuer's URL leads, in words: `iss` stays, whatever becomes of domains.
 *
 * @param before the parameters of the stack that is there; absent for a new one
 */
export function domainDoubts(after: ParameterOf, before?: ParameterOf): readonly string[] {
  const [issuer, url] = [after("IssuerUrl"), domainUrlOf(after)];
  const urlBefore = before === undefined ? undefined : domainUrlOf(before);
  if (url === urlBefore && before !== undefined) return [];
  if (issuer === "") return url === undefined ? [] : [`iss stays the stack's own URL: at ${url} the same documents are answered`];
  if (issuer === urlBefore)
    return [
      `verifiers look for keys below ${issuer}, which is iss: the stack would no longer answer there, so something else has to`,
    ];
  if (url === undefined || issuer === url) return [];
  return [
    `iss is ${issuer}, and the stack answers at ${url}: verifiers look for keys below iss, so something has to answer there too`,
  ];
}
