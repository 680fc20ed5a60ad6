import { ConfidentialClientApplication, type Configuration } from "@azure/msal-node";
import { openIssuer } from "signet-jwt";

const issuer = await openIssuer(); // Of `signet init --for entra`.

/** An application of Entra's that has our certificate, and no secret. */
export function applicationOf(clientId: string, tenant: string, system?: Configuration["system"]): ConfidentialClientApplication {
  const authority = `https://login.microsoftonline.com/${tenant}`;
  const clientAssertion = async () => {
    const { token } = await issuer.issue({ claims: { aud: `${authority}/oauth2/v2.0/token` }, setNbf: true });
    return token;
  };
  return new ConfidentialClientApplication({ auth: { clientId, authority, clientAssertion }, system });
}
