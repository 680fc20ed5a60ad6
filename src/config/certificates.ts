import { readTrustedText } from "../files/trusted-read.js";

/**
 * Reads the certificates of a `caFile`: a user who could write them would decide whose keys are believed.
 *
 * @returns `undefined` where there is no such file
 * @throws SignetError `store_insecure`, `config_invalid`
 */
export function readCertificates(path: string): Promise<string | undefined> {
  return readTrustedText("document", path, "config_invalid");
}
