import { ownMember } from "../encoding/own-member.js";
import { SignetError } from "../errors.js";
import { holdsProofText } from "../settings/claims-from-proof.js";
import type { Claims } from "./request.js";

/** Claims that one proof gives, checked. */
export interface ProvenClaims {
  readonly claims: Claims;
  /** The members as `writeClaims` leaves them, each behind a comma. */
  readonly members: string;
}

/** Claims that a token gets whatever was asked. They stand apart: putting them together for each token would cost as much as all else. */
export interface FixedClaims {
  /** Those of the limits, which a request may ask for as they are. */
  readonly own: Claims;
  /** The same, with `iss` where the issuer's URL is that. */
  readonly claims: Claims;
  /** Those that a proof gives: none of them is among the others. */
  readonly proven: Claims;
  /** The members of all, each behind a comma. */
  readonly members: string;
  /** Throws where a request says another value. A different value is refused, not replaced: a token never says something else than was asked. */
  readonly check: ((asked: Claims) => void) | undefined;
}

/** Tells whether a claim is fixed. */
export function isFixed({ claims, proven }: FixedClaims, name: string): boolean {
  return Object.hasOwn(claims, name) || (proven !== NONE && Object.hasOwn(proven, name));
}

const NONE: Claims = Object.freeze({});

/** What an issuer fixes without a proof, and with one. */
export interface FixedClaimsSource {
  /** Throws where a proof has to give one of them. */
  readonly unproven: () => FixedClaims;
  /** With what a proof gives, instead of the limits' own of the same name. */
  readonly proven: (proven: ProvenClaims) => FixedClaims;
}

/**
 * Prepares fixed claims.
 *
 * @param given those of the limits
 * @param issuer the issuer's URL, which becomes `iss`
 * @param reserved claims that tokens get from proofs alone: no request may say them
 */
export function fixedClaims(
  given: Claims | undefined,
  issuer: string | undefined,
  reserved: ReadonlySet<string>,
): FixedClaimsSource {
  const filledByProof = Object.keys(given ?? {}).filter((name) => holdsProofText(ownMember(given ?? {}, name)));
  const unproven = part(given, issuer, reserved);
  const missing = filledByProof[0];
  // A proof's sub stands in place of a client's own; everything else that it could replace is a fault of the config.
  const withoutTexts = without(given, filledByProof);
  const withSub = part(withoutTexts, issuer, reserved);
  const withoutSub = part(without(withoutTexts, ["sub"]), issuer, reserved);
  return {
    unproven() {
      if (missing !== undefined) throw proofMissing(missing);
      return unproven;
    },
    proven({ claims, members }) {
      const rest = Object.hasOwn(claims, "sub") ? withoutSub : withSub;
      return {
        own: rest.own,
        claims: rest.claims,
        proven: claims,
        members: rest.members + members,
        check(asked) {
          checkSame(asked, claims);
          rest.check?.(asked, claims);
        },
      };
    },
  };
}

interface Part extends FixedClaims {
  readonly check: ((asked: Claims, proven?: Claims) => void) | undefined;
}

function part(given: Claims | undefined, issuer: string | undefined, reserved: ReadonlySet<string>): Part {
  const own: Claims = { ...given };
  const claims: Claims = issuer === undefined ? own : { ...own, iss: issuer };
  const members = JSON.stringify(claims).slice(1, -1);
  const isUnchecked = given === undefined && reserved.size === 0;
  return {
    own,
    claims,
    proven: NONE,
    members: members === "" ? "" : `,${members}`,
    check: isUnchecked
      ? undefined
      : (asked, proven = NONE) => {
          checkSame(asked, own);
          for (const name of reserved) {
            if (Object.hasOwn(asked, name) && !Object.hasOwn(own, name) && !Object.hasOwn(proven, name)) {
              throw notAllowed(name, "comes from the caller's proof alone");
            }
          }
        },
  };
}

function without(claims: Claims | undefined, names: readonly string[]): Claims | undefined {
  return claims && Object.fromEntries(Object.entries(claims).filter(([name]) => !names.includes(name)));
}

function checkSame(asked: Claims, fixed: Claims): void {
  for (const name of Object.keys(fixed)) {
    if (Object.hasOwn(asked, name) && JSON.stringify(ownMember(asked, name)) !== JSON.stringify(ownMember(fixed, name))) {
      throw notAllowed(name, "is fixed by fixedClaims, or by the caller's proof");
    }
  }
}

function notAllowed(name: string, what: string): SignetError {
  return new SignetError("claim_not_allowed", `the claim ${name} ${what}; leave it out`, { field: `claims.${name}` });
}

// A caller that has shown no proof gets nothing that has to say something of one.
function proofMissing(name: string): SignetError {
  const what = `the fixed claim ${name} comes from a proof: show the token of an issuer that a rule of the caller trusts, not a secret`;
  return new SignetError("claim_required", what, { field: `claims.${name}` });
}
