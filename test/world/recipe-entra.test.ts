import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeProtectedHeader } from "jose";
import { describe, expect, it } from "vitest";
import { regionOf } from "../../tools/docs.mjs";
import { type Answers, createOtherSide, example, expectBearer, hasTools, Refusal, signedClaims } from "./other-side.js";

/** docs/recipes/entra.md as readers paste it: the server has the application's certificates, and nothing else of the issuer. */
const otherSide = createOtherSide();

const APP = "55555555-6666-7777-8888-999999999999";
const TOKEN_URL = "login.microsoftonline.com/00000000-1111-2222-3333-444444444444/oauth2/v2.0/token";
const FIRST_CALL = "GET graph.microsoft.com/v1.0/applications?$top=1";

/** Entra's side, by https://learn.microsoft.com/en-us/entra/identity-platform/certificate-credentials. */
function entraWith(certificates: readonly X509Certificate[]): Answers {
  return {
    async [`POST ${TOKEN_URL}`]({ form }) {
      const { client_assertion: token = "", ...rest } = Object.fromEntries(form);
      expect(rest).toStrictEqual({
        grant_type: "client_credentials",
        client_id: APP,
        scope: "https://graph.microsoft.com/.default",
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      });
      const { kid, "x5t#S256": named } = decodeProtectedHeader(token) as { readonly kid?: string; readonly "x5t#S256"?: string };
      const certificate = certificates.find((each) => thumbprintOf(each) === named);
      if (certificate === undefined) throw new Refusal("invalid_client");
      // Our name of the key says nothing there.
      const keys = [{ ...certificate.publicKey.export({ format: "jwk" }), kid }];
      const { iss, sub, aud, jti, iat, nbf, exp } = await signedClaims(token, { keys }, ["PS256"]);
      const isWhole = [jti, iat, nbf, exp].every((claim) => claim !== undefined);
      if (iss !== APP || sub !== APP || aud !== `https://${TOKEN_URL}` || !isWhole) throw new Refusal("invalid_client");
      return { token_type: "Bearer", expires_in: 3_599, access_token: "what-they-give" };
    },
    [FIRST_CALL](request) {
      expectBearer(request, "what-they-give");
      return { value: [] };
    },
  };
}

const thumbprintOf = ({ fingerprint256 }: X509Certificate) =>
  Buffer.from(fingerprint256.replaceAll(":", ""), "hex").toString("base64url");

describe.runIf(hasTools)("the recipe for Entra's certificates", () => {
  it("leads to an answer, through a rotation too, and a certificate that was removed does not", async () => {
    const shell = await otherSide.shell();
    const certificates = async () => {
      const { tokens } = JSON.parse(await readFile(join(shell.cwd, "signet.json"), "utf8"));
      return Object.values(tokens.certificates);
    };
    const printed = async () => new X509Certificate(await readFile(join(shell.cwd, "certificate.pem")));
    const call = await example("entra/call.sh");
    const name = await example("entra/certificate.sh");
    await shell.done(regionOf(await example("issuer.sh"), "entra"));
    // Until the certificate is named no token is issued.
    expect(await shell.run(call)).not.toMatchObject({ code: 0 });
    await shell.done(name);
    const old = await printed();
    otherSide.answersWith(entraWith([old]));
    await shell.done(call);
    expect(otherSide.wasAsked().at(-1)).toBe(FIRST_CALL);

    const { upload } = JSON.parse(await shell.done("signet keys rotate --json"));
    expect(await shell.run(`signet keys rotate --uploaded ${upload.kid}`)).not.toMatchObject({ code: 0 });
    await shell.done(name);
    const next = await printed();
    expect(await certificates()).toStrictEqual([thumbprintOf(old), thumbprintOf(next)]);
    await shell.done(`signet keys rotate --uploaded ${upload.kid}`);
    expect(await shell.run(call)).not.toMatchObject({ code: 0 });
    otherSide.answersWith(entraWith([next]));
    await shell.done(call);
    await shell.done(name);
    expect(await certificates()).toStrictEqual([thumbprintOf(next)]);
    await shell.done(call);
  });
});
