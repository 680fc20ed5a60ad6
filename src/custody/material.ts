import { isObject } from "../encoding/object-schema.js";
import { ownMember } from "../encoding/own-member.js";
import { SignetError } from "../errors.js";
import type { KeyMaterial } from "../keyring/active-document.js";
import type { Custodian, Opener } from "./contract.js";

/** How one custodian's material is written and read. */
export interface MaterialForm<M extends object> {
  /** Material as it stands in an active document. */
  write(members: M): KeyMaterial;
  /** What its custodian says of it: a document of before names no custodian, then its first member tells. */
  readonly own: Pick<Custodian, "custody" | "recognises">;
  /** @throws SignetError `invalid_key` where it is another custodian's, or a member is missing */
  read(material: KeyMaterial): M;
}

/**
 * Describes a custodian's material: texts, and public keys as JWKs.
 *
 * @param names its members; the first one tells documents of before apart
 */
export function materialForm<M extends object>(custody: string, ...names: readonly (keyof M & string)[]): MaterialForm<M> {
  const [first = ""] = names;
  const recognises = (material: KeyMaterial): boolean =>
    (material.custody ?? (Object.hasOwn(material, first) && custody)) === custody;
  return {
    own: { custody, recognises },
    write: (members) => ({ custody, ...members }),
    read(material) {
      const isWhole = names.every((name) =>
        name === "publicJwk" ? isObject(ownMember(material, name)) : typeof ownMember(material, name) === "string",
      );
      if (isWhole && recognises(material)) return material as unknown as M;
      throw new SignetError("invalid_key", `the active document has no key of ${custody}`);
    },
  };
}

/** Opens the keys of one form of material. A call, so that a bundle that needs no opener carries none. */
export function openerOf<P>({ own }: Pick<MaterialForm<object>, "own">, bind: Opener<P>["bind"]): Opener<P> {
  return { ...own, bind };
}
