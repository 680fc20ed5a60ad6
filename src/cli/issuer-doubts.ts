import { isInsecureUrl, PRICE_OF_HTTP } from "../encoding/insecure-issuer.js";
import { urlOf } from "../encoding/url-of.js";

/** What keeps verifiers that follow the issuer's URL from this server, or makes what they get there doubtful. */
export function doubtsOfPlace(issuer: string | undefined, served: string, isTls: boolean): readonly string[] {
  if (issuer === undefined) return [];
  const { protocol, port } = new URL(issuer);
  const doubts = isInsecureUrl(issuer) ? [`the issuer ${PRICE_OF_HTTP}`] : [];
  const at = urlOf(served);
  if (at === undefined) return doubts;
  // Over https a proxy in front may lead from there to here.
  if (protocol === "http:" && port === "" && at.port !== "")
    doubts.push(`verifiers look for its keys at port 80, and this listens at ${served}: give --port 80, or lead that port here`);
  if (protocol === "https:" && port !== "" && port === at.port && !isTls)
    doubts.push(
      `verifiers ask for its keys by TLS at port ${port}, and this speaks none: give --tls-cert and --tls-key, or --port another one behind a proxy`,
    );
  return doubts;
}
