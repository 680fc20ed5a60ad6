import { proofsInWords } from "../operator/caller-proof-words.js";
import type { ListedCaller } from "../operator/callers.js";
import { table } from "./table.js";

/**
 * Callers as a table, and where any of them has rules or keys a last column with those, one a line.
 *
 * @param cellsOf what stands in the other columns of a caller's first line
 */
export function tableOfCallers(
  head: readonly string[],
  callers: readonly ListedCaller[],
  cellsOf: (caller: ListedCaller) => readonly string[],
  { now, columns }: { readonly now: number; readonly columns: number },
): readonly string[] {
  const proofs = callers.map((caller) => proofsInWords(caller, now));
  if (proofs.every((words) => words.length === 0)) return table(head, callers.map(cellsOf), { columns });
  const rows = callers.flatMap((caller, index) => {
    const cells = cellsOf(caller);
    const [first = "", ...more] = proofs[index] ?? [];
    return [[...cells, first], ...more.map((words) => [...cells.map(() => ""), words])];
  });
  return table([...head, "PROOFS"], rows, { columns });
}

/** A caller's own limits, and what it may, in a line. */
export function limitsInWords(limits: object, may: ListedCaller["may"]): string {
  if (may !== undefined && !may.includes("issue")) return may.length === 0 ? "may nothing" : `may read ${may.join(", ")} alone`;
  const words = Object.entries(limits).map(
    ([name, value]) => `${name} ${typeof value === "object" ? JSON.stringify(value) : value}`,
  );
  return words.join(", ") || "the issuer's";
}
