import { shortened } from "../errors.js";
import type { ExchangeRule, TrustRule } from "../settings/trusts.js";
import { isExclusion } from "../trust/matching.js";
import { prefixOf } from "../trust/presets/preset.js";

/** A rule in a line: who signs, and what the claims have to say. */
export function ruleInWords(rule: TrustRule | ExchangeRule): string {
  const { preset, issuer, claims = {}, any, audience, disabled } = rule;
  const signer = preset === undefined ? (issuer ?? "") : issuer === undefined ? preset : `${preset} of ${issuer}`;
  const named = Object.entries(claims).map(([name, value]) => `${shortened(name)} ${claimInWords(value)}`);
  const every = any === true && named.length === 0 ? ["every token"] : [];
  const aud = audience === undefined ? [] : [`audience ${shortened(audience)}`];
  return `${disabled === true ? "disabled: " : ""}${signer}: ${[...named, ...every, ...aud, ...boundsInWords(rule)].join(", ")}`;
}

// Of an exchange it is what may be asked for; the claims may be any.
function boundsInWords(rule: TrustRule | ExchangeRule): readonly string[] {
  if (!("audiences" in rule)) return [];
  const { audiences, scopes = [] } = rule;
  const asked = `for ${audiences.map((each) => shortened(each)).join(" or ")}`;
  return [scopes.length === 0 ? asked : `${asked}, scopes ${scopes.map((each) => shortened(each)).join(" ")}`];
}

/** What a claim has to say. */
function claimInWords(value: unknown): string {
  const prefix = prefixOf(value);
  if (prefix !== undefined) return `${shortened(prefix)}...`;
  if (isExclusion(value)) return `not ${claimInWords(value.not)}`;
  if (Array.isArray(value)) return value.map(claimInWords).join(" or ");
  return shortened(typeof value === "string" ? value : JSON.stringify(value));
}
