/**
 * Who is asked, and what each can do: the one place that says it. A cell that is not claimed here is shown as "-" with the
 * reason; it is tried all the same, and a library that has learnt what the table denies it makes the run fail.
 */

const RSA = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
const EC = ["ES256", "ES384", "ES512"];
const ML_DSA = ["ML-DSA-44", "ML-DSA-65", "ML-DSA-87"];
const CLASSIC = [...RSA, ...EC, "EdDSA"];

export const ALGORITHMS = [...CLASSIC, "Ed25519", ...ML_DSA];

const OLD_NAME_ONLY = { Ed25519: "knows Ed25519 by the name EdDSA only" };
const NO_ML_DSA = Object.fromEntries(ML_DSA.map((alg) => [alg, "has no ML-DSA"]));
const ONLY_ML_DSA = Object.fromEntries([...CLASSIC, "Ed25519"].map((alg) => [alg, "has ML-DSA only"]));

/**
 * @typedef {object} Witness
 * @property {string} name
 * @property {string} [version] what the claims below were found with; the installed one must be the same
 * @property {"node" | "python" | "go" | "java"} toolchain
 * @property {string} program what the toolchain runs
 * @property {boolean} [everyNode] run under each Node there is, as its algorithms are Node's
 * @property {string[]} verifies algorithms
 * @property {string[]} signs algorithms
 * @property {Record<string, string>} without why not: by algorithm, by key set, by "signs", "jwks", "list" or "thumbprints"
 * @property {boolean} [ignoresClaims] it judges signatures alone
 * @property {boolean} [namesReasons] its refusals carry Signet's codes
 * @property {boolean} [kidsAreThumbprints] as a kid it gives the RFC 7638 thumbprint
 */

/** @type {Witness[]} */
export const WITNESSES = [
  {
    name: "Signet",
    toolchain: "node",
    program: "signet.mjs",
    everyNode: true,
    verifies: ALGORITHMS,
    signs: ALGORITHMS,
    without: { list: "tells nobody which keys it holds" },
    namesReasons: true,
    kidsAreThumbprints: true,
  },
  {
    name: "jose",
    version: "6.2.17",
    toolchain: "node",
    program: "jose.mjs",
    everyNode: true,
    verifies: ALGORITHMS,
    signs: ALGORITHMS,
    without: {},
  },
  {
    name: "aws-jwt-verify",
    version: "5.2.1",
    toolchain: "node",
    program: "aws-jwt-verify.mjs",
    verifies: ["RS256", "RS384", "RS512", ...EC, "EdDSA"],
    signs: [],
    without: {
      ...Object.fromEntries(["PS256", "PS384", "PS512"].map((alg) => [alg, "has no RSASSA-PSS"])),
      ...OLD_NAME_ONLY,
      ...NO_ML_DSA,
      signs: "only verifies",
      thumbprints: "computes none",
    },
  },
  {
    name: "jsonwebtoken",
    version: "9.0.3",
    toolchain: "node",
    program: "jsonwebtoken.mjs",
    verifies: [...RSA, ...EC],
    signs: [...RSA, ...EC],
    without: { EdDSA: "has no Ed25519", Ed25519: "has no Ed25519", ...NO_ML_DSA, thumbprints: "computes none" },
  },
  {
    name: "fast-jwt",
    version: "6.3.6",
    toolchain: "node",
    program: "fast-jwt.mjs",
    verifies: CLASSIC,
    signs: CLASSIC,
    without: { ...OLD_NAME_ONLY, ...NO_ML_DSA, jwks: "reads no JWK: Node reads it for it", thumbprints: "computes none" },
  },
  {
    name: "noble",
    version: "0.7.1",
    toolchain: "node",
    program: "noble.mjs",
    verifies: ML_DSA,
    signs: ML_DSA,
    without: { ...ONLY_ML_DSA, jwks: "reads no JWK", thumbprints: "computes none" },
    ignoresClaims: true,
  },
  {
    name: "PyJWT",
    version: "2.15.1",
    toolchain: "python",
    program: "witness.py",
    verifies: CLASSIC,
    signs: CLASSIC,
    without: { ...OLD_NAME_ONLY, ...NO_ML_DSA, thumbprints: "computes none" },
  },
  {
    name: "golang-jwt",
    version: "5.3.1",
    toolchain: "go",
    program: "golang-jwt",
    verifies: CLASSIC,
    signs: CLASSIC,
    without: { ...OLD_NAME_ONLY, ...NO_ML_DSA, thumbprints: "computes none" },
  },
  {
    name: "go-jose",
    version: "4.1.8",
    toolchain: "go",
    program: "go-jose",
    verifies: CLASSIC,
    signs: CLASSIC,
    without: {
      ...OLD_NAME_ONLY,
      ...NO_ML_DSA,
      "with ML-DSA": "refuses all keys of a set for one key type that it does not know",
    },
  },
  {
    name: "nimbus-jose-jwt",
    version: "10.10",
    toolchain: "java",
    program: "Witness.java",
    verifies: [...CLASSIC, "Ed25519"],
    signs: [...CLASSIC, "Ed25519"],
    without: { ...NO_ML_DSA },
  },
];

/** Key sets as an issuer may publish them, by the title of a column; and each algorithm's key alone. */
export const KEY_SETS = {
  "RSA+EC+EdDSA": ["ES256", "RS256", "PS256", "ES384", "ES512", "EdDSA"],
  "with Ed25519": ["ES256", "Ed25519"],
  "with ML-DSA": ["ES256", "ML-DSA-44"],
  ...Object.fromEntries(ALGORITHMS.map((alg) => [alg, [alg]])),
};

export const KEY_SET_TITLES = ["RSA+EC+EdDSA", "with Ed25519", "with ML-DSA"];

/** A witness under one Node: what that Node lacks, it lacks. */
export function underNode(witness, node) {
  const found = node.hasMlDsa ? witness.verifies : witness.verifies.filter((alg) => !ML_DSA.includes(alg));
  const lack = Object.fromEntries(ML_DSA.map((alg) => [alg, `Node ${node.version} has no ML-DSA`]));
  return {
    ...witness,
    node,
    verifies: found,
    signs: found,
    without: node.hasMlDsa ? witness.without : { ...lack, ...witness.without },
  };
}

/** Why a witness is not asked to sign or to verify with an algorithm; `undefined` where it is. */
export function reasonAgainst(witness, ability, alg) {
  if (witness[ability].includes(alg)) return undefined;
  const reason = witness.without[alg] ?? witness.without[ability];
  if (reason === undefined) throw new Error(`the table gives no reason why ${witness.name} lacks ${alg}`);
  return reason;
}
