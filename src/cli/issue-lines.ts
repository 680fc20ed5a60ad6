import { parseJson } from "../encoding/json-names.js";
import { parseStrictJson } from "../encoding/strict-json.js";
import { isSignetError, SignetError } from "../errors.js";
import type { ImmediateIssuer } from "../issue/issuer.js";
import type { Claims, IssueRequest } from "../issue/request.js";
import type { TokenWriter } from "./token-writer.js";

const MAX_LINE_BYTES = 65_536;
const NEWLINE = 0x0a;
const SPACE = 0x20;
const EMPTY: Buffer = Buffer.alloc(0);

/**
 * Issues a token for each line of a stream. A line holds claims, or a whole request with a member `claims`. One object over
 * several lines is read as well, when it is the only one. Memory does not grow with the input.
 *
 * @throws SignetError naming the first line that is refused; what was issued before it is written
 */
export async function issueLines(
  input: AsyncIterable<Buffer>,
  issuer: ImmediateIssuer,
  defaults: Omit<IssueRequest, "claims">,
  writer: TokenWriter,
): Promise<void> {
  const lines = lineSplitter();
  let number = 1;

  async function issueAll(some: Iterable<Buffer>): Promise<void> {
    for (const line of some) {
      if (!isBlank(line)) {
        const issued = issuer.issue(requestOf(line, defaults));
        // Nothing is awaited that is there already: promises by the million are what memory would grow with.
        const writing = writer.write((issued instanceof Promise ? await issued : issued).token);
        if (writing !== undefined) await writing;
      }
      number += 1;
    }
  }

  try {
    for await (const chunk of input) await issueAll(lines.push(chunk));
    await issueAll(lines.end());
  } catch (error) {
    await writer.end();
    if (!isSignetError(error)) throw error;
    throw new SignetError(error.code, `line ${number} of stdin: ${error.message}`, { cause: error });
  }
}

function requestOf(line: Buffer, defaults: Omit<IssueRequest, "claims">): IssueRequest {
  const value = parseStrictJson(line, "it") as Record<string, unknown>;
  const isRequest = typeof value === "object" && value !== null && Object.hasOwn(value, "claims");
  return isRequest ? ({ ...defaults, ...value } as unknown as IssueRequest) : { ...defaults, claims: value as Claims };
}

/** Cuts a stream into lines, without their ends. A first line that is no whole JSON makes everything one document. */
interface LineSplitter {
  push(chunk: Buffer): Generator<Buffer>;
  end(): Generator<Buffer>;
}

function lineSplitter(): LineSplitter {
  let rest = EMPTY;
  let isDocument: boolean | undefined;

  function* push(chunk: Buffer): Generator<Buffer> {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0 && isDocument !== true; end = chunk.indexOf(NEWLINE, start)) {
      const line = rest.length === 0 ? chunk.subarray(start, end) : Buffer.concat([rest, chunk.subarray(start, end)]);
      isDocument ??= isBlank(line) ? undefined : !isWhole(line);
      if (isDocument === true) break;
      rest = EMPTY;
      start = end + 1;
      yield line;
    }
    rest = start === chunk.length ? rest : Buffer.concat([rest, chunk.subarray(start)]);
    if (rest.length <= MAX_LINE_BYTES) return;
    throw new SignetError("request_too_large", `what follows is longer than ${MAX_LINE_BYTES} bytes without an end`);
  }

  function* end(): Generator<Buffer> {
    if (rest.length > 0) yield rest;
  }

  return { push, end };
}

function isWhole(line: Buffer): boolean {
  try {
    parseJson(line.toString("utf8").replace(/^\ufeff/, ""));
    return true;
  } catch {
    return false;
  }
}

function isBlank(line: Buffer): boolean {
  const first = line[0];
  return first === undefined || (first <= SPACE && line.toString("latin1").trim() === "");
}
