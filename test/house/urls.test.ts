import { expect, test } from "vitest";
import { repositoryFiles, textOf } from "./repository.js";

test("no source believes URL.canParse, which says of some texts that they are URLs and are not: urlOf reads them", () => {
  const files = repositoryFiles("src/**/*.ts").filter((path) => path !== "src/encoding/url-of.ts");
  expect(files.length).toBeGreaterThan(200);
  expect(files.filter((path) => textOf(path).includes("canParse"))).toStrictEqual([]);
});
