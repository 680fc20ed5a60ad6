import type fc from "fast-check";

/** A front door, what is sent to it, and what must come of it. */
export interface Target {
  readonly name: string;
  readonly inputs: fc.Arbitrary<unknown>;
  /** Sends an input. @throws where a promise was broken */
  readonly send: (input: never) => unknown;
  /** How often it is sent to in `npm test`, where one input takes long. Default: as often as all. */
  readonly share?: number;
}

/** Makes a target, whose inputs and door fit together. */
export function target<Input>(
  name: string,
  inputs: fc.Arbitrary<Input>,
  send: (input: Input) => unknown,
  more: Pick<Target, "share"> = {},
): Target {
  return { name, inputs, send: send as Target["send"], ...more };
}
