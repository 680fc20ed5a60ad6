import { SignetError } from "../errors.js";
import { notABatch } from "./batch-body.js";
import { cutOff, MAX_SMALL_BODY, tooLarge } from "./body.js";
import type { RequestContext } from "./request-context.js";

/**
 * Two large bodies at a time, each from another caller: so much memory they take, however many are sent. Who has to wait is not read
 * from meanwhile.
 */
const SLOTS = 2;
/** How long a caller may take to send its body, and again to take its answer, while others may be waiting. */
const MAX_MS = 10_000;
/** Beyond it a waiting caller is told to come again, before Node gives the request up. */
const MAX_WAIT_MS = 25_000;
/** So many bodies of one caller may wait; one more is refused at once, and takes no place from others. */
const MAX_WAITING_OF_ONE = 32;
const MAX_KEPT_BYTES = 8 * 1024 * 1024;
/** The answer of a batch of 4 MB takes so much, for most algorithms. */
const FIRST_BYTES = 6 * 1024 * 1024;

/** The memory for one large body and its answer. It is kept: a garbage collector comes too late for buffers of that size. */
export interface Slot {
  /**
   * Reads a body.
   *
   * @param canBe tells by its first piece whether to go on
   * @throws SignetError `request_too_large`, `invalid_request`
   */
  read(body: ReadableStream<Uint8Array>, most: number, canBe: (begin: Uint8Array) => boolean): Promise<Uint8Array>;
  /** Appends ASCII to the answer. */
  write(text: string): void;
  /** The answer so far. It is the slot's own memory. */
  written(): Uint8Array;
}

interface Waiting {
  readonly caller: string;
  enter(slot: Slot): void;
}

/** Large bodies of one process. */
export interface LargeBodies {
  /**
   * Works on a large body once there is room for it. The room is given back when the answer was sent.
   *
   * @throws SignetError `not_ready` where too many of the caller wait already, or it took too long to get there
   */
  within<T>(caller: string, context: RequestContext, work: (slot: Slot) => Promise<T>): Promise<T>;
}

/** Makes the room for large bodies. */
export function createLargeBodies(): LargeBodies {
  const free: Slot[] = Array.from({ length: SLOTS }, createSlot);
  const busy = new Set<string>();
  const waiting: Waiting[] = [];

  function enter(caller: string): Slot | Promise<Slot> {
    const slot = busy.has(caller) ? undefined : free.pop();
    if (slot === undefined) return turnOf(caller);
    busy.add(caller);
    return slot;
  }

  function turnOf(caller: string): Promise<Slot> {
    if (waiting.filter((each) => each.caller === caller).length >= MAX_WAITING_OF_ONE) throw tryAgain();
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        waiting.splice(waiting.indexOf(entry), 1);
        reject(tryAgain());
      }, MAX_WAIT_MS);
      const entry: Waiting = {
        caller,
        enter(slot) {
          clearTimeout(late);
          resolve(slot);
        },
      };
      waiting.push(entry);
    });
  }

  function leave(caller: string, slot: Slot): void {
    busy.delete(caller);
    free.push(slot);
    const at = waiting.findIndex((each) => !busy.has(each.caller));
    const [next] = at < 0 ? [] : waiting.splice(at, 1);
    if (next === undefined) return;
    busy.add(next.caller);
    next.enter(free.pop() as Slot);
  }

  return Object.freeze({
    async within<T>(caller: string, context: RequestContext, work: (slot: Slot) => Promise<T>): Promise<T> {
      const slot = await enter(caller);
      try {
        return await work(slot);
      } finally {
        if (context.whenSent === undefined) leave(caller, slot);
        else context.whenSent(() => leave(caller, slot), MAX_MS);
      }
    },
  });
}

function tryAgain(): SignetError {
  return new SignetError("not_ready", "other large bodies are being worked on: try again", { retryAfterSeconds: 5 });
}

function createSlot(): Slot {
  let input = Buffer.alloc(0);
  let output = Buffer.alloc(0);
  let length = 0;

  function makeRoom(bytes: number): void {
    if (length + bytes <= output.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, 2 * output.length, length + bytes));
    output.copy(larger, 0, 0, length);
    output = larger;
  }

  return {
    async read(body, most, canBe) {
      if (output.length > MAX_KEPT_BYTES) output = Buffer.alloc(0);
      if (input.length < most) input = Buffer.allocUnsafeSlow(most);
      length = 0;
      return readInto(input.subarray(0, most), body, canBe);
    },
    write(text) {
      makeRoom(text.length);
      length += output.write(text, length, "latin1");
    },
    written: () => output.subarray(0, length),
  };
}

async function readInto(
  into: Buffer,
  body: ReadableStream<Uint8Array>,
  canBe: (begin: Uint8Array) => boolean,
): Promise<Uint8Array> {
  const reader = body.getReader();
  let isLate = false;
  const late = setTimeout(() => {
    isLate = true;
    reader.cancel().catch(() => undefined);
  }, MAX_MS);
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(() => {
        throw cutOff();
      });
      if (isLate) throw cutOff();
      if (done) return into.subarray(0, size);
      if (size + value.byteLength > into.length) throw tooLarge(into.length);
      const { byteLength } = value;
      into.set(value, size);
      size += byteLength;
      release(value);
      if (size > MAX_SMALL_BODY && size - byteLength <= MAX_SMALL_BODY && !canBe(into.subarray(0, size))) throw notABatch();
    }
  } finally {
    clearTimeout(late);
    // What is not read is not kept either.
    reader.cancel().catch(() => undefined);
  }
}

/** Gives a piece's memory back at once, where the runtime can (Node 22 and later): a garbage collector sees no hurry in small objects. */
function release({ buffer, byteLength }: Uint8Array): void {
  if (byteLength === buffer.byteLength) (buffer as { transfer?(bytes: number): ArrayBuffer }).transfer?.(0);
}
