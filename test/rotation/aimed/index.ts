import { ACTIVATION } from "./activation.js";
import type { AimedStory } from "./aimed.js";
import { CLOUD } from "./cloud.js";
import { DESTRUCTION } from "./destruction.js";
import { PUBLICATION } from "./publication.js";
import { RETENTION } from "./retention.js";

/** A story for each rule that can be taken away, at least. */
export const AIMED: readonly AimedStory[] = [...PUBLICATION, ...ACTIVATION, ...RETENTION, ...DESTRUCTION, ...CLOUD];
