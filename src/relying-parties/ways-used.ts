import { SignetError } from "../errors.js";
import { ownChoice } from "./own-choices.js";
import type { KeyWay, RelyingParty, UrlWay } from "./relying-party.js";
import { type KeyPlace, urlFaults } from "./url-faults.js";
import { wayName } from "./words.js";

/** Where the keys of a new issuer are, and whose the first one is. */
export interface KeyOrigin {
  /** The issuer's URL; absent where its tokens have an `iss` that is none. */
  readonly issuer?: KeyPlace | undefined;
  /** The URL of its JWKS. */
  readonly jwksUrl?: string | undefined;
  /** The first key was made elsewhere. */
  readonly isImported: boolean;
}

/** How a party comes to the issuer's keys, or the issuer to the party's. */
export interface WayUsed {
  readonly party: RelyingParty;
  readonly how: "url" | "paste" | "file" | "program";
  readonly words: string;
}

const HOW = { discovery: "url", "jwks-url": "url", jwks: "paste", pem: "paste", file: "file", program: "program" } as const;

/**
 * The way of each party: the usual one, or the first other that works for this issuer.
 *
 * @throws SignetError `usage` where none does
 */
export function chooseWays(parties: readonly RelyingParty[], origin: KeyOrigin): readonly WayUsed[] {
  return parties.map((party) => wayUsed(party, origin));
}

function wayUsed(party: RelyingParty, origin: KeyOrigin): WayUsed {
  const { id, ways } = party;
  // Who hands keys out, and takes some as well, is asked for none where there is one already.
  const handed = origin.isImported ? ways.find(({ by }) => by.value === "file") : undefined;
  const judged = ways.map((way) => ({ way, faults: way === handed ? [] : faultsOf(way, party, origin) }));
  const usual = judged[0]?.faults ?? [];
  const [found] = [...judged.filter(({ way }) => way === handed), ...judged.filter(({ faults }) => faults.length === 0)];
  if (found === undefined) throw new SignetError("usage", `--for ${id}: ${usual.join(", and ")}`);
  const instead = found.way === ways[0] || found.way === handed ? "" : `, because ${usual.join(", and ")}`;
  return { party, how: HOW[found.way.by.value], words: `keys by ${wayName(found.way)}${instead}` };
}

function faultsOf(way: KeyWay, party: RelyingParty, { issuer, jwksUrl, isImported }: KeyOrigin): readonly string[] {
  if (!("form" in way)) return issuer === undefined ? [NO_ISSUER] : placeFaults(way, issuer, jwksUrl);
  if (way.by.value !== "file" || isImported) return [];
  const { file = "see docs/relying-parties.md" } = ownChoice(party);
  return [`its private key comes from there: give --import FILE (${file})`];
}

const NO_ISSUER = "it asks a URL for keys: give the issuer's with --issuer https://issuer.example";

function placeFaults(way: UrlWay, issuer: KeyPlace, jwksUrl = issuer.url): readonly string[] {
  return urlFaults(way, way.by.value === "discovery" ? issuer : { ...issuer, url: jwksUrl });
}
