/** The tokens by which a cell is judged: some good, and each bad one bad in one way. */

export const ISSUER = "https://issuer.example";
export const AUDIENCE = "api";

function claimsAt(now) {
  return {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: "alice, élève ✓",
    iat: now,
    exp: now + 3_600,
    nested: { list: [1, 2.5, true, null, "x"], largest: Number.MAX_SAFE_INTEGER },
  };
}

/**
 * @typedef {object} Case
 * @property {string} what
 * @property {string} token
 * @property {{ keys: object[] }} jwks
 * @property {object} [claims] what must come out, where all of it is known
 * @property {string} [refusal] Signet's code, for a token that must be refused
 */

/**
 * Has a witness make keys and sign.
 *
 * @returns {Promise<Case[]>}
 */
export async function casesOf({ ask }, alg) {
  const now = Math.floor(Date.now() / 1_000);
  const claims = claimsAt(now);
  const [active, standby] = await Promise.all(
    ["active", "standby"].map(async (kid) => must(await ask({ op: "keygen", name: `${alg} ${kid}`, alg, kid }), "jwk")),
  );
  const sign = async (changed, leadingZero) => {
    const request = { op: "sign", name: `${alg} active`, alg, claims: { ...claims, ...changed }, leadingZero };
    return must(await ask(request), "token");
  };
  const jwks = { keys: [standby, active] };
  const token = await sign({});
  const swapped = { keys: [{ ...standby, kid: active.kid }] };
  const cases = [
    { what: "a token", token, jwks, claims },
    { what: "an altered signature", token: withSignature(token, flipped), jwks, refusal: "token_signature_invalid" },
    { what: "a signature cut short", token: withSignature(token, cut), jwks, refusal: "token_signature_invalid" },
    { what: "an altered payload", token: withPayload(token), jwks, refusal: "token_signature_invalid" },
    { what: "another key's signature", token, jwks: swapped, refusal: "token_signature_invalid" },
    { what: "a token that expired", token: await sign({ iat: now - 7_200, exp: now - 3_600 }), jwks, refusal: "token_expired" },
    { what: "another audience", token: await sign({ aud: "other" }), jwks, refusal: "token_audience_refused" },
    { what: "another issuer", token: await sign({ iss: "https://other.example" }), jwks, refusal: "token_issuer_refused" },
  ];
  return alg.startsWith("ES") ? [...cases, ...(await leadingZeroCases(sign, jwks))] : cases;
}

// One signature in 256 has an r, one an s, that begins with a zero byte: who drops it makes tokens that never verify.
async function leadingZeroCases(sign, jwks) {
  const cases = await Promise.all(
    ["r", "s"].map(async (part) => {
      const token = await sign({}, part);
      const dropped = withSignature(token, (bytes) => without(bytes, part === "r" ? 0 : bytes.length / 2));
      return [
        { what: `an ${part} that begins with a zero byte`, token, jwks },
        { what: `an ${part} whose zero byte was dropped`, token: dropped, jwks, refusal: "token_signature_invalid" },
      ];
    }),
  );
  return cases.flat();
}

/** A key set, and a token of the first of its keys. */
export async function keySetOf({ ask }, algorithms) {
  const keys = [];
  const name = (alg) => `${algorithms} ${alg}`;
  for (const alg of algorithms) keys.push(must(await ask({ op: "keygen", name: name(alg), alg, kid: `set-${alg}` }), "jwk"));
  const [alg] = algorithms;
  const claims = claimsAt(Math.floor(Date.now() / 1_000));
  const token = must(await ask({ op: "sign", name: name(alg), alg, claims }), "token");
  return { jwks: { keys }, alg, token, claims };
}

function must(answer, member) {
  if (answer[member] === undefined) throw new Error(answer.error ?? "there is no answer");
  return answer[member];
}

function withSignature(token, change) {
  const at = token.lastIndexOf(".") + 1;
  return token.slice(0, at) + change(Buffer.from(token.slice(at), "base64url")).toString("base64url");
}

function withPayload(token) {
  const [header, payload, signature] = token.split(".");
  const claims = { ...JSON.parse(Buffer.from(payload, "base64url").toString("utf8")), sub: "mallory" };
  return `${header}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.${signature}`;
}

function flipped(bytes) {
  bytes[bytes.length >> 1] ^= 1;
  return bytes;
}

function cut(bytes) {
  return bytes.subarray(0, -1);
}

function without(bytes, at) {
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
}
