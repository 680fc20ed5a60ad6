import { AwsFailure } from "./failure.js";

/** What a list may have at most: a million entries at a hundred a page. Who answers need not be AWS, and could go on for ever. */
const MAX_PAGES = 10_000;

/**
 * Goes from page to page of a list of AWS. It ends where no marker follows: null, an empty text or nothing. What the list has is acted
 * on, so one that cannot be read to its end is no shorter list but an error.
 *
 * @param action names the call, for errors
 * @param ask fetches the page behind a marker; the first one without
 * @param next the marker of the page behind this one
 * @throws AwsFailure `aws_unavailable` for a marker that comes back, and for a list without end
 */
export async function* pages<Page>(
  action: string,
  ask: (marker: string | undefined) => Promise<Page>,
  next: (page: Page) => string | null | undefined,
): AsyncIterable<Page> {
  const seen = new Set<string>();
  for (let marker: string | undefined; ; ) {
    const page = await ask(marker);
    yield page;
    marker = next(page) || undefined;
    if (marker === undefined) return;
    if (seen.has(marker)) throw endless(action, "the answer names a page that was read already");
    if (seen.add(marker).size >= MAX_PAGES) throw endless(action, `the list does not end after ${MAX_PAGES} pages`);
  }
}

function endless(action: string, what: string): AwsFailure {
  return new AwsFailure("aws_unavailable", `${action}: ${what}; is the endpoint AWS?`, "");
}
