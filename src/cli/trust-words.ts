import { didYouBegin } from "../encoding/begun-word.js";
import { ownMember } from "../encoding/own-member.js";
import { SignetError, shortened } from "../errors.js";
import { PRESET_NAMES, type PresetName } from "../settings/trusts.js";
import { prefixOf } from "../trust/presets/preset.js";

/** What people call those whose preset has another name. */
const OTHER_NAMES: ReadonlyMap<string, PresetName> = new Map([
  ["actions", "github-actions"],
  ["ghes", "github-actions"],
  ["k8s", "kubernetes"],
  ["eks", "kubernetes"],
  ["gke", "kubernetes"],
  ["aks", "kubernetes"],
  ["google", "gcp"],
  ["entra", "azure"],
  ["entra-id", "azure"],
  ["azure-ad", "azure"],
  ["microsoft", "azure"],
  ["sts", "aws"],
  ["spire", "spiffe"],
]);

/**
 * Tells whether what a rule trusts is an issuer's URL, and not a preset.
 *
 * @throws SignetError `usage` for what is neither
 */
export function isUrlTrusted(trust: string): boolean {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(trust)) return true;
  if (PRESET_NAMES.some((name) => name === trust)) return false;
  const other = OTHER_NAMES.get(trust.toLowerCase());
  const isHost = /^[\w-]+(\.[\w-]+)+(:\d+)?(\/|$)/.test(trust);
  const guess = other ?? (isHost ? `https://${shortened(trust)}` : undefined);
  const words = guess === undefined ? didYouBegin(trust.slice(0, 64), PRESET_NAMES) : ` (did you mean ${guess}?)`;
  throw new SignetError(
    "usage",
    `--trust must be one of ${PRESET_NAMES.join(", ")}, or an issuer's URL such as https://idp.example${words}`,
  );
}

/** How a claim is typed, for one that is no pair. @param option `--claim` */
export function pairInWords(pair: string, option: string): string {
  const [, name = "sub", value = ""] = /^([\w@.-]{1,64})(?::([^=]{1,64}))?$/.exec(pair) ?? [];
  return `a claim is given as name=value: write ${option} ${name}=${shortened(value || "VALUE")}`;
}

/** What of the claims that were typed may be a slip, where they are not enough; nothing where none is seen. */
export function slipInWords(claims: Readonly<Record<string, unknown>>): string {
  for (const [claim, value] of Object.entries(claims)) {
    const name = shortened(claim);
    if (typeof value === "number") return `; ${name}:=${value} is a number, and a text is written --claim ${name}=${value}`;
    if (typeof value === "string" && /,[\w-]+=/.test(value)) return "; each claim has a --claim of its own";
  }
  return "";
}

/** How a beginning is typed, for a claim that was meant as one: with a * at its end, or without / or : there. */
export function prefixInWords(claims: Readonly<Record<string, unknown>>, claim: string): string {
  const texts = [ownMember(claims, claim)].flat().map((each) => prefixOf(each) ?? each);
  const meant = texts.find((text) => typeof text === "string" && !/[/:]$/.test(text));
  const [, beginning = ""] = /^([^*]+)\*?$/.exec(typeof meant === "string" ? meant : "") ?? [];
  if (beginning === "") return "";
  return `: --claim-prefix ${shortened(claim)}=${shortened(/[/:]$/.test(beginning) ? beginning : `${beginning}/`)}`;
}
