/** The views, in their order. */
export const VIEWS = [
  { name: "keys", title: "Keys" },
  { name: "tokens", title: "Tokens" },
  { name: "callers", title: "Callers" },
  { name: "audit", title: "Audit" },
] as const;

export type ViewName = (typeof VIEWS)[number]["name"];

/** The view that an address names; the first for any other. */
export function viewIn(hash: string): ViewName {
  return VIEWS.find(({ name }) => `#${name}` === hash)?.name ?? "keys";
}

/** The code that a link carries in its fragment, which no server sees; `null` where there is none. */
export function codeIn(hash: string): string | null {
  return /^#code=(?<code>[\w-]{43})$/.exec(hash)?.groups?.code ?? null;
}
