import { join } from "node:path";
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { createFileCustodian } from "../../src/custody/file/custodian.js";
import { createActiveKey } from "../../src/issue/active-key.js";
import { createIssuer } from "../../src/issue/issuer.js";
import { createManager } from "../../src/rotation/manager.js";
import { createFileStores } from "../../src/storage/file/stores.js";
import { amount } from "../contracts/matrix.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { SETTINGS } from "./settings-fixture.js";

const scratch = scratchDirectories();
const DAY = 86_400;
const START = 1_800_000_000;

const days = amount(16, 30);

describe(`${days} days of ticks on files, with a new key every week`, () => {
  it("let every token verify against every JWKS that is published until it ends", async () => {
    const directory = await scratch();
    let now = START;
    const clock = (): number => now;
    const stores = createFileStores(directory);
    const file = createFileCustodian({ directory: join(directory, "keys") });
    const policy = { ...SETTINGS.policy, rotateEverySeconds: 7 * DAY };
    const manager = createManager({ stores, custodians: { file }, settings: { ...SETTINGS, policy }, clock });
    await manager.tick({ createKeyring: true });
    const signer = createActiveKey({ read: () => stores.active.read(), open: file.open, maxAgeSeconds: 3_600, clock });
    const issuer = createIssuer({ signer, issuer: "https://issuer.example", clock });
    const tokens: { token: string; endsAt: number }[] = [];
    const kids = new Set<string>();
    let verified = 0;
    for (; now < START + days * DAY; now += DAY / 3) {
      await manager.tick();
      const { token } = await issuer.issue({ claims: {}, ttl: DAY });
      tokens.push({ token, endsAt: now + DAY });
      const jwks = (await stores.publicDocuments.read())?.jwks as unknown as JSONWebKeySet;
      const keys = createLocalJWKSet(jwks);
      for (const { token: alive } of tokens.filter(({ endsAt }) => endsAt > now)) {
        const { protectedHeader } = await jwtVerify(alive, keys, { currentDate: new Date(now * 1_000) });
        kids.add(protectedHeader.kid as string);
        verified++;
      }
    }
    expect(kids.size).toBe(Math.ceil(days / 7));
    expect(verified).toBeGreaterThan(8 * days);
    // Old keys do go: the active one, its standbys, and at most one that retired lately.
    expect((await stores.keyring.read())?.keyring.keys.length).toBeLessThanOrEqual(4);
    expect((await manager.verifyAudit()).isIntact).toBe(true);
  });
});
