import { type ClientRequest, request } from "node:http";
import { Duplex } from "node:stream";
import { describe, expect, it } from "vitest";
import { type AwsAnswer, createAnswerReader } from "../../src/aws/http-answer.js";
import { chance } from "../rotation/world/chance.js";

interface Read {
  readonly answer: AwsAnswer | undefined;
  readonly staysOpen: boolean;
}

/** Reads an answer that comes in pieces, and then ends. @throws Error */
function read(pieces: readonly Buffer[], method = "POST"): Read {
  const reader = createAnswerReader(method !== "HEAD");
  for (const [index, piece] of pieces.entries()) {
    const answer = reader.read(piece);
    if (answer === undefined) continue;
    if (index < pieces.length - 1) throw new Error("there is more");
    return { answer, staysOpen: reader.staysOpen() };
  }
  return { answer: reader.end(), staysOpen: reader.staysOpen() };
}

const whole = (text: string, method?: string) => read([Buffer.from(text, "latin1")], method);
const bytewise = (text: string, method?: string) =>
  read(
    [...Buffer.from(text, "latin1")].map((byte) => Buffer.of(byte)),
    method,
  );

/** What node:http reads in the same bytes; nothing where it refuses them. */
async function readByNode(text: string, method = "POST"): Promise<Omit<AwsAnswer, "headers"> | undefined> {
  const socket = new Duplex({ read() {}, write: (_bytes, _encoding, done) => done() });
  return new Promise((resolve) => {
    const outgoing: ClientRequest = request({ createConnection: () => socket as never, method }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => void chunks.push(chunk));
      incoming.on("error", () => resolve(undefined));
      incoming.on("end", () => resolve({ status: incoming.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
    });
    outgoing.on("error", () => resolve(undefined));
    outgoing.on("close", () => setImmediate(resolve, undefined));
    outgoing.end();
    socket.push(Buffer.from(text, "latin1"));
    socket.push(null);
  });
}

const HEAD = "HTTP/1.1 200 OK\r\n";

describe("an answer", () => {
  it.each<[string, string, string, boolean]>([
    ["with its length", `${HEAD}Content-Length: 5\r\n\r\nhello`, "hello", true],
    ["without a reason", "HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello", "hello", true],
    ["that is empty", `${HEAD}Content-Length: 0\r\n\r\n`, "", true],
    ["in chunks", `${HEAD}Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;a=b\r\nlo\r\n0\r\n\r\n`, "hello", true],
    ["in chunks, with trailers", `${HEAD}transfer-encoding: Chunked\r\n\r\n5\r\nhello\r\n00\r\nA: b\r\n\r\n`, "hello", true],
    ["with zeros before its length", `${HEAD}Content-Length: 0000000005\r\n\r\nhello`, "hello", true],
    [
      "with zeros before a chunk's size",
      `${HEAD}Transfer-Encoding: chunked\r\n\r\n00000005\r\nhello\r\n0\r\n\r\n`,
      "hello",
      true,
    ],
    ["that lasts until the end", `${HEAD}A: b\r\n\r\nhello`, "hello", false],
    ["of HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", false],
    ["whose connection closes", `${HEAD}Connection: Close\r\nContent-Length: 5\r\n\r\nhello`, "hello", false],
    [
      "after others that are not final",
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nA: b\r\n\r\n${HEAD}Content-Length: 2\r\n\r\nhi`,
      "hi",
      true,
    ],
    ["with CR and LF in its body", `${HEAD}Content-Length: 8\r\n\r\n\r\n\r\n\r\n\r\n`, "\r\n\r\n\r\n\r\n", true],
  ])("%s is read, wherever it is cut", async (_what, text, body, staysOpen) => {
    expect(whole(text)).toMatchObject({ answer: { status: 200, body }, staysOpen });
    expect(bytewise(text)).toStrictEqual(whole(text));
    const bytes = Buffer.from(text, "latin1");
    for (let at = 1; at < bytes.length; at++)
      expect(read([bytes.subarray(0, at), bytes.subarray(at)]), `cut at ${at}`).toStrictEqual(whole(text));
    expect(await readByNode(text)).toStrictEqual({ status: 200, body });
  });

  it.each([
    ["204", "POST"],
    ["304", "GET"],
    ["200", "HEAD"],
  ])("%s to %s has no body, whatever its length says", (status, method) => {
    const text = `HTTP/1.1 ${status} X\r\nContent-Length: 5\r\n\r\n`;
    expect(bytewise(text, method)).toMatchObject({ answer: { status: Number(status), body: "" }, staysOpen: true });
  });

  it("names its fields in lower case, and what is given twice is a list", () => {
    const { answer } = whole(
      `${HEAD}ETag:"a" \r\nx-A:\t1\r\nX-a: 2\r\n__proto__: x\r\nconstructor: y\r\nContent-Length: 0\r\n\r\n`,
    );
    const headers = { etag: '"a"', "x-a": "1, 2", ["__proto__"]: "x", constructor: "y", "content-length": "0" };
    expect(Object.entries(answer?.headers ?? {})).toStrictEqual(Object.entries(headers));
    expect(Object.getPrototypeOf(answer?.headers)).toBe(Object.prototype);
  });

  it("may have one end of a line behind it, as of old servers", async () => {
    const text = `${HEAD}Content-Length: 5\r\n\r\nhello\r\n`;
    expect(whole(text).answer?.body).toBe("hello");
    expect(await readByNode(text)).toStrictEqual({ status: 200, body: "hello" });
    expect(() => whole(`${text}x`)).toThrow(/more than an answer/);
  });

  it("is told in UTF-8 where that is cut too", () => {
    const body = Buffer.from("äö€");
    const head = Buffer.from(`${HEAD}Content-Length: ${body.length}\r\n\r\n`);
    for (let at = 1; at < body.length; at++)
      expect(read([head, body.subarray(0, at), body.subarray(at)]).answer?.body).toBe("äö€");
  });
});

describe("what could be read in two ways", () => {
  it.each([
    ["two lengths", `${HEAD}Content-Length: 5\r\nContent-Length: 4\r\n\r\nhello`],
    ["a length beside chunks", `${HEAD}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ["another coding", `${HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
    ["chunked twice", `${HEAD}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ["a signed length", `${HEAD}Content-Length: +5\r\n\r\nhello`],
    ["a length of none", `${HEAD}Content-Length:\r\n\r\n`],
    ["a length beyond all that is taken", `${HEAD}Content-Length: 99999999999\r\n\r\nhello`],
    ["a hexadecimal length", `${HEAD}Content-Length: 0x5\r\n\r\nhello`],
    ["a field that goes on", `${HEAD}A: b\r\n c\r\nContent-Length: 0\r\n\r\n`],
    ["a name before a space", `${HEAD}Content-Length : 0\r\n\r\n`],
    ["a field without a name", `${HEAD}: x\r\nContent-Length: 0\r\n\r\n`],
    ["a field without a colon", `${HEAD}abc\r\nContent-Length: 0\r\n\r\n`],
    ["a bare LF between fields", `${HEAD}A: b\nContent-Length: 5\r\nContent-Length: 0\r\n\r\n`],
    ["a bare CR between fields", `${HEAD}A: b\rContent-Length: 5\r\nContent-Length: 0\r\n\r\n`],
    ["more than an answer", `${HEAD}Content-Length: 2\r\n\r\nhello`],
    ["another answer after it", `${HEAD}Content-Length: 0\r\n\r\n${HEAD}Content-Length: 0\r\n\r\n`],
    ["another protocol", "HTTP/1.1 101 Switching\r\n\r\n"],
    ["HTTP/2", "HTTP/2 200\r\n\r\n"],
    ["a status of two digits", "HTTP/1.1 20 OK\r\n\r\n"],
    ["a status beyond all classes", "HTTP/1.1 600 OK\r\n\r\n"],
    ["a chunk without a size", `${HEAD}Transfer-Encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n`],
    ["a chunk whose size ends in a space", `${HEAD}Transfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n`],
    ["a chunk of a negative size", `${HEAD}Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n`],
    ["a chunk that is longer than its size", `${HEAD}Transfer-Encoding: chunked\r\n\r\n4\r\nhello\r\n0\r\n\r\n`],
    ["a chunk whose size ends in LF alone", `${HEAD}Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n`],
    ["another language", "SSH-2.0-OpenSSH_9.2p1\r\n\r\n"],
  ])("is an error: %s", (_what, text) => {
    expect(() => whole(text)).toThrow(Error);
    expect(() => bytewise(text)).toThrow(Error);
  });

  it.each([
    ["a head", "A".repeat(100_000)],
    ["fields", `${HEAD}${"A: b\r\n".repeat(20_000)}`],
    ["answers that are not final", "HTTP/1.1 100 Continue\r\n\r\n".repeat(5_000)],
    ["trailers", `${HEAD}Transfer-Encoding: chunked\r\n\r\n0\r\n${"A: b\r\n".repeat(20_000)}`],
    ["the size of a chunk", `${HEAD}Transfer-Encoding: chunked\r\n\r\n1;${"a".repeat(100_000)}\r\nx\r\n`],
    ["a body", `${HEAD}Content-Length: 99999999\r\n\r\n${"x".repeat(9_000_000)}`],
    ["a body until the end", `${HEAD}\r\n${"x".repeat(9_000_000)}`],
  ])("is not read for ever: %s", (_what, text) => {
    expect(() => whole(text)).toThrow(/too large/);
  });

  it.each([
    "",
    "HTTP/1.1 200 OK\r\n",
    `${HEAD}Content-Length: 5\r\n\r\nhell`,
    `${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`,
  ])("that is cut off is no answer: %j", (text) => {
    expect(whole(text).answer).toBeUndefined();
  });
});

it("what is read in answers that were damaged is what node:http reads in them", async () => {
  const random = chance(20_261_128);
  const seeds = [
    `${HEAD}Content-Length: 5\r\nA: b\r\n\r\nhello`,
    `${HEAD}Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n`,
    `HTTP/1.1 100 Continue\r\n\r\n${HEAD}Content-Length: 2\r\n\r\nhi`,
    `HTTP/1.0 500 Oops\r\nA: b\r\n\r\nhello`,
  ];
  const parts = [
    "\r\n",
    "\n",
    "\r",
    ":",
    " ",
    "\t",
    "0",
    "5",
    "a",
    "\0",
    "Content-Length: 3\r\n",
    "Transfer-Encoding: chunked\r\n",
    ",",
    "-",
  ];
  let [taken, refused] = [0, 0];
  for (let round = 0; round < 1_500; round++) {
    const seed = seeds[Math.floor(random() * seeds.length)] ?? "";
    const [from, part] = [Math.floor(random() * (seed.length + 1)), parts[Math.floor(random() * parts.length)] ?? ""];
    const text = seed.slice(0, from) + part + seed.slice(from + Math.floor(random() * 3));
    let answer: AwsAnswer | undefined;
    try {
      ({ answer } = bytewise(text));
    } catch {
      answer = undefined;
    }
    if (answer === undefined) {
      refused += 1;
      continue;
    }
    taken += 1;
    expect(await readByNode(text), JSON.stringify(text)).toStrictEqual({ status: answer.status, body: answer.body });
  }
  expect([taken > 200, refused > 200]).toStrictEqual([true, true]);
});
