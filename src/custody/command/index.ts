import type { Custodian } from "../contract.js";
import type { MachinePlace } from "../facts.js";
import { asking } from "./calls.js";
import { createKeepingCustodian, createSigningCustodian } from "./custodian.js";
import type { CommandSettings } from "./facts.js";

/** Keys with the program that the config names. */
export function create({ settings, env }: MachinePlace): Custodian {
  const given = settings as CommandSettings;
  const ask = asking(given, env);
  return given.signs ? createSigningCustodian(ask) : createKeepingCustodian(ask);
}
