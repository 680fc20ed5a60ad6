import { SignetError } from "../errors.js";

/** What something must be that is typed. */
export interface Form {
  /** In words that stand behind "must be". */
  readonly title: string;
  readonly form: RegExp;
}

/** What has to be known of a party's side, and only its user knows: a flag of `signet init --for`. */
export interface Fact extends Form {
  readonly flag: string;
  /** What it is, in words that stand behind the flag. */
  readonly meaning: string;
  /** How the party spells it. Default: as it was given. */
  readonly spelt?: (text: string) => string;
}

/** Neither control characters nor spaces, nor braces, which stand for something in `tokens.iss`. */
const WORD = /^[\x21-\x7a|~]+$/;

/** The most characters of a fact. */
const MAX_LENGTH = 255;

export const UUID: Form = {
  title: "a UUID such as 57246542-96fe-1a63-e053-0824d011072a",
  form: /^(?!0{8}(?:-0{4}){3}-0{12}$)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
};

/** By the names that own-choices.ts has in braces; a command's options are named alike. */
export const FACTS = {
  appId: {
    flag: "--app-id",
    meaning: "the GitHub App's client id, or its number",
    title: "a client id such as Iv23liAbCdEfGhIjKlMn, or a number",
    form: /^(?:Iv[\w.]{1,98}|[1-9]\d{0,18})$/,
  },
  teamId: {
    flag: "--team-id",
    meaning: "the Team ID at Apple",
    title: "ten capital letters and digits, such as A1B2C3D4E5",
    form: /^[A-Z0-9]{10}$/,
  },
  issuerId: {
    flag: "--issuer-id",
    meaning: "the issuer id at App Store Connect",
    ...UUID,
  },
  bundleId: {
    flag: "--bundle-id",
    meaning: "the app's bundle id",
    title: "a bundle id such as com.example.app",
    form: /^[A-Za-z0-9][A-Za-z0-9.-]{0,154}$/,
  },
  account: {
    flag: "--account",
    meaning: "the account at Snowflake",
    title:
      "ORGANIZATION-ACCOUNT such as MYORG-MYACCOUNT, or an account locator alone such as XY12345: no host, and no region or cloud behind a period",
    form: /^[A-Za-z0-9][A-Za-z0-9_-]{0,200}$/,
    spelt: (text: string) => text.toUpperCase(),
  },
  user: {
    flag: "--user",
    meaning: "the user at Snowflake",
    title: "a user's name without spaces, quotes and SHA256:, such as CI",
    form: /^(?!.*(?:["'`]|SHA256:))[\x21-\x7a|~]+$/i,
    spelt: (text: string) => text.toUpperCase(),
  },
  serviceAccount: {
    flag: "--service-account",
    meaning: "the e-mail of the service account at Google",
    title: "an e-mail such as ci@my-project.iam.gserviceaccount.com",
    form: /^[A-Za-z0-9._-]{1,100}@[A-Za-z0-9][A-Za-z0-9.-]{0,100}\.gserviceaccount\.com$/,
  },
  clientId: {
    flag: "--client-id",
    meaning: "the client id at the authorization server",
    title: "a client id without spaces",
    form: WORD,
  },
} as const satisfies Readonly<Record<string, Fact>>;

export type FactName = keyof typeof FACTS;

export const FACT_NAMES = Object.keys(FACTS) as readonly FactName[];

/** Facts as the parties spell them. */
export type Facts = Readonly<Partial<Record<FactName, string>>>;

/**
 * A fact as it was given, in the party's spelling.
 *
 * @throws SignetError `usage`, without what was given
 */
export function factGiven(name: FactName, text: string): string {
  const { flag, title, form, spelt = String }: Fact = FACTS[name];
  const isLong = text.length > MAX_LENGTH;
  if (!isLong && form.test(text)) return spelt(text);
  throw new SignetError("usage", `${flag} must be ${title}${isLong ? `: at most ${MAX_LENGTH} characters` : ""}`);
}

/** The facts that a text names in braces. */
export function factsIn(text: string): readonly FactName[] {
  return FACT_NAMES.filter((name) => text.includes(`{${name}}`));
}

/** A text with facts in the place of their names. Braces that name none stay: the issuer fills them in. */
export function withFacts(text: string, facts: Facts): string {
  return text.replace(/\{(\w+)\}/g, (all, name: string) => facts[name as FactName] ?? all);
}
