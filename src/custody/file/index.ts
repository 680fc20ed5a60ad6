import { join } from "node:path";
import type { CustodianModule, MachinePlace } from "../facts.js";
import { createFileCustodian } from "./custodian.js";

/** Keys in the folder `keys` of the installation's directory. */
export const create: CustodianModule<MachinePlace>["create"] = ({ directory, passphrase }) =>
  createFileCustodian({ directory: join(directory, "keys"), passphrase });
