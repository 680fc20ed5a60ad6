/** What is asked in one cell of the matrix, and how the answers are judged. */
import { isDeepStrictEqual } from "node:util";
import { ALGORITHMS, KEY_SETS, reasonAgainst } from "./table.mjs";
import { AUDIENCE, casesOf, ISSUER, keySetOf } from "./tokens.mjs";

/**
 * @typedef {object} Cell
 * @property {number} passed
 * @property {string[]} failures
 * @property {string} [reason] why nothing is claimed
 */

const CLAIMS_REFUSALS = new Set(["token_expired", "token_audience_refused", "token_issuer_refused"]);

/**
 * The signer's tokens, shown to the verifier.
 *
 * @returns {Promise<Cell>}
 */
export async function verifyCell(signer, verifier, alg) {
  const cannotSign = reasonAgainst(signer, "signs", alg);
  const cannotVerify = reasonAgainst(verifier, "verifies", alg);
  if (cannotSign !== undefined) return denied(`${signer.name} ${cannotSign}`, await signsAllTheSame(signer, alg));
  const cases = await signer.cases(alg);
  if (cases instanceof Error) return { passed: 0, failures: [`${signer.label} could not sign ${alg}: ${cases.message}`] };
  if (cannotVerify !== undefined)
    return denied(`${verifier.name} ${cannotVerify}`, await verifiesAllTheSame(verifier, alg, cases));
  const judged = await Promise.all(
    cases
      .filter(({ refusal }) => !(verifier.ignoresClaims && CLAIMS_REFUSALS.has(refusal)))
      .map(async (each) => faultOf(verifier, each, await show(verifier, alg, each))),
  );
  const failures = judged.filter((fault) => fault !== undefined);
  return {
    passed: judged.length - failures.length,
    failures: failures.map((fault) => `${verifier.label} ${fault} (${signer.label}, ${alg})`),
  };
}

/** What a witness signs is made once, whoever looks at it. */
export function signing(witness) {
  const cases = once((alg) => casesOf(witness, alg).catch((error) => error));
  const keySet = once((algorithms) => keySetOf(witness, algorithms));
  return { cases, keySet };
}

function once(make) {
  const made = new Map();
  return (key) => {
    if (!made.has(key)) made.set(key, make(key));
    return made.get(key);
  };
}

function show(verifier, alg, { token, jwks }) {
  return verifier.ask({ op: "verify", alg, token, jwks, issuer: ISSUER, audience: AUDIENCE });
}

/** What is wrong with an answer about a case; `undefined` where nothing is. */
function faultOf(verifier, { what, claims, refusal }, answer) {
  if (answer.error !== undefined) return `failed on ${what}: ${answer.error}`;
  if (refusal === undefined) {
    if (answer.verified === undefined) return `refused ${what}: ${answer.why}`;
    return claims === undefined || isDeepStrictEqual(answer.verified, claims) ? undefined : `read other claims in ${what}`;
  }
  if (answer.verified !== undefined) return `accepted ${what}`;
  const isExact = !verifier.namesReasons || answer.refused === refusal;
  return isExact ? undefined : `refused ${what} with ${answer.refused}, not ${refusal}`;
}

function denied(reason, fault) {
  return { passed: 0, failures: fault === undefined ? [] : [fault], reason };
}

// A denial that is no longer true hides a cell that could be tested.
async function signsAllTheSame(signer, alg) {
  const cases = await signer.cases(alg);
  return cases instanceof Error ? undefined : `${signer.label} signs ${alg}, which the table denies`;
}

async function verifiesAllTheSame(verifier, alg, [good]) {
  if (verifier.namesReasons) return lacksGracefully(verifier, alg, good);
  const answer = await show(verifier, alg, good);
  return answer.verified === undefined ? undefined : `${verifier.label} verifies ${alg}, which the table denies`;
}

// A key that this Node cannot use fails its own tokens, with a code that says so, and no others.
async function lacksGracefully(verifier, alg, good) {
  const usable = await verifier.keySet(KEY_SETS["RSA+EC+EdDSA"]);
  const jwks = { keys: [...good.jwks.keys, ...usable.jwks.keys] };
  const answer = await show(verifier, alg, { token: good.token, jwks });
  if (answer.refused === "algorithm_unavailable") return undefined;
  return `${verifier.label} answers ${answer.refused ?? answer.error} for a key that its Node lacks`;
}

/**
 * A published key set, read by another library: the keys that it claims are found, whatever stands beside them.
 *
 * @returns {Promise<Cell>}
 */
export async function keySetCell(publisher, reader, name) {
  const algorithms = KEY_SETS[name];
  if (reader.without.jwks !== undefined) return denied(`${reader.name} ${reader.without.jwks}`);
  const lacking = algorithms.map((alg) => reasonAgainst(publisher, "signs", alg)).find((reason) => reason !== undefined);
  if (lacking !== undefined) return denied(`${publisher.name} ${lacking}`);
  const { jwks, alg, token, claims } = await publisher.keySet(algorithms);
  const tokenFault = faultOf(reader, { what: "its token", claims, refusal: undefined }, await show(reader, alg, { token, jwks }));
  const unread = reader.without.list === undefined ? await unreadOf(reader, jwks) : undefined;
  const faults = [unread, tokenFault].map(
    (fault) => fault && `${reader.label}, key set of ${publisher.label} "${name}": ${fault}`,
  );
  if (reader.without[name] === undefined) return cellOf(faults);
  const isTrue = faults.every((fault) => fault !== undefined);
  return denied(
    `${reader.name} ${reader.without[name]}`,
    isTrue ? undefined : `${reader.label} reads "${name}", which the table denies`,
  );
}

async function unreadOf(reader, jwks) {
  const { kids, error } = await reader.ask({ op: "keys", jwks });
  if (error !== undefined) return error;
  const missing = jwks.keys.filter(({ alg, kid }) => reader.verifies.includes(alg) && !kids.includes(kid));
  return missing.length === 0 ? undefined : `no key for ${missing.map(({ alg }) => alg).join(", ")}`;
}

/**
 * The RFC 7638 thumbprints that a library computes are those of the publisher: with Signet its kids.
 *
 * @returns {Promise<Cell>}
 */
export async function thumbprintCell(publisher, reader) {
  const reason = [publisher, reader].find(({ without }) => without.thumbprints !== undefined);
  if (reason !== undefined) return denied(`${reason.name} ${reason.without.thumbprints}`);
  const known = ALGORITHMS.filter((alg) => publisher.signs.includes(alg) && reader.verifies.includes(alg));
  const cells = await Promise.all(
    known.map(async (alg) => {
      const { jwks } = await publisher.keySet(KEY_SETS[alg]);
      const [own, other] = await Promise.all([publisher, reader].map((each) => thumbprintOf(each, jwks)));
      return own !== undefined && own === other ? undefined : `${reader.label} has another thumbprint for ${alg}`;
    }),
  );
  return cellOf(cells);
}

async function thumbprintOf(witness, jwks) {
  if (witness.kidsAreThumbprints) return jwks.keys[0].kid;
  return (await witness.ask({ op: "keys", jwks })).thumbprints?.[0];
}

function cellOf(faults) {
  const failures = faults.filter((fault) => fault !== undefined);
  return { passed: faults.length - failures.length, failures };
}
