import { parseStrictJson } from "../encoding/strict-json.js";
import { isSignetError, SignetError } from "../errors.js";
import type { Issuer } from "../issue/issuer.js";
import type { Claims, IssueRequest } from "../issue/request.js";
import type { TokenWriter } from "./token-writer.js";

const LONGEST_LINE_BYTES = 65_536;
const NEWLINE = 0x0a;

/**
 * Issues a token for each line of a stream. A line holds claims, or a whole request with a member `claims`. One object over
 * several lines is read as well, when it is the only one. Memory does not grow with the input.
 *
 * @throws SignetError naming the first line that is refused; what was issued before it is written
 */
export async function issueLines(
  input: AsyncIterable<Buffer>,
  issuer: Issuer,
  defaults: Omit<IssueRequest, "claims">,
  writer: TokenWriter,
): Promise<void> {
  let number = 0;
  for await (const line of linesOf(input)) {
    number += 1;
    if (isBlank(line)) continue;
    try {
      await writer.write((await issuer.issue(requestOf(line, defaults))).token);
    } catch (error) {
      await writer.end();
      throw isSignetError(error)
        ? new SignetError(error.code, `line ${number} of stdin: ${error.message}`, { cause: error })
        : error;
    }
  }
}

function requestOf(line: Buffer, defaults: Omit<IssueRequest, "claims">): IssueRequest {
  const value = parseStrictJson(line, "it") as Record<string, unknown>;
  const isRequest = typeof value === "object" && value !== null && Object.hasOwn(value, "claims");
  return isRequest ? ({ ...defaults, ...value } as unknown as IssueRequest) : { ...defaults, claims: value as Claims };
}

async function* linesOf(input: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const source = completeLines(input);
  const first = await source.next();
  if (first.done === true) return;
  // An object that begins on the first line and does not end there is one document.
  if (!isComplete(first.value)) {
    yield await wholeDocument(first.value, source);
    return;
  }
  yield first.value;
  yield* source;
}

async function wholeDocument(first: Buffer, more: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces = [first];
  let bytes = first.length;
  for await (const line of more) {
    pieces.push(Buffer.of(NEWLINE), line);
    bytes += line.length + 1;
    // What is no document either is not read to its end.
    if (bytes > LONGEST_LINE_BYTES) break;
  }
  return Buffer.concat(pieces);
}

async function* completeLines(input: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of input) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const piece = chunk.subarray(start, end);
      yield rest.length === 0 ? piece : Buffer.concat([rest, piece]);
      rest = Buffer.alloc(0);
      start = end + 1;
    }
    rest = Buffer.concat([rest, chunk.subarray(start)]);
    if (rest.length > LONGEST_LINE_BYTES)
      throw new SignetError("request_too_large", `a line of stdin is longer than ${LONGEST_LINE_BYTES} bytes`);
  }
  if (rest.length > 0) yield rest;
}

function isComplete(line: Buffer): boolean {
  try {
    JSON.parse(line.toString("utf8"));
    return true;
  } catch {
    return isBlank(line);
  }
}

function isBlank(line: Buffer): boolean {
  return line.toString("latin1").trim() === "";
}
