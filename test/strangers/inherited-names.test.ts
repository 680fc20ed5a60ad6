import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { completion } from "../../src/cli/commands/completion.js";
import { checkConfig } from "../../src/config/load.js";
import { checkParameters } from "../../src/deploy/deployment.js";
import { ownMember } from "../../src/encoding/own-member.js";

/** What every object answers to, though nobody gave it: a name that a stranger chooses must not find it. */
describe.each(["constructor", "__proto__", "toString", "hasOwnProperty"])("the name %s", (name) => {
  it("is no member that an object has", () => {
    expect(ownMember({}, name)).toBeUndefined();
    expect(ownMember(JSON.parse(`{"${name}":1}`), name)).toBe(1);
  });

  it("is no shell that completion is made for", () => {
    const output = { exact: () => expect.unreachable() };
    expect(() => completion(new Command(), name, output as never)).toThrow("completion is made for bash, zsh or fish");
  });

  it("is no parameter of the template", () => {
    const check = () => checkParameters({ parameters: {} } as never, new Map([[name, "x"]]), () => "");
    expect(check).toThrow(`the template has no parameter ${name}`);
  });

  it.each(["callers", "limits", "rotation", "aws"])("is told in words where a config has it in %s", (group) => {
    const config = JSON.parse(`{"version":1,"${group}":{"${name}":{"${name}":1}}}`);
    expect(() => checkConfig(config, "signet.json", { env: {} })).toThrow(
      expect.objectContaining({ code: "config_invalid", message: expect.not.stringMatching(/function|\[object|undefined/) }),
    );
  });
});
