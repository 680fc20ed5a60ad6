/**
 * Prints the microseconds of processor time of one signature, or of one verification, of node:crypto in its fastest form:
 *
 *   node bench/bare-signature.mjs COUNT [sign|verify] [ES256|RS256]
 */
import { generateKeyPairSync, sign, verify } from "node:crypto";

const [count, task = "sign", alg = "ES256"] = [Number(process.argv[2]), ...process.argv.slice(3)];
const { publicKey, privateKey } =
  alg === "RS256" ? generateKeyPairSync("rsa", { modulusLength: 2_048 }) : generateKeyPairSync("ec", { namedCurve: "P-256" });
const bytes = Buffer.alloc(task === "sign" ? 200 : 1_000, 65);
const signature = sign("sha256", bytes, privateKey);
const once = task === "sign" ? () => sign("sha256", bytes, privateKey) : () => verify("sha256", bytes, publicKey, signature);
for (let warm = 0; warm < 2_000; warm++) once();
const start = process.cpuUsage();
for (let done = 0; done < count; done++) once();
const { user, system } = process.cpuUsage(start);
process.stdout.write(String((user + system) / count));
