import type { Installation } from "../assemble.js";
import { SignetError } from "../errors.js";
import type { PublicTexts } from "../http/public-documents.js";
import { publishedRecords } from "../keyring/documents.js";

/** The public documents, as they were when they could last be believed. */
export interface FollowedDocuments {
  /** `undefined` before the first. */
  readonly present: () => PublicTexts | undefined;
  /**
   * Reads them. A document that is gone or damaged is no word of the key manager: what was good stays until the keyring says otherwise.
   *
   * @throws SignetError `jwks_unavailable` where a document is gone or damaged, or lists no key though the keyring has some, and what reading throws
   */
  read(): Promise<void>;
}

/** Follows the public documents of an installation. */
export function followDocuments({ publicDocuments, keyring }: Installation["stores"]): FollowedDocuments {
  let documents: (PublicTexts & { readonly tag: string }) | undefined;

  async function areKeysExpected(): Promise<boolean> {
    const read = await keyring.read();
    return read === undefined ? documents !== undefined : publishedRecords(read.keyring).length > 0;
  }

  return Object.freeze({
    present: () => documents,
    async read() {
      const read = await publicDocuments.read();
      if ((read?.jwks.keys.length ?? 0) === 0 && (await areKeysExpected()))
        throw new SignetError("jwks_unavailable", "the published JWKS is gone, damaged or without a key");
      if (read === undefined) return;
      const before = documents?.discovery;
      if (read.tag !== documents?.tag) documents = { ...read, ...(before && { discovery: read.discovery ?? before }) };
      if (before !== undefined && read.discovery === undefined)
        throw new SignetError("jwks_unavailable", "the published discovery document is gone or damaged");
    },
  });
}
