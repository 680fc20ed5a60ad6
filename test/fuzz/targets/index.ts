import type { Target } from "../target.js";
import { CONFIG_TARGETS } from "./configs.js";
import { EVENT_TARGETS } from "./events.js";
import { KEY_TARGETS } from "./keys.js";
import { HTTP_TARGETS, LIBRARY_TARGETS } from "./library.js";
import { PROOF_TARGETS } from "./proofs.js";
import { STORE_TARGETS } from "./stores.js";

/** Every front door that strangers' texts and events come to. */
export const TARGETS: readonly Target[] = [
  ...KEY_TARGETS,
  ...EVENT_TARGETS,
  ...CONFIG_TARGETS,
  ...STORE_TARGETS,
  ...LIBRARY_TARGETS,
  ...HTTP_TARGETS,
  ...PROOF_TARGETS,
];
