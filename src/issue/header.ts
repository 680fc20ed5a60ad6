import type { Signer } from "../custody/contract.js";
import { encodeBase64url } from "../encoding/base64url.js";
import { ownMember } from "../encoding/own-member.js";
import { nameInWords, SignetError } from "../errors.js";
import type { Tokens } from "../settings/tokens.js";
import { kidOfSigner } from "./token-rules.js";

/**
 * Binds what headers say. The header, with its dot, is encoded once a key and type.
 *
 * @throws (the bound function) SignetError `type_not_allowed`; `config_invalid` for a key whose certificate, or public part, is not known
 */
export function headerMaker(
  allowedTypes: readonly string[] = [],
  { kid: hasKid = true, kids, certificates }: Pick<Tokens, "kid" | "kids" | "certificates"> = {},
): (signer: Signer, typ: string) => string {
  const types = new Set(["JWT", ...allowedTypes]);
  let encodedFor: Signer | undefined;
  const headers = new Map<string, string>();
  return (signer, typ) => {
    if (encodedFor !== signer) {
      headers.clear();
      encodedFor = signer;
    }
    let header = headers.get(typ);
    if (header === undefined) {
      if (!types.has(typ))
        throw new SignetError("type_not_allowed", "typ is neither JWT nor among allowedTypes", { field: "typ" });
      const { alg, kid } = signer;
      const thumbprint = certificates && thumbprintOf(certificates, kid);
      // What is undefined JSON leaves out.
      const named = hasKid ? kidOfSigner(kids, signer) : undefined;
      header = `${encodeBase64url(JSON.stringify({ alg, kid: named, typ, "x5t#S256": thumbprint }))}.`;
      headers.set(typ, header);
    }
    return header;
  };
}

// A token without it would be refused there, in words that do not say why.
function thumbprintOf(certificates: NonNullable<Tokens["certificates"]>, kid: string): string {
  const found = ownMember(certificates, kid);
  if (found !== undefined) return found;
  const what = `tokens.certificates does not name the key that signs, ${nameInWords(kid, "a key")}: \`signet keys pem --for entra\` makes its certificate and says the thumbprint`;
  throw new SignetError("config_invalid", what, { field: "tokens.certificates" });
}
