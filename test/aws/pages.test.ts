import { describe, expect, it } from "vitest";
import { pages } from "../../src/aws/pages.js";

async function asked(next: Readonly<Record<string, string | null>>): Promise<(string | undefined)[]> {
  const markers: (string | undefined)[] = [];
  const ask = async (marker: string | undefined) => {
    markers.push(marker);
    return marker ?? "";
  };
  for await (const _ of pages(ask, (page) => new Map(Object.entries(next)).get(page)));
  return markers;
}

describe("the pages of a list", () => {
  it("are walked to the last one", async () => {
    expect(await asked({ "": "a", a: "b", b: null })).toStrictEqual([undefined, "a", "b"]);
    expect(await asked({})).toStrictEqual([undefined]);
  });

  it.each([
    [{ "": "a", a: "a" }, [undefined, "a"]],
    [{ "": "a", a: "b", b: "a" }, [undefined, "a", "b"]],
  ])("lead in no circle: %j", async (next, markers) => {
    expect(await asked(next)).toStrictEqual(markers);
  });
});
