import type { RequestContext } from "./request-context.js";

/** A request's target (RFC 9112 section 3.2), taken apart and not changed. */
export interface Target {
  readonly path: string;
  /** What follows the first question mark; absent without one. */
  readonly query: string | undefined;
}

const ABSOLUTE = /^https?:\/\/[^/?#\\]+(?=\/)/i;

/**
 * The target as it was sent. A URL parser resolves dots, decodes them first, turns backslashes and drops fragments, so that one route
 * would answer to many spellings; a proxy in front, which compares the text, would let one of them through.
 */
export function targetOf(request: Request, { target = request.url }: RequestContext): Target {
  const start = pathStart(target);
  const mark = target.indexOf("?", start);
  if (mark < 0) return { path: target.slice(start), query: undefined };
  return { path: target.slice(start, mark), query: target.slice(mark + 1) };
}

// Origin form begins with a slash. Absolute form, which a server must take too, names scheme and host before it.
function pathStart(target: string): number {
  return target.startsWith("/") ? 0 : (ABSOLUTE.exec(target)?.[0].length ?? target.length);
}
