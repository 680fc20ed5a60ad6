/** Prints the microseconds of processor time of one ES256 signature of node:crypto: `node bench/bare-signature.mjs COUNT`. */
import { generateKeyPairSync, sign } from "node:crypto";

const count = Number(process.argv[2]);
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const bytes = Buffer.alloc(200, 65);
for (let warm = 0; warm < 2_000; warm++) sign("sha256", bytes, privateKey);
const start = process.cpuUsage();
for (let done = 0; done < count; done++) sign("sha256", bytes, privateKey);
const { user, system } = process.cpuUsage(start);
process.stdout.write(String((user + system) / count));
