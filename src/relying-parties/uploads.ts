import { ownMember } from "../encoding/own-member.js";
import type { KeyWay, RelyingParty } from "./relying-party.js";

/**
 * What of our keys is given to a party. `spki`: the PEM of a public key (SubjectPublicKeyInfo); `body`: that PEM without its first and last line;
 * `certificate`: an X.509 certificate; `jwks`: the set of all published keys.
 */
export type UploadForm = "spki" | "body" | "certificate" | "jwks";

/** How our keys get to a party that asks no URL for them. */
export interface Upload {
  readonly form: UploadForm;
  /** What is typed or chosen there; absent where it differs from place to place. */
  readonly place?: string;
}

/** Those that take something else than the PEM, or the set, that their way of finding keys says. */
const UPLOADS: Readonly<Record<string, Upload>> = {
  "snowflake-keypair": {
    form: "body",
    place: "ALTER USER NAME SET RSA_PUBLIC_KEY='...'; beside a key that is there, RSA_PUBLIC_KEY_2",
  },
  "snowflake-external-oauth": {
    form: "body",
    place: "EXTERNAL_OAUTH_RSA_PUBLIC_KEY; beside a key that is there, EXTERNAL_OAUTH_RSA_PUBLIC_KEY_2",
  },
  "google-service-account": { form: "certificate", place: "gcloud iam service-accounts keys upload FILE --iam-account=EMAIL" },
  entra: { form: "certificate", place: "the app registration, Certificates & secrets, Upload certificate" },
  auth0: { form: "spki", place: "the application, Credentials, Add New Key" },
};

const FORMS: Readonly<Partial<Record<KeyWay["by"]["value"], UploadForm>>> = { pem: "spki", jwks: "jwks", program: "jwks" };

/** How our keys are uploaded to a party; `undefined` where they are found by URL, or handed to us. */
export function uploadOf({ id, ways }: RelyingParty): Upload | undefined {
  const [form] = ways.flatMap(({ by }) => FORMS[by.value] ?? []);
  return form === undefined ? undefined : (ownMember(UPLOADS, id) ?? { form });
}

/** Whether a party makes the private keys itself, and hands them to us. */
export function handsOut({ ways: [first] }: RelyingParty): boolean {
  return first.by.value === "file";
}
