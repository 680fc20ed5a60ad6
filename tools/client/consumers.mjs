/**
 * What reads a token from a file, as it is: the AWS SDK and Google's library, against stand-ins that hold the token to the issuer's keys.
 * Each argument is JSON: where the file and the stand-ins are. Prints what each got.
 */
import { fromTokenFile } from "@aws-sdk/credential-provider-web-identity";
import { ExternalAccountClient } from "google-auth-library";

const { file, sts, google, audience } = JSON.parse(process.argv[2] ?? "{}");

const provider = fromTokenFile({
  webIdentityTokenFile: file,
  roleArn: "arn:aws:iam::111122223333:role/ci",
  roleSessionName: "proof",
  clientConfig: { region: "eu-central-1", endpoint: sts },
});
const { accessKeyId } = await provider();

const client = ExternalAccountClient.fromJSON({
  type: "external_account",
  audience,
  subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
  token_url: `${google}/v1/token`,
  credential_source: { file },
});
const { token } = await /** @type {NonNullable<typeof client>} */ (client).getAccessToken();
console.log(JSON.stringify({ accessKeyId, token }));
