/**
 * Calls within this process without a wire between: what `node:http` would carry to the fake's port goes straight to its listener.
 * Signatures, statuses and bodies are the same, at a third of the cost. What is about connections is tried over real ones.
 */
import { EventEmitter } from "node:events";
import http from "node:http";
import { syncBuiltinESMExports } from "node:module";

/** @type {Map<string, (incoming: any, outgoing: any) => unknown>} */
const listeners = new Map();
const overTheWire = http.request;

/** Headers as node:http hands them over. @param {Record<string, unknown>} headers */
function lowerCased(headers) {
  /** @type {Record<string, string>} */
  const lower = {};
  for (const name of Object.keys(headers)) lower[name.toLowerCase()] = String(headers[name]);
  return lower;
}

class Outgoing extends EventEmitter {
  reusedSocket = false;
  #options;
  #listener;
  #isOver = false;

  constructor(options, listener) {
    super();
    this.#options = options;
    this.#listener = listener;
  }

  /** @param {string} body */
  end(body) {
    const { method, path, headers } = this.#options;
    const incoming = {
      method,
      url: path,
      headers: lowerCased(headers),
      socket: { resetAndDestroy: () => this.destroy(Object.assign(new Error("reset"), { code: "ECONNRESET" })) },
      async *[Symbol.asyncIterator]() {
        if (body) yield Buffer.from(body);
      },
    };
    queueMicrotask(() => this.#listener(incoming, this.#answering()));
  }

  /** @param {Error} [error] */
  destroy(error) {
    if (this.#isOver) return;
    this.#isOver = true;
    if (error !== undefined) this.emit("error", error);
    this.emit("close");
  }

  #answering() {
    let head = { statusCode: 0, headers: {} };
    const answer = (text) => {
      const response = Object.assign(new EventEmitter(), head, {
        // The functions of the version before read an answer so.
        async *[Symbol.asyncIterator]() {
          if (text !== "") yield Buffer.from(text);
        },
      });
      this.emit("response", response);
      if (text !== "") response.emit("data", Buffer.from(text));
      return response;
    };
    return {
      socket: { destroy: () => this.destroy() },
      writeHead: (statusCode, headers) => {
        head = { statusCode, headers: lowerCased(headers) };
      },
      /** What is cut off behind it: a body in parts goes over the wire only. */
      write: (text, isWritten) => {
        if (isWritten === undefined)
          throw new Error("a body in parts goes over the wire only: start the fake without `isDirect`");
        if (this.#isOver) return;
        answer(text);
        isWritten();
      },
      end: (text = "") => {
        if (this.#isOver) return;
        this.#isOver = true;
        answer(text).emit("end");
        this.emit("close");
      },
    };
  }
}

function request(...given) {
  const [{ host, port } = /** @type {any} */ ({})] = given;
  const listener = host === "127.0.0.1" ? listeners.get(String(port)) : undefined;
  return listener === undefined ? Reflect.apply(overTheWire, http, given) : new Outgoing(given[0], listener);
}

/** From here on, calls from within this process to a port of this machine go to a listener. */
export function answerDirectly(port, listener) {
  listeners.set(String(port), listener);
  http.request = /** @type {typeof http.request} */ (request);
  syncBuiltinESMExports();
}

/** Calls to the port go over the wire again. */
export function answerNoMore(port) {
  listeners.delete(String(port));
}
