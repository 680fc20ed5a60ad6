import { didYouMean } from "../encoding/nearest.js";
import { ownMember } from "../encoding/own-member.js";
import { shortened } from "../errors.js";
import { PRESET_NAMES, type PresetName, type TrustRule } from "../settings/trusts.js";
import type { ExpandedRule, ExpandRule } from "./contract.js";
import { buildkite, gitlab } from "./presets/ci.js";
import { aws, azure, gcp, signet } from "./presets/clouds.js";
import { githubActions } from "./presets/github-actions.js";
import { isLocalIssuer, type Preset, refusedRule } from "./presets/preset.js";
import { kubernetes, spiffe } from "./presets/workloads.js";

const PRESETS: Readonly<Record<PresetName, Preset>> = {
  "github-actions": githubActions,
  gitlab,
  buildkite,
  kubernetes,
  aws,
  gcp,
  azure,
  spiffe,
  signet,
};

/** Of a preset: whose tokens, who signs them, and what has to be fixed of their claims; in words, for the docs. */
export function describePreset(name: PresetName): Readonly<Record<"about" | "issuer" | "identity", string>> {
  const { about, identity, issuer, issuerForm } = presetNamed(name);
  return { about, issuer: issuer ?? issuerForm, identity };
}

/** The name of the preset whose only issuer this is, for whom a generic rule would be looser. */
export function presetOfIssuer(issuer: string): PresetName | undefined {
  return PRESET_NAMES.find((name) => PRESETS[name].issuer === issuer && name !== "kubernetes");
}

/** What subjects begin with that have nothing in common but who writes them: of an issuer that is known, or any URL. */
export const SHARED_BEGINNINGS: readonly string[] = [
  ...PRESET_NAMES.flatMap((name) => PRESETS[name].subjectsBegin ?? []),
  "https://",
  "http://",
];

/** So begins every URL of a kind. */
const SCHEME = /^[^/:]*:\/+$/;

/** Tells whether the subjects of strangers begin so as well: such a beginning fixes no identity, of whatever issuer it is. */
export function isSharedBeginning(prefix: string): boolean {
  return SCHEME.test(prefix) || SHARED_BEGINNINGS.some((each) => each.startsWith(prefix));
}

/**
 * Puts into a rule what its preset knows, and refuses one that the preset does not take. A rule without a preset is known by `sub`.
 *
 * @throws SignetError `config_invalid`, whose field is the member of the rule
 */
export const expandPreset: ExpandRule = (rule) => {
  if (rule.preset === undefined) return generic(rule);
  const preset = presetNamed(rule.preset);
  const { isReused, identifiedBy, defaults } = preset;
  if (isReused === true && rule.singleUse === true)
    throw refusedRule(
      "singleUse",
      `is not for the preset ${preset.name}: ${preset.about} shows the same token many times; leave it out`,
    );
  const completed = preset.complete?.(rule) ?? rule;
  const { issuer = preset.issuer, claims = {} } = completed;
  if (issuer === undefined)
    throw refusedRule("issuer", `is missing, and the preset ${preset.name} needs it; expected ${preset.issuerForm}`);
  if (!preset.isIssuer(issuer) && !isLocalIssuer(issuer))
    throw refusedRule("issuer", `is none of the preset ${preset.name}; expected ${preset.issuerForm}`);
  if (rule.any !== true && !preset.identifies(claims))
    throw refusedRule(
      "claims",
      `fix no identity for the preset ${preset.name}; expected ${preset.identity}; any: true (--any) trusts every token of the issuer`,
    );
  return { ...defaults, ...completed, issuer, claims, identifiedBy, ...profileOf(preset, issuer) };
};

function generic(rule: TrustRule): ExpandedRule {
  const { issuer } = rule;
  if (issuer !== undefined) return { ...rule, issuer, identifiedBy: [["sub"]] };
  throw refusedRule("issuer", `is missing; expected an issuer's URL, or a preset: ${PRESET_NAMES.join(", ")}`);
}

function profileOf({ profile }: Preset, issuer: string): Pick<ExpandedRule, "profile"> {
  const found = profile?.(issuer);
  return found === undefined ? {} : { profile: found };
}

function presetNamed(name: string): Preset {
  const preset = ownMember<Preset>(PRESETS, name);
  if (preset !== undefined) return preset;
  const words = `names no preset: ${shortened(name)}${didYouMean(name, PRESET_NAMES)}; expected one of ${PRESET_NAMES.join(", ")}`;
  throw refusedRule("preset", words);
}
