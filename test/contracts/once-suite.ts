import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { OnceStore } from "../../src/storage/contract.js";

/** The digest of a use, by a name of the test's. */
export const useNamed = (name: string): string => createHash("sha256").update(name).digest("hex");

/** What every store of uses must do, wherever it is. `make` answers a store over an empty place, and another one over the same. */
export function onceSuite(name: string, make: () => Promise<{ store: OnceStore; again: () => OnceStore }>): void {
  const until = Math.floor(Date.now() / 1_000) + 300;

  describe(`the store of uses ${name}`, () => {
    it("takes a use once, whatever its end and its share are said to be", async () => {
      const { store } = await make();
      expect(await store.createOnce(useNamed("a"), until, "ci")).toBe(true);
      expect(await store.createOnce(useNamed("a"), until, "ci")).toBe(false);
      expect(await store.createOnce(useNamed("a"), until + 3_000, "ci")).toBe(false);
      expect(await store.createOnce(useNamed("a"), until - 200, "other")).toBe(false);
      expect(await store.createOnce(useNamed("b"), until, "ci")).toBe(true);
    });

    it("remembers it in whoever starts after", async () => {
      const { store, again } = await make();
      await store.createOnce(useNamed("a"), until, "ci");
      expect(await again().createOnce(useNamed("a"), until, "ci")).toBe(false);
      expect(await again().createOnce(useNamed("b"), until, "ci")).toBe(true);
    });

    it("lets one of sixteen win that race for it, in two stores", async () => {
      const { store, again } = await make();
      const other = again();
      const racing = Array.from({ length: 16 }, (_, index) =>
        (index % 2 === 0 ? store : other).createOnce(useNamed("raced"), until, `c${index % 3}`),
      );
      expect((await Promise.all(racing)).filter((isFirst) => isFirst)).toHaveLength(1);
    });

    it.each(["", "../../escaped", useNamed("a").toUpperCase(), `${useNamed("a")}0`, "g".repeat(64)])(
      "takes no name that is not a digest: %j",
      async (digest) => {
        const { store } = await make();
        await expect(store.createOnce(digest, until, "ci")).rejects.toMatchObject({ code: "internal" });
        await expect(store.createOnce(useNamed("a"), Number.NaN, "ci")).rejects.toMatchObject({ code: "internal" });
      },
    );
  });
}
