/** What a service refuses: its own code, a status, and words. */
export class Refusal extends Error {
  /**
   * @param {string} code
   * @param {string} [message]
   * @param {number} [status]
   */
  constructor(code, message = code, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** @type {(condition: unknown, code: string, message?: string) => asserts condition} */
export function must(condition, code, message) {
  if (!condition) throw new Refusal(code, message);
}

/** Bounds and order of a list, a page at a time, as AWS pages lists. */
export function page(list, limit, token) {
  const start = token === undefined ? 0 : Number(Buffer.from(token, "base64").toString());
  must(Number.isSafeInteger(start) && start >= 0 && start <= list.length, "InvalidMarkerException");
  const end = start + limit;
  return { items: list.slice(start, end), next: end < list.length ? Buffer.from(String(end)).toString("base64") : undefined };
}
