/**
 * The URL that a text is; `undefined` for any other text. `URL.canParse` is not asked: Node 24 and 26 answer true for some hosts of more
 * than 16 KB, and refuse them when they are read.
 */
export function urlOf(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/** The URL of http or https that a text is; `undefined` for any other text. */
export function webUrlOf(text: string): URL | undefined {
  const url = urlOf(text);
  return url !== undefined && /^https?:$/.test(url.protocol) ? url : undefined;
}
