import { generateKeyPairSync, sign, verify } from "node:crypto";
import { describe, expect, test } from "vitest";
import { costs } from "../../src/operator/prices.js";
import { RELYING_PARTIES } from "../../src/relying-parties/index.js";
import { HEADER, mostClaimsBytes, naiveSignature, shareLost } from "../../tools/naive-signatures.mjs";
import { textOf } from "./repository.js";

const PAGES = ["README.md", "docs/comparison.md"];

describe("the figures of README and docs/comparison.md", () => {
  test("are those that tools/naive-signatures.mjs derives", () => {
    const share = `${(shareLost() * 100).toFixed(2)} %`;
    const claims = `${mostClaimsBytes(HEADER).toLocaleString("en")} bytes`;
    for (const page of PAGES) {
      expect(textOf(page)).toContain(share);
      expect(textOf(page)).toContain(claims);
      expect(textOf(page)).toContain("`node tools/naive-signatures.mjs`");
    }
  });

  test("are those that the benchmark of functions has measured", () => {
    const rows = textOf("docs/benchmarks-lambda.md")
      .split("\n")
      .map((line) => line.split("|").map((cell) => cell.trim()))
      .filter((cells) => /^\$/.test(cells.at(-2) ?? ""));
    /** From the least to the most that rows of one kind have in a column. */
    const range = (kind: RegExp, column: number, unit: string) => {
      const found = rows.filter(([, name = ""]) => kind.test(name)).map((cells) => cells.at(column) ?? "");
      const sorted = found.sort((one, other) => Number(one.replace("$", "")) - Number(other.replace("$", "")));
      return `${[...new Set([sorted[0], sorted.at(-1)])].join(" to ")}${unit}`;
    };
    const [ours, go] = [/^Signet, `(parameter-store|secrets-manager|kms-data-key)`$/, /^Go: (signs|reads)/];
    const page = textOf("docs/comparison.md");
    expect(page).toContain(
      `${range(/^the smallest that signs, its key embedded$/, -2, "")} for requests and time, as measured; in Go ${range(go, -2, "")}`,
    );
    expect(page).toContain(`Measured as the function of your own: ${range(ours, -2, "")}`);
    expect(page).toContain(`starts in ${range(go, 2, " ms")} where Signet takes ${range(ours, 2, " ms")}`);
  });

  test("are as many parties as the table of relying parties has", () => {
    expect(textOf("README.md")).toContain(`the rules of ${RELYING_PARTIES.length} parties`);
  });

  test("are the prices that `signet cost` has of a million tokens", () => {
    const dollars = (kty: "EC" | "RSA"): Record<string, string> =>
      Object.fromEntries(
        costs(1_000_000, { kty }).map(({ custody, signatures, lambda }) => [custody, `$${(signatures + lambda).toFixed(2)}`]),
      );
    const page = textOf("docs/comparison.md");
    const row = page.split("\n").find((line) => line.startsWith("| Signet |")) ?? "";
    expect(row).toContain(`${dollars("EC")["parameter-store"]} with the key in memory`);
    expect(row).toContain(`${dollars("EC").kms} (ES256) or ${dollars("RSA").kms} (RS256) in KMS`);
  });
});

describe("a signature of P-256 without padding", () => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const made = Array.from({ length: 3_000 }, (_, at) => {
    const text = Buffer.from(`${at}`);
    const signature = naiveSignature(sign("sha256", text, privateKey));
    const isGood = verify("sha256", text, { key: publicKey, dsaEncoding: "ieee-p1363" }, signature);
    return { bytes: signature.length, isGood };
  });

  test("verifies where both numbers have 32 bytes, and nowhere else", () => {
    expect(made.filter(({ bytes, isGood }) => isGood !== (bytes === 64))).toEqual([]);
    // None short among so many would happen once in ten thousand million runs.
    expect(made.some(({ isGood }) => !isGood)).toBe(true);
  });
});

test("A header and the most claims fill the message that KMS takes, and one byte more does not fit", () => {
  const signingInput = (bytes: number): number =>
    [HEADER, "x".repeat(bytes)].map((text) => Buffer.from(text).toString("base64url")).join(".").length;
  expect(signingInput(mostClaimsBytes(HEADER))).toBeLessThanOrEqual(4_096);
  expect(signingInput(mostClaimsBytes(HEADER) + 1)).toBeGreaterThan(4_096);
});
