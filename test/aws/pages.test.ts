import { describe, expect, it } from "vitest";
import { pages } from "../../src/aws/pages.js";

type Markers = (string | undefined)[];

async function walk(next: (asked: string) => string | null | undefined, markers: Markers = []): Promise<Markers> {
  const ask = async (marker: string | undefined) => {
    markers.push(marker);
    return marker ?? "";
  };
  for await (const _ of pages("kms:ListKeys", ask, next));
  return markers;
}

const chain = (links: Readonly<Record<string, string | null>>) => (asked: string) => new Map(Object.entries(links)).get(asked);

describe("the pages of a list", () => {
  it.each([
    ["null", null],
    ["an empty text", ""],
    ["nothing", undefined],
  ])("end with %s", async (_what, end) => {
    expect(await walk((asked) => (asked === "" ? "a" : asked === "a" ? "b" : end))).toStrictEqual([undefined, "a", "b"]);
    expect(await walk(() => end)).toStrictEqual([undefined]);
  });

  it.each([
    [{ "": "a", a: "a" }, [undefined, "a"]],
    [{ "": "a", a: "b", b: "a" }, [undefined, "a", "b"]],
  ])("are an error where they lead in a circle: %j", async (links, expected) => {
    const markers: Markers = [];
    await expect(walk(chain(links), markers)).rejects.toMatchObject({
      code: "aws_unavailable",
      message: expect.stringMatching(/^kms:ListKeys: .*read already/),
    });
    expect(markers).toStrictEqual(expected);
  });

  it("are an error where they do not end", async () => {
    const markers: Markers = [];
    await expect(walk((asked) => `${asked.length}${asked.slice(0, 8)}${markers.length}`, markers)).rejects.toMatchObject({
      code: "aws_unavailable",
      message: expect.stringContaining("does not end"),
    });
    expect(markers).toHaveLength(10_000);
  });
});
