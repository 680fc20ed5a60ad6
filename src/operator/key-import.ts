import { createPublicKey } from "node:crypto";
import { publicJwk } from "../algorithms/jwk.js";
import type { PrivateKeyText } from "../algorithms/private-key-text.js";
import { type AlgorithmName, algorithmNamed } from "../algorithms/table.js";
import { createKms } from "../aws/kms.js";
import { findCustody } from "../custody/registry.js";
import { SignetError } from "../errors.js";
import type { Custody } from "../keyring/key-record.js";
import type { ImportedKey } from "../rotation/steps/import-key.js";
import { awsAccess } from "./aws-access.js";
import { findKey, type KeySourceOptions } from "./key-source.js";
import { lineOfKids } from "./party-keys.js";
import type { Surroundings } from "./surroundings.js";

/** What an import takes from the config. */
interface ImportPlace {
  readonly custody: Custody;
  readonly algorithm: string;
  readonly ed25519Name: AlgorithmName;
  readonly region?: string | undefined;
}

/** How the key is read, and what it is called; `algorithm` and `kid` stand over what its source says. */
export interface ImportWishes extends Omit<KeySourceOptions, "algorithm" | "region"> {
  readonly algorithm?: string | undefined;
  /** The name that tokens have for a key, by its RFC 7638 thumbprint, whatever its new custodian calls it. */
  readonly namedInTokens?: ((thumbprint: string) => string | undefined) | undefined;
  /** `kid` is a name for tokens: one that stays in KMS may have it too. */
  readonly isForTokens?: boolean | undefined;
  /** Told of the name that a key had where it was found, where its new custodian does not keep it. */
  readonly onLostName?: ((kid: string) => void) | undefined;
}

/** What an import asks of the manager: a key under its own algorithm and name, unless others were given. */
export async function keyToImport(
  surroundings: Surroundings,
  { custody, algorithm, ed25519Name, region }: ImportPlace,
  source: string,
  options: ImportWishes,
): Promise<ImportedKey> {
  const given = options.algorithm === undefined ? undefined : headerName(options.algorithm, ed25519Name);
  const found = await findKey(surroundings, source, { ...options, algorithm: given, region });
  if ("existing" in found) {
    if (options.kid !== undefined && options.isForTokens !== true)
      throw new SignetError(
        "usage",
        "a key in KMS has its id for a name: leave out --kid (tokens.kids of the config gives its tokens another one; `signet init --for NAME --custody kms` writes it)",
      );
    return { existing: found.existing, algorithm: given ?? headerName(algorithm, ed25519Name), custody: "kms" };
  }
  const kid = findCustody(custody)?.namesImports === true ? notKept(found, options, custody) : (options.kid ?? found.kid);
  const alg = given ?? headerName(found.alg, found.kid === undefined ? ed25519Name : undefined);
  return { privateKey: found.privateKey, algorithm: alg, custody, ...(kid !== undefined && { kid }) };
}

/**
 * The RFC 7638 thumbprint of a key that is to be imported; one that stays in KMS is asked for.
 *
 * @param region that of what has no ARN
 * @throws SignetError `invalid_key` where it signs otherwise, and what AWS answers
 */
export async function thumbprintOf(surroundings: Surroundings, imported: ImportedKey, region?: string): Promise<string> {
  const algorithm = algorithmNamed(imported.algorithm);
  if ("privateKey" in imported) return publicJwk(imported.privateKey, algorithm).kid;
  const { existing } = imported;
  const { spki } = await createKms(awsAccess(surroundings, existing, region)).getPublicKey(existing);
  return publicJwk(createPublicKey({ key: spki, format: "der", type: "spki" }), algorithm).kid;
}

// Of several keys --kid is the one that is meant; of one alone it were the name that it gets.
function notKept(
  { privateKey, alg, kid }: PrivateKeyText,
  { kid: given, namedInTokens, onLostName }: ImportWishes,
  custody: Custody,
): undefined {
  const own = publicJwk(privateKey, algorithmNamed(alg));
  const inTokens = namedInTokens?.(own.kid);
  if (given !== undefined && ![kid, own.kid, inTokens].includes(given)) {
    throw new SignetError(
      "usage",
      `the custody ${custody} gives a key its id for a name: leave out --kid, and ${lineOfKids(own, given)} where tokens shall name it so`,
    );
  }
  if (kid !== undefined && kid !== inTokens) onLostName?.(kid);
}

function headerName(name: string, ed25519Name: AlgorithmName | undefined): AlgorithmName {
  const { name: known, crv } = algorithmNamed(name);
  return crv === "Ed25519" && ed25519Name !== undefined ? ed25519Name : known;
}
