/** One block of a PEM file (RFC 7468, RFC 1421). */
export interface PemBlock {
  readonly label: string;
  readonly bytes: Buffer;
  /** How OpenSSL's own form is encrypted: the cipher and its initial vector. */
  readonly encryption?: { readonly cipher: string; readonly iv: string };
}

/** Everything of a text that is PEM. */
export interface PemText {
  readonly blocks: readonly PemBlock[];
  /** The label of a block that begins and does not end. */
  readonly cutOff?: string;
}

const MARK = /-----(BEGIN|END) ([^-\r\n]{0,64})-----/g;
const ENCRYPTION = /DEK-Info:\s{0,9}([\w-]{1,40}),\s{0,9}([0-9a-f]{1,64})/i;
const HEADER = /^[ \t]*[A-Za-z][\w-]*:.*$/gm;

/** Finds the blocks of a text, which is read once from mark to mark. An end belongs to the last beginning, whatever its label says. */
export function pemBlocks(text: string): PemText {
  const blocks: PemBlock[] = [];
  let open: { readonly label: string; readonly from: number } | undefined;
  let cutOff: string | undefined;
  for (const { 0: mark, 1: side, 2: label = "", index } of text.matchAll(MARK)) {
    if (side === "BEGIN") {
      cutOff ??= open?.label;
      open = { label: label.trim().toUpperCase(), from: index + mark.length };
    } else if (open !== undefined) {
      blocks.push(pemBlock(open.label, text.slice(open.from, index)));
      open = undefined;
    }
  }
  cutOff ??= open?.label;
  return cutOff === undefined ? { blocks } : { blocks, cutOff };
}

function pemBlock(label: string, body: string): PemBlock {
  const found = ENCRYPTION.exec(body);
  if (found === null) return { label, bytes: Buffer.from(body.includes(":") ? body.replace(HEADER, "") : body, "base64") };
  // Where newlines became spaces, the base64 begins behind the last header all the same.
  const [whole, cipher = "", iv = ""] = found;
  const bytes = Buffer.from(body.slice(found.index + whole.length), "base64");
  return { label, bytes, encryption: { cipher, iv } };
}

/** A block as OpenSSL reads it. */
export function pemOf({ label, bytes, encryption }: PemBlock): string {
  const headers = encryption && `Proc-Type: 4,ENCRYPTED\nDEK-Info: ${encryption.cipher},${encryption.iv}\n\n`;
  const lines = bytes.toString("base64").replace(/.{64}/g, "$&\n");
  return `-----BEGIN ${label}-----\n${headers ?? ""}${lines}\n-----END ${label}-----\n`;
}
