import type { OutgoingHttpHeaders } from "node:http2";
import { type IssuedToken, openIssuer } from "signet-jwt";

const issuer = await openIssuer(); // Of `signet init --for apns`.
let issued: Promise<IssuedToken> | undefined;
let renewAt = 0;

/** Headers of a notification. APNs refuses tokens renewed within 20 minutes, or an hour old: one serves for 50 minutes. */
export async function headersFor(device: string, topic: string): Promise<OutgoingHttpHeaders> {
  if (issued === undefined || Date.now() >= renewAt) {
    issued = issuer.issue({ claims: {} });
    renewAt = Date.now() + 3_000_000;
  }
  const { token } = await issued.catch((error) => {
    renewAt = 0;
    throw error;
  });
  return { ":method": "POST", ":path": `/3/device/${device}`, authorization: `bearer ${token}`, "apns-topic": topic };
}
