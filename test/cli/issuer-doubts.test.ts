import { describe, expect, it } from "vitest";
import { doubtsOfPlace } from "../../src/cli/issuer-doubts.js";

describe("an issuer's URL, beside where its server listens,", () => {
  it.each([
    [undefined, "http://127.0.0.1:7117", false],
    ["https://issuer.example", "http://127.0.0.1:7117", false],
    // A proxy in front speaks TLS there.
    ["https://issuer.example:8443", "http://127.0.0.1:7117", false],
    ["https://issuer.example:8443", "https://0.0.0.0:8443", true],
    ["http://localhost:7117", "http://127.0.0.1:7117", false],
    ["http://localhost:7117", "/run/signet.sock", false],
  ])("raises no doubt: %s at %s", (issuer, served, isTls) => {
    expect(doubtsOfPlace(issuer, served, isTls)).toStrictEqual([]);
  });

  it.each([
    ["http://signet:7117", "http://0.0.0.0:7117", false, "goes over http"],
    ["http://signet:7117", "/run/signet.sock", false, "goes over http"],
    ["http://localhost", "http://127.0.0.1:7117", false, "port 80"],
    ["https://localhost:8443", "http://127.0.0.1:8443", false, "--tls-cert"],
  ])("raises one: %s at %s", (issuer, served, isTls, words) => {
    expect(doubtsOfPlace(issuer, served, isTls)).toStrictEqual([expect.stringContaining(words)]);
  });
});
