import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { HEADERS } from "./answers.js";

/** The page's files by their paths. They are public: there is no datum in them. */
export type PageFiles = ReadonlyMap<string, { readonly type: string; readonly body: Buffer }>;

const FILES: readonly (readonly [path: string, name: string, type: string])[] = [
  ["/", "index.html", "text/html; charset=utf-8"],
  ["/page.js", "page.js", "text/javascript; charset=utf-8"],
  ["/page.css", "page.css", "text/css; charset=utf-8"],
];

/** Reads the page that belongs to this release. @param folder where the build has put it */
export async function readPageFiles(folder: URL): Promise<PageFiles> {
  const read = FILES.map(async ([path, name, type]) => [path, { type, body: await readFile(new URL(name, folder)) }] as const);
  return new Map(await Promise.all(read));
}

/** Answers a file of the page; nothing that is asked for it changes anything. */
export function answerFile(
  request: IncomingMessage,
  response: ServerResponse,
  { type, body }: { type: string; body: Buffer },
): void {
  response.writeHead(200, { ...HEADERS, "content-type": type, "content-length": String(body.byteLength) });
  response.end(request.method === "HEAD" ? undefined : body);
}
