// Where an installation keeps things in AWS. Its rights (permissions.ts) are on these names and no others.

/** Where a keyring is in S3: the bucket, and what the keys of its objects begin with, which is nothing or ends in a slash. */
export interface KeyringLocation {
  readonly bucket: string;
  readonly prefix: string;
}

/** @param url `s3://BUCKET` or `s3://BUCKET/PREFIX` */
export function keyringPlace(url: string): KeyringLocation {
  const { hostname, pathname } = new URL(url);
  return { bucket: hostname, prefix: pathname.replace(/^\//, "").replace(/([^/])$/, "$1/") };
}

/** The path of the parameters that hold the active document, without a slash at the end. */
export function activePath(installation: string): string {
  return `/signet/${installation}/active`;
}

/** The path of the parameters that hold private keys, without a slash at the end. */
export function keysPath(installation: string): string {
  return `/signet/${installation}/keys`;
}

/** What the names of secrets begin with. */
export function secretsPrefix(installation: string): string {
  return `signet/${installation}/keys/`;
}

/** What the aliases of KMS keys begin with. */
export function aliasesPrefix(installation: string): string {
  return `alias/signet/${installation}/`;
}

/** The alias of the KMS key that signs. */
export function activeAlias(installation: string): string {
  return `${aliasesPrefix(installation)}active`;
}

/** The secret whose rotation by Secrets Manager rotates the keys; it holds the name of the key that signs. */
export function activeSecret(installation: string): string {
  return `signet/${installation}/active`;
}
