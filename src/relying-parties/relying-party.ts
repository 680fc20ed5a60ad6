/** `documented` by the vendor, `observed` by a measurement or in its source, or `assumed` because neither was found. */
export type Basis = "documented" | "observed" | "assumed";

/** Where a rule was looked up, and when. */
export interface Source {
  /** A page or file, by https; or one of ours that measures it. */
  readonly source: string;
  /** A date such as 2026-11-26. */
  readonly checked: string;
}

/** A rule that is known. Where its value is `null` there is no such rule: that, too, is known. */
export interface Stated<T> extends Source {
  readonly basis: Basis;
  readonly value: T;
  /** What else is to be said of it. */
  readonly about?: string;
}

/** A rule that was looked for and not found: it may exist. */
export interface NotKnown extends Source {
  readonly basis: "?";
}

export type Rule<T> = Stated<T> | NotKnown;

/** Limits of a set of keys, by the way that it is given. */
interface KeySetRules {
  readonly mostKeys: Rule<number | null>;
  /** Keys of RSA, and as many of EC. */
  readonly mostKeysOfAKind: Rule<number | null>;
  readonly mostOctets: Rule<number | null>;
  /** Members of a JWK: those with which it is refused, or the only ones that it may have. */
  readonly members: Rule<{ readonly refused: readonly string[] } | { readonly only: readonly string[] } | null>;
}

/** It asks a URL for the keys: ours, so that they rotate by themselves. */
export interface UrlWay extends KeySetRules {
  readonly by: Stated<"discovery" | "jwks-url">;
  /** `https` alone, or `http` as well: always, or where it was allowed there. */
  readonly scheme: Rule<"https" | "http" | "http-if-allowed">;
  /** From where it asks. `anywhere`: where its operator runs it. */
  readonly reach: Rule<"Internet" | "anywhere">;
  /** A port that is written in the URL. */
  readonly port: Rule<"refused" | "taken">;
  /** In characters. */
  readonly longestUrl: Rule<number | null>;
  /** How long a new key may be unknown there, in seconds: it is published that long before it signs. */
  readonly newKeySeconds: Rule<number | null>;
}

/**
 * It asks no URL. `jwks` and `pem` are pasted there: keys that were uploaded by us. `file` is the private key that it hands to us.
 * `program`: it is a library, and the program that uses it gives it the keys.
 */
export interface GivenWay extends KeySetRules {
  readonly by: Stated<"jwks" | "pem" | "file" | "program">;
  /** What text it takes, or gives. */
  readonly form: Rule<string>;
}

export type KeyWay = UrlWay | GivenWay;

/** How far clocks may be apart, in seconds, by what is compared. What is absent is not known. */
export interface Leeway {
  readonly exp?: number;
  readonly nbf?: number;
  readonly iat?: number;
}

/** What `iat` or `nbf` has to be, where it is there. */
export interface TimeRule {
  /** What becomes of a token whose time is ahead, beyond the leeway. Absent: not known. */
  readonly future?: "refused" | "taken";
  readonly mostSecondsOld?: number;
  /** How many seconds back it is best set, for a clock that is ahead. */
  readonly advisedSecondsAgo?: number;
}

/** The longest life. `iat`: between `iat` and `exp`. `receipt`: between the moment of its receipt and `exp`. */
export interface LongestLife {
  readonly seconds: number;
  readonly from: "iat" | "receipt";
}

/** Rules for keys and signatures. */
interface SignatureRules {
  /** What it verifies without being told. */
  readonly algorithms: Rule<readonly string[]>;
  /** What it verifies once it is configured to, and how. */
  readonly optIn: Rule<{ readonly algorithms: readonly string[]; readonly by: string } | null>;
  readonly leastRsaBits: Rule<number | null>;
  /** What it does with a key that names no `alg`, in words that stand behind "of keys without alg"; `ofAll`: of EC and OKP as well. */
  readonly keysWithoutAlg: Rule<{ readonly words: string; readonly ofAll?: true }>;
  /** `kid` of each key in the set. */
  readonly kidOfKeys: Rule<"required" | "optional">;
  /** The kinds of keys that it knows, by type and curve, where one of another kind makes it refuse all of them. */
  readonly onlyKinds: Rule<readonly string[] | null>;
  /** Numbers that it refuses where they have an octet too many or too few: those of RSA, or coordinates of a curve. */
  readonly wholeOctets: Rule<"number" | "coordinate" | null>;
}

/** Rules for claims. */
interface ClaimRules {
  /** `a|b`: one of them. */
  readonly requiredClaims: Rule<readonly string[]>;
  readonly forbiddenClaims: Rule<readonly string[]>;
  /** Further claims that it reads, each with what it means there. */
  readonly moreClaims: Rule<Readonly<Record<string, string>>>;
  /** What `iss` has to be. */
  readonly issuer: Rule<string>;
  /** What `sub` has to be, and how long it may be. */
  readonly subject: Rule<{ readonly words?: string; readonly characters?: number; readonly octets?: number } | null>;
  /** What `aud` has to be; `is`: the only value that it takes. */
  readonly audience: Rule<{ readonly words: string; readonly is?: string } | null>;
  /** How many audiences it can be told, or a token may name, and of how many characters each. */
  readonly audiences: Rule<{ readonly most?: number; readonly characters?: number } | null>;
  /** `decides`: it stands for `aud` where it is there, and has to be there beside several. */
  readonly azp: Rule<"decides" | "ignored">;
}

/** Rules for the times of a token. */
interface TimeRules {
  readonly longestLife: Rule<LongestLife | null>;
  readonly leeway: Rule<Leeway>;
  readonly iat: Rule<TimeRule>;
  readonly nbf: Rule<TimeRule>;
}

/** Rules for the token as a whole, and for its use. */
interface TokenRules {
  /** `kid` of the token. `several`: required where there are several keys. `absent`: it is left out. */
  readonly kid: Rule<"required" | "several" | "optional" | "absent">;
  /** The `typ` that it demands; `null`: any, or none. */
  readonly typ: Rule<string | null>;
  /** Members of the header beyond alg, kid and typ that it demands. */
  readonly headerMembers: Rule<readonly string[]>;
  /** In octets. */
  readonly longestToken: Rule<number | null>;
  /** How many issuers, keys or subjects it can be told, in words. */
  readonly credentials: Rule<string | null>;
  /** It refuses who renews tokens oftener. */
  readonly reuseAtLeastSeconds: Rule<number | null>;
  /** Whether it takes a token once: `with-jti`, where the token has one. */
  readonly singleUse: Rule<"yes" | "with-jti" | "no">;
}

export interface PartyRules extends SignatureRules, ClaimRules, TimeRules, TokenRules {}

/**
 * `verifier`: a service that checks tokens it is shown. `library`: a program does so with it. `federation`: it gives a token of its own for
 * ours. `self-signed`: it takes tokens that its users sign themselves, and knows their keys, but no issuer.
 */
export type PartyKind = "verifier" | "library" | "federation" | "self-signed";

/** Who takes our tokens, and by which rules. */
export interface RelyingParty extends PartyRules {
  /** How `--for` names it. */
  readonly id: string;
  readonly name: string;
  readonly kind: PartyKind;
  /** How it finds keys: any one of these, the usual one first. */
  readonly ways: readonly [KeyWay, ...KeyWay[]];
  /** It is Signet's own verifier, and refuses a key as doctor does. */
  readonly isOurs?: true;
  /** What else is to be known. */
  readonly note?: string;
}
