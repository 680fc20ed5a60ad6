import { SignetError } from "../errors.js";
import { FACTS, type FactName, type Form, factGiven, factsIn, UUID } from "./facts.js";
import { ruleValue } from "./notation.js";
import type { RelyingParty } from "./relying-party.js";

/** What `signet init --for` chooses for a party where its rules do not say it: what is prudent within them, and what a flag has to tell. */
export interface OwnChoice {
  /** `iss` where it is no URL, with facts in braces; `{fingerprint}` is that of the key, which the issuer fills in. */
  readonly iss?: string;
  /** Claims that each token has, with facts in braces. */
  readonly claims?: Readonly<Record<string, string>>;
  /** Tokens have an `iat` although no rule demands it. */
  readonly iat?: true;
  /** `false`: tokens have no `exp`. */
  readonly exp?: false;
  /** It calls the key by a name that is known once the key was uploaded: until then a token names none. */
  readonly namesKeyLater?: true;
  /** How long tokens live where nothing is asked. */
  readonly usualTtlSeconds?: number;
  /** The longest life, where no rule sets a shorter one. */
  readonly longestTtlSeconds?: number;
  /** Where the private key is found that it hands to us. */
  readonly file?: string;
  /** What its facts, and its names of keys, are beyond what they are anywhere. */
  readonly forms?: Readonly<Partial<Record<FactName | "kid", Form>>>;
  /** What is to be known of this choice. */
  readonly note?: string;
}

const CLIENT = { iss: "{clientId}", claims: { sub: "{clientId}" } } as const;
/** It is used once, and at once; some servers want to know when it was made. */
const ASSERTION = { ...CLIENT, iat: true, usualTtlSeconds: 60, longestTtlSeconds: 300 } as const;

const APPLE_KID: Form = { form: /^[A-Z0-9]{10}$/, title: "ten capital letters and digits, such as 2X9R4HXF34" };

const OWN_CHOICES: ReadonlyMap<string, OwnChoice> = new Map<string, OwnChoice>([
  [
    "github-app",
    {
      iss: "{appId}",
      // A clock that is a minute ahead still keeps the ten minutes.
      usualTtlSeconds: 540,
      longestTtlSeconds: 540,
      file: "GitHub, the app's settings, Private keys, Generate a private key",
    },
  ],
  [
    "app-store-connect",
    {
      iss: "{issuerId}",
      file: "App Store Connect, Users and Access, Integrations, App Store Connect API, Team Keys",
      forms: { kid: APPLE_KID },
    },
  ],
  [
    "app-store-server",
    {
      iss: "{issuerId}",
      claims: { bid: "{bundleId}" },
      file: "App Store Connect, Users and Access, Integrations, In-App Purchase",
      forms: { kid: APPLE_KID },
    },
  ],
  [
    "apns",
    {
      iss: "{teamId}",
      // It lists four members, of which exp is none; the life is how long an issuer that is asked again may give the same token.
      exp: false,
      usualTtlSeconds: 3_000,
      longestTtlSeconds: 3_000,
      file: "developer.apple.com, Certificates, Identifiers & Profiles, Keys",
      forms: { kid: APPLE_KID },
    },
  ],
  [
    "snowflake-keypair",
    {
      iss: "{account}.{user}.{fingerprint}",
      claims: { sub: "{account}.{user}" },
      usualTtlSeconds: 3_600,
      longestTtlSeconds: 3_600,
    },
  ],
  [
    "google-service-account",
    {
      iss: "{serviceAccount}",
      claims: { sub: "{serviceAccount}" },
      namesKeyLater: true,
      usualTtlSeconds: 3_600,
      note: "tokens are made for APIs; for the token endpoint, where sub is a user, take limits.fixedClaims.sub away",
    },
  ],
  ["client-assertion", ASSERTION],
  ["okta", ASSERTION],
  ["auth0", ASSERTION],
  ["keycloak", ASSERTION],
  // It advises five to ten minutes.
  ["entra", { ...CLIENT, forms: { clientId: UUID }, usualTtlSeconds: 300, longestTtlSeconds: 600 }],
]);

/** What is chosen for a party beside its rules. */
export function ownChoice({ id }: RelyingParty): OwnChoice {
  return OWN_CHOICES.get(id) ?? {};
}

/** The facts that a party's tokens are made of. */
export function factsOf(party: RelyingParty): readonly FactName[] {
  const { iss = "", claims = {} } = ownChoice(party);
  return factsIn([iss, ...Object.values(claims)].join());
}

/**
 * A fact as it was given, in the spelling and the form of those parties whose tokens are made of it.
 *
 * @throws SignetError `usage`, without what was given
 */
export function factFor(parties: readonly RelyingParty[], name: FactName, text: string): string {
  const fact = factGiven(name, text);
  for (const party of parties) {
    const wanted = ownChoice(party).forms?.[name];
    if (wanted !== undefined && !wanted.form.test(fact))
      throw new SignetError("usage", `${FACTS[name].flag} must be ${wanted.title} for ${party.id}`);
  }
  return fact;
}

/** The claims that a party's tokens must not have. */
export function claimsLeftOut(party: RelyingParty): readonly string[] {
  return [...(ruleValue(party.forbiddenClaims) ?? []), ...(ownChoice(party).exp === false ? ["exp"] : [])];
}
