import { type CloudStory, playCloud } from "../cloud/cloud-world.js";
import type { IssuerTraits } from "../world/issuers.js";
import { play, type Step, type Story } from "../world/world.js";

/** A story that breaks a promise where one rule of rotation is taken away, and none while it is there. */
export type AimedStory = {
  /** The rule, as `tools/rules/rules.mjs` calls it. */
  readonly without: string;
  readonly name: string;
} & ({ readonly story: Story } | { readonly cloudStory: CloudStory });

/** Plays it; throws a `Violation` where a promise is broken. */
export async function playAimed(aimed: AimedStory): Promise<void> {
  await ("story" in aimed ? play(aimed.story) : playCloud(aimed.cloudStory));
}

export const HOUR = 3_600;
export const DAY = 24 * HOUR;

/** An issuer that signs and reads now and then, as well as it can. */
export const ISSUER: IssuerTraits = { skewSeconds: 0, everySeconds: 900, failsEvery: 0, lateSeconds: 0, frozenSeconds: 0 };
/** The last issuer that still signs with a key: it confirms it once, and uses it as long as it may, with a clock ahead. */
export const LAST_ISSUER: IssuerTraits = { ...ISSUER, skewSeconds: 300, everySeconds: 3_599 };

/** A right manager's number, one that is as far behind as it may be, and one as far ahead. */
export const [RIGHT, BEHIND, AHEAD] = [0, 1, 2] as const;

/** A world in which nothing happens but what the steps say; it begins with `init`. */
export const QUIET: Omit<Story, "steps"> = {
  place: "files",
  managers: [0, -300, 300],
  issuers: [ISSUER],
  fates: [],
  // Never: every tick of the story is one of its steps.
  tickEverySeconds: 1_000 * DAY,
  quietDays: 1,
};

export const wait = (seconds: number): Step => ({ do: "wait", seconds });
export const tick = (manager: number = RIGHT): Step => ({ do: "tick", manager });
export const rotate = (manager: number = RIGHT): Step => ({ do: "rotate", manager });
export const revoke = (which: number, manager: number = RIGHT): Step => ({ do: "revoke", manager, which });
export const apply = (settings: number, manager: number = RIGHT): Step => ({ do: "apply", manager, settings });

/** Whatever the steps take: until so many seconds after the story began. */
export function until(seconds: number, steps: readonly Step[]): readonly Step[] {
  const spent = steps.reduce((sum, step) => sum + (step.do === "wait" ? step.seconds : 1), 0);
  return [...steps, wait(seconds - spent)];
}

/** `init` makes the keys 0 and 1; a rotation that is asked for a minute later makes key 2, and waits a day for it. */
export const ASKED_TO_ROTATE: readonly Step[] = [wait(60), rotate()];
