import { generateKeyPairSync } from "node:crypto";
import { AppStoreServerAPIClient, type Environment } from "@apple/app-store-server-library";
import { openIssuer } from "signet-jwt";

const issuer = await openIssuer(); // Of `signet init --for app-store-server`.
// The library makes a token of its own from the key that it is given. That token, and this key, never leave the process.
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const unused = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
type Call = [path: string, query: URLSearchParams, method: string, body: string | Buffer | undefined, headers: object];

export class SignetAppStoreClient extends AppStoreServerAPIClient {
  constructor(environment: Environment) {
    super(unused, "unused", "unused", "unused", environment);
  }
  protected override async makeFetchRequest(...[path, query, method, body, headers]: Call) {
    const { token } = await issuer.issue({ claims: { aud: "appstoreconnect-v1" } });
    return super.makeFetchRequest(path, query, method, body, { ...headers, Authorization: `Bearer ${token}` });
  }
}
