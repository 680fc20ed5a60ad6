import { beforeAll, describe, expect, it } from "vitest";
import { generatePrivateKey } from "../../src/algorithms/keys.js";
import { localSigner } from "../../src/algorithms/signature.js";
import { algorithmNamed } from "../../src/algorithms/table.js";
import { createActiveKey } from "../../src/issue/active-key.js";
import { createIssuer } from "../../src/issue/issuer.js";
import { type ActiveDocument, parseActiveDocument } from "../../src/keyring/active-document.js";

const ENDLESS = { requireExpiration: false, defaultTtlSeconds: null } as const;
let signer: ReturnType<typeof localSigner>;

beforeAll(async () => {
  signer = localSigner({ privateKey: await generatePrivateKey(algorithmNamed("Ed25519")), alg: "Ed25519" });
});

/** An issuer whose own config allows tokens without end and five days between two confirmations. */
function issuerOf(more: Partial<ActiveDocument>) {
  let now = 1_800_000_000;
  let isReachable = true;
  const document: ActiveDocument = {
    sequence: 1,
    kid: signer.kid,
    alg: "Ed25519",
    maxTtlSeconds: 600,
    material: { file: "k" },
    ...more,
  };
  const read = async () => {
    if (!isReachable) throw new Error("unreachable");
    return [parseActiveDocument(JSON.stringify(document), "a document")];
  };
  const key = createActiveKey({ read, open: async () => signer, maxAgeSeconds: 432_000, clock: () => now });
  const issuer = createIssuer({ signer: key, limits: ENDLESS, clock: () => now });
  return {
    issue: async (ttl?: number) => issuer.issue({ claims: {}, ...(ttl !== undefined && { ttl }) }),
    later: (seconds: number) => {
      now += seconds;
      isReachable = false;
    },
  };
}

describe("an active document of version 2", () => {
  it("alone allows tokens without exp, whatever the issuer's own limits say", async () => {
    await expect(issuerOf({ version: 2 }).issue()).rejects.toMatchObject({ code: "expiration_required" });
    await expect(issuerOf({ version: 2 }).issue(60)).resolves.toBeDefined();
    await expect(issuerOf({ version: 2, endless: true }).issue()).resolves.toBeDefined();
  });

  it("says how long an issuer signs without confirming it, whatever a config beside it says", async () => {
    const { issue, later } = issuerOf({ version: 2, maxAgeSeconds: 3_600 });
    await issue(60);
    later(3_599);
    await expect(issue(60)).resolves.toBeDefined();
    later(1);
    await expect(issue(60)).rejects.toMatchObject({ code: "active_key_stale", message: expect.stringContaining("3600 seconds") });
  });

  it("of version 1 says neither: there the issuer's own limits decide, as they did", async () => {
    const { issue, later } = issuerOf({});
    await issue();
    later(3_600);
    await expect(issue()).resolves.toBeDefined();
  });
});
