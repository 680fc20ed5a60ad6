/** An answer. */
export interface AwsAnswer {
  readonly status: number;
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** Reads one answer as it arrives. */
export interface AnswerReader {
  /**
   * @returns the answer, once it is whole
   * @throws Error where this is none
   */
  read(bytes: Buffer): AwsAnswer | undefined;
  /** @returns the answer, where the end of its connection is its own */
  end(): AwsAnswer | undefined;
  /** Whether its connection is good for one more call. */
  staysOpen(): boolean;
}

/** What comes next of an answer. */
type Part = "head" | "body" | "chunk size" | "chunk" | "chunk end" | "trailers" | "until the end" | "nothing";

const MAX_BODY_BYTES = 8 * 1024 * 1024;
/** Of what is no body, before it or between two chunks of it. */
const MAX_HEAD_BYTES = 65_536;
/** As much is looked at for a line between two chunks; hardly any is longer. */
const LINE_BYTES = 64;
const FIELD_NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const CHUNK_SIZE = /^0*([\da-f]{1,7})(?:;|$)/i;

/**
 * For an answer of HTTP/1.1 (RFC 9112), in time that grows with its length alone. What could be read in two ways is an error. Not node:http's,
 * since node:https takes a third to a half of what a request costs (docs/decisions/aws.md).
 *
 * @param hasBody whether the call is one that is answered with a body
 */
export function createAnswerReader(hasBody: boolean): AnswerReader {
  let part: Part = "head";
  let head: Head | undefined;
  const text = collectedText();
  let [headBytes, bodyBytes] = [0, 0];
  /** What is still to come of the body, or of a chunk of it. */
  let left = 0;
  const chunks: Buffer[] = [];

  function takeBody(bytes: Buffer, at: number): number {
    const taken = bytes.subarray(at, at + left);
    bodyBytes += taken.length;
    if (bodyBytes > MAX_BODY_BYTES) throw unreadable("the answer is too large");
    chunks.push(taken);
    left -= taken.length;
    if (left === 0) [part, headBytes] = [part === "body" ? "nothing" : "chunk end", 0];
    return at + taken.length;
  }

  // A line, or the lines of the head together.
  function takeText(bytes: Buffer, at: number): number {
    const isHead = part === "head";
    const [taken, whole] = text.upTo(isHead ? "\r\n\r\n" : "\r\n", bytes, at, isHead ? MAX_HEAD_BYTES : LINE_BYTES);
    headBytes += taken;
    if (headBytes > MAX_HEAD_BYTES) throw unreadable("the head of the answer is too large");
    if (whole !== undefined) linesRead(whole.split("\r\n"));
    return at + taken;
  }

  function linesRead(lines: readonly string[]): void {
    if (lines.some((line) => /[\0\r\n]/.test(line))) throw unreadable("a line of the answer is none");
    if (part === "head") {
      head = headOf(lines);
      [part, left] = bodyOf(head, hasBody);
    } else [part, left] = afterLine(part, lines[0] ?? "");
  }

  const answer = () => head && { status: head.status, headers: head.headers, body: Buffer.concat(chunks, bodyBytes).toString() };

  return {
    read(bytes) {
      for (let at = 0; at < bytes.length; ) {
        if (part === "nothing") at = takeEnd(bytes, at);
        else at = left > 0 ? takeBody(bytes, at) : takeText(bytes, at);
      }
      return part === "nothing" ? answer() : undefined;
    },
    end: () => (part === "until the end" ? answer() : undefined),
    staysOpen: () => part === "nothing" && head !== undefined && head.isOfHttp11 && !ends(head),
  };
}

/** Told in the place of a system's code. */
function unreadable(words: string): Error {
  return Object.assign(new Error(words), { code: words });
}

// An end of a line after a body is one of old servers (RFC 9112, section 2.2).
function takeEnd(bytes: Buffer, at: number): number {
  if (bytes.toString("latin1", at) !== "\r\n") throw unreadable("there is more than an answer");
  return bytes.length;
}

/** Whether a connection is to end: by its own word, or by so short a time that it would end under the next call. */
function ends({ headers: { connection = "", "keep-alive": time = "" } }: Head): boolean {
  return connection.toLowerCase().includes("close") || /timeout=[01]\b/i.test(time);
}

/** Text that comes in pieces, each of which is looked at once. */
function collectedText() {
  let pieces: string[] = [];
  /** The last of what was there: its end may begin in it. */
  let tail = "";
  return {
    /** @returns how many bytes were taken, and the text before its end where that was found */
    upTo(end: string, bytes: Buffer, at: number, most: number): [taken: number, text?: string] {
      const piece = bytes.toString("latin1", at, at + most);
      const near = tail + piece;
      const found = near.indexOf(end);
      if (found < 0) {
        pieces.push(piece);
        tail = near.slice(1 - end.length);
        return [piece.length];
      }
      const taken = found + end.length - tail.length;
      const text = pieces.join("") + piece.slice(0, taken);
      [pieces, tail] = [[], ""];
      return [taken, text.slice(0, -end.length)];
    },
  };
}

interface Head extends Omit<AwsAnswer, "body"> {
  readonly isOfHttp11: boolean;
}

function headOf([first = "", ...fields]: readonly string[]): Head {
  const [, minor, digits] = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: |$)/.exec(first) ?? [];
  if (digits === undefined) throw unreadable("the answer is none of HTTP/1.1");
  const values = new Map<string, string>();
  for (const field of fields) {
    const colon = field.indexOf(":");
    const name = field.slice(0, Math.max(0, colon)).toLowerCase();
    if (!FIELD_NAME.test(name)) throw unreadable("a field of the answer is none");
    const value = field.slice(colon + 1).trim();
    // The values of a field that is given twice are a list (RFC 9110, section 5.3): two lengths are none.
    const before = values.get(name);
    values.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return { status: Number(digits), headers: Object.fromEntries(values), isOfHttp11: minor === "1" };
}

/** What follows the head (RFC 9112, section 6.3), and how many bytes of it. */
function bodyOf({ status, headers }: Head, hasBody: boolean): [Part, number] {
  if (status === 101) throw unreadable("the answer speaks another protocol");
  if (status < 200) return ["head", 0];
  if (!hasBody || status === 204 || status === 304) return ["nothing", 0];
  const { "transfer-encoding": coding, "content-length": length } = headers;
  if (coding?.toLowerCase() === "chunked" && length === undefined) return ["chunk size", 0];
  if (coding === undefined && length === undefined) return ["until the end", Number.POSITIVE_INFINITY];
  if (coding !== undefined || !/^0*\d{1,9}$/.test(length ?? "")) throw unreadable("the answer's length is not clear");
  return [Number(length) === 0 ? "nothing" : "body", Number(length)];
}

/** What follows a line among or after the chunks of a body (RFC 9112, section 7.1), and how many bytes of it. */
function afterLine(part: Part, line: string): [Part, number] {
  if (part === "trailers") return [line === "" ? "nothing" : part, 0];
  if (part === "chunk end" && line === "") return ["chunk size", 0];
  const [, digits] = (part === "chunk size" && CHUNK_SIZE.exec(line)) || [];
  if (digits === undefined) throw unreadable("a chunk of the answer is not as long as it says");
  const size = Number.parseInt(digits, 16);
  return [size === 0 ? "trailers" : "chunk", size];
}
