import { join } from "node:path";
import type { CustodianModule, MachinePlace } from "../facts.js";
import { createFileCustodian } from "./custodian.js";
import { facts } from "./facts.js";

/** Keys in a folder of the installation's directory. */
export const create: CustodianModule<MachinePlace>["create"] = ({ directory, passphrase }) =>
  createFileCustodian({ directory: join(directory, facts.keyFolder), passphrase });
