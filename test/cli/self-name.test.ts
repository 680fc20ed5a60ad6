import { describe, expect, it } from "vitest";
import { selfName } from "../../src/cli/self-name.js";
import { withSelf } from "../../src/encoding/command-hints.js";
import { openIssuer } from "../../src/open-issuer.js";

describe("the name of the command in hints", () => {
  it.each([
    ["/projects/signet/bin/signet", "/projects/signet", "./bin/signet"],
    ["/projects/signet/bin/signet", "/projects/signet/docs", "../bin/signet"],
    ["/projects/signet/bin/signet", "/projects/app", "signet"],
    ["/projects/signet/bin/signet", "/projects/signet-app", "signet"],
    ["/usr/local/bin/signet", "/projects/app", "signet"],
    ["/projects/.npm/_npx/12ab/node_modules/.bin/signet", "/projects/app", "npx signet-jwt"],
    ["/projects/app/node_modules/.bin/signet", "/projects/app", "npx signet"],
    ["/projects/app/node_modules/.bin/signet", "/projects/app/src", "npx signet"],
    ["/projects/app/node_modules/.bin/signet", "/projects/other", "npx signet-jwt"],
    ["", "/projects/app", "signet"],
  ])("run as %s in %s is %s", (script, cwd, name) => {
    expect(selfName(script, cwd)).toBe(name);
  });

  it("stands in sentences and in examples, and nowhere else", () => {
    const words = "run `signet init`, or signet it\n  signet keys list\n`signet ` `signet-jwt`";
    expect(withSelf(words, "npx signet-jwt")).toBe(
      "run `npx signet-jwt init`, or signet it\n  npx signet-jwt keys list\n`npx signet-jwt ` `signet-jwt`",
    );
    expect(withSelf(words, "signet")).toBe(words);
  });

  it("are npx's for a program that imports the package", async () => {
    await expect(openIssuer({ config: "/nowhere/signet.json", env: {} })).rejects.toMatchObject({
      code: "config_missing",
      message:
        "there is no /nowhere/signet.json: run `npx signet-jwt init` to make an issuer here, or name one in the option config",
    });
  });
});
