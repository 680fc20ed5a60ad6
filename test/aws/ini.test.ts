import { describe, expect, it } from "vitest";
import { parseIni } from "../../src/aws/ini.js";

const plain = (text: string) =>
  Object.fromEntries(
    [...parseIni(text)].map(([title, { values }]) => [
      title,
      Object.fromEntries(
        [...values].map(([name, value]) => [name, typeof value === "string" ? value : Object.fromEntries(value)] as const),
      ),
    ]),
  );

describe("the files of AWS's own tools", () => {
  it.each([
    ["the end of a line of Windows", "[default]\r\nregion = eu-west-1\r\n"],
    ["the end of a line of old", "[default]\rregion=eu-west-1"],
    ["a colon", "[default]\nregion: eu-west-1"],
    ["a name in capitals", "[default]\nREGION = eu-west-1"],
    ["comments", "# a\n; b\n[default] # c\n  # d\nregion = eu-west-1 ; e\n#region = no"],
    ["spaces around everything", "\n\n  [ default ]  \n   region   =   eu-west-1   \n\n"],
    ["tabs", "[default]\n\tregion\t=\teu-west-1"],
    ["a section that goes on", "[default]\nregion = no\n[other]\n[default]\nregion = eu-west-1"],
    ["what stands before the first section", "region = no\n[default]\nregion = eu-west-1"],
  ])("may have %s", (_what, text) => {
    expect(plain(text).default).toStrictEqual({ region: "eu-west-1" });
  });

  it("have values with names of their own below them", () => {
    const text =
      "[services s]\nkms =\n  endpoint_url = http://a:1/?x=y\n\n  # c\n\tother=1\ns3 =\n    endpoint_url=http://b\n[default]\n";
    expect(plain(text)["services s"]).toStrictEqual({
      kms: { endpoint_url: "http://a:1/?x=y", other: "1" },
      s3: { endpoint_url: "http://b" },
    });
  });

  it("keep a value that goes on in the next line from being another's", () => {
    expect(plain("[a]\n  x = 1\n    region = no\n  y = 2")).toStrictEqual({ a: { x: "1", y: "2" } });
  });

  it("have no value of a name of JavaScript's own", () => {
    expect(parseIni("[__proto__]\n__proto__ = x").get("__proto__")?.values.get("__proto__")).toBe("x");
    expect(parseIni("[a]").get("toString")).toBeUndefined();
  });

  it("have lines that say nothing, which are counted", () => {
    expect(parseIni("[a]\nregion eu-west-1\n = x\n[b\nc = d").get("a")?.oddLines).toStrictEqual([2, 3, 4]);
  });

  it("are read in time that grows with them", () => {
    const long = 400_000;
    const began = process.cpuUsage().user;
    parseIni(`[a]\n${" ".repeat(long)}\nx = ${" #".repeat(3)}${" ".repeat(long)}y${"[".repeat(long)}\n${"=".repeat(long)}`);
    parseIni(`[${"profile ".repeat(long / 10)}\n${"[a]\nb =\n c = d\n".repeat(10_000)}`);
    expect((process.cpuUsage().user - began) / 1e6).toBeLessThan(20);
  });
});
