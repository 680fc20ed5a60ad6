import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const folder = fileURLToPath(new URL("../../../src/console/page/", import.meta.url));
const sources = readdirSync(folder)
  .filter((name) => /\.(tsx?|html|css)$/.test(name))
  .map((name): [string, string] => [name, readFileSync(`${folder}${name}`, "utf8")]);

/** What would let a stranger's text act, or what the page's Content Security Policy refuses. */
const REFUSED: readonly (readonly [RegExp, string])[] = [
  [
    /innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|document\.write|DOMParser|srcdoc/,
    "text that becomes elements",
  ],
  [/\beval\b|new Function|setTimeout\("|javascript:/, "text that becomes code"],
  [/\sstyle=/, "a style in the markup"],
  [/\son[a-z]+=["']/, "a handler in the markup"],
  [/(?:href|src|action|formAction)=\{/, "an address that is computed"],
  [/https?:\/\/(?!issuer\.example|www\.w3\.org)/, "another place on the network"],
  [/\blocalStorage\b|\bdocument\.cookie\b/, "a place that outlives the tab"],
  [/@import|url\((?!#)/, "a sheet or picture from elsewhere"],
];

/** The views' own fragments. */
const ALLOWED = "href={`#${name}`}";

describe("the page's sources", () => {
  it("are all seen", () => {
    expect(sources.map(([name]) => name)).toEqual(
      expect.arrayContaining(["index.html", "page.css", "main.tsx", "parts.tsx", "api.ts"]),
    );
  });

  it.each(REFUSED)("have nothing like %s: %s", (pattern) => {
    const found = sources.flatMap(([name, text]) =>
      text
        .replaceAll(ALLOWED, "")
        .split("\n")
        .flatMap((line) => (pattern.test(line) ? [`${name}: ${line.trim()}`] : [])),
    );
    expect(found).toStrictEqual([]);
  });

  it.each([
    ["place.innerHTML = name", 0],
    ['<iframe srcdoc="x">', 0],
    ["eval(name)", 1],
    ['<a href="javascript:x">', 1],
    ['<p style="color:red">', 2],
    ['<p onclick="x">', 3],
    ["<a href={name}>", 4],
    ['fetch("https://other.example")', 5],
    ["localStorage.setItem(name, key)", 6],
    ["background: url(x.png)", 7],
  ])("are refused %s", (line, at) => {
    expect(REFUSED.flatMap(([pattern], index) => (pattern.test(line) ? [index] : []))).toContain(at);
  });
});
