import type { Config } from "../config/schema.js";
import { partiesNamed } from "../relying-parties/index.js";
import { claimsToChoose } from "../relying-parties/party-notes.js";

/** Members of a config that decide what has to be asked for. */
type Asked = Pick<Config, "for" | "issuer" | "tokens" | "limits">;

/** A life that is typed in examples. */
const USUAL = { text: "10m", seconds: 600 };

/** The words behind `signet issue` that ask for a token which this issuer gives, and its parties take: capital letters stand for what is not known. */
export function exampleRequest(config: Asked): readonly string[] {
  const { for: parties = [], limits, tokens = {}, issuer } = config;
  const { fixedClaims = {}, requiredClaims = [] } = limits;
  const isSet = (name: string) =>
    Object.hasOwn(fixedClaims, name) || name === "exp" || (name === "iss" && (issuer ?? tokens.iss) !== undefined);
  const flags = new Map([
    ["iat", tokens.iat === undefined ? ["--iat"] : []],
    ["nbf", ["--nbf"]],
    ["jti", tokens.jti === true ? [] : ["--jti"]],
  ]);
  const chosen = partiesNamed(parties).flatMap((party) => claimsToChoose(party, fixedClaims));
  const needed = [...new Set([...requiredClaims, ...chosen.flatMap(([first]) => first ?? [])])].filter((name) => !isSet(name));
  const claims = needed.filter((name) => !flags.has(name));
  const isFree = parties.length === 0 && !isSet("sub") && !claims.includes("sub");
  const own = isFree && limits.allowedClaims?.includes("sub") !== false ? ["sub=alice"] : [];
  return [
    ...own,
    ...claims.map((name) => (name === "sub" && parties.length === 0 ? "sub=alice" : `${name}=${name.toUpperCase()}`)),
    ...needed.flatMap((name) => flags.get(name) ?? []),
  ];
}

/** The same with how long it lives, where the limits allow the usual example. */
export function exampleWithTtl(config: Asked): readonly string[] {
  const isAllowed = (config.for ?? []).length === 0 && config.limits.maxTtlSeconds >= USUAL.seconds;
  return [...exampleRequest(config), ...(isAllowed ? ["--ttl", USUAL.text] : [])];
}
