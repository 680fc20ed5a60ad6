/**
 * Goes from page to page of a list of AWS. Who answers need not be AWS: a marker that comes back would lead in a circle, so the list ends there.
 *
 * @param ask fetches the page behind a marker; the first one without
 * @param next the marker of the page behind this one
 */
export async function* pages<Page>(
  ask: (marker: string | undefined) => Promise<Page>,
  next: (page: Page) => string | null | undefined,
): AsyncIterable<Page> {
  const seen = new Set<string>();
  for (let marker: string | undefined; ; ) {
    const page = await ask(marker);
    yield page;
    marker = next(page) ?? undefined;
    if (marker === undefined || seen.has(marker)) return;
    seen.add(marker);
  }
}
