import { type AimedStory, ASKED_TO_ROTATE, HOUR, QUIET, revoke, tick, until, wait } from "./aimed.js";

const SWEEPS = [wait(13 * HOUR), tick(), wait(13 * HOUR), tick(), wait(13 * HOUR), tick()];

/** What is destroyed, and by whose word. */
export const DESTRUCTION: readonly AimedStory[] = [
  {
    without: "what the keyring does not know is not destroyed",
    name: "a private key is left with the custodian",
    story: { ...QUIET, steps: [wait(60), { do: "hand", hand: "leave-key" }, ...SWEEPS] },
  },
  {
    without: "two sweeps, half a day apart",
    name: "the private part of a removed key is still there, since the custodian answered before it destroyed it",
    story: {
      ...QUIET,
      steps: [
        wait(60),
        { do: "ambush", ambush: { calls: ["custodian.destroy"], fate: { kind: "early", delaySeconds: 200 * HOUR } } },
        revoke(1),
        ...SWEEPS,
      ],
    },
  },
  {
    without: "an old keyring is recognised by the log",
    name: "the keyring of before a rotation is put back",
    story: {
      ...QUIET,
      steps: [...until(25 * HOUR, ASKED_TO_ROTATE), tick(), wait(60), { do: "put-back", rotations: 1 }, wait(HOUR), tick()],
    },
  },
];
