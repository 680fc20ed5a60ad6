import type { Lanes } from "../../look/lanes.js";
import { LEGEND_WORDS } from "../../look/theme.js";

const SWATCHES: readonly (readonly [string, string, string])[] = [
  ["pending", "M2 3H22V11H2Z", LEGEND_WORDS.pending],
  ["ready", "M2 3H22V11H2Z", LEGEND_WORDS.ready],
  ["active", "M2 1H22V13H2Z", LEGEND_WORDS.active],
  ["retired", "M2 5H22V9H2Z", LEGEND_WORDS.retired],
];

/** What the timeline's shapes mean. */
export function Legend({ lanes: { lanes } }: { lanes: Lanes }) {
  const isRevoked = lanes.some(({ end, ghost }) => end === "revoked" || ghost?.end === "revoked");
  const hasGhost = lanes.some(({ ghost }) => ghost !== undefined);
  return (
    <ul class="legend" aria-label="What the shapes mean">
      {SWATCHES.map(([look, d, words]) => (
        <Swatch key={look} look={`${look} past`} d={d} words={words} />
      ))}
      {isRevoked ? <Swatch look="revoked past" d="M7 2L17 12M17 2L7 12" words="revoked" /> : null}
      <Swatch look="active future" d="M2 1H22V13H2Z" words="planned" />
      {hasGhost ? <Swatch look="active ghost" d="M2 1H22V13H2Z" words="by this change" /> : null}
      <li class="soft">Times are UTC.</li>
    </ul>
  );
}

function Swatch({ look, d, words }: { look: string; d: string; words: string }) {
  return (
    <li>
      <svg class="timeline" viewBox="0 0 24 14" width="24" height="14" aria-hidden="true">
        <path class={look} d={d} />
      </svg>
      {words}
    </li>
  );
}
