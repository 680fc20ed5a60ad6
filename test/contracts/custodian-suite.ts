import { createPrivateKey, createPublicKey } from "node:crypto";
import { chmod, readdir, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { publicKeyFromJwk } from "../../src/algorithms/jwk.js";
import { generatePrivateKey } from "../../src/algorithms/keys.js";
import { signatureChecker } from "../../src/algorithms/signature.js";
import { algorithmNamed } from "../../src/algorithms/table.js";
import {
  type Custodian,
  canAdopt,
  canImport,
  keepsAlike,
  leavesWrites,
  type OpenableKey,
  type Signer,
} from "../../src/custody/contract.js";
import type { CustodianFacts } from "../../src/custody/facts.js";
import type { KeyMaterial } from "../../src/keyring/active-document.js";

/** A place where a custodian keeps keys, which nobody has used. */
export interface CustodianPlace {
  /** What the registry says of the custodian. */
  readonly facts: CustodianFacts;
  /** The installation's directory that a custodian of this machine was given; it is not there yet. */
  readonly directory?: string;
  /** Tells whether it has asked for a passphrase, which it is not given. */
  asksPassphrase?(): boolean;
  /** Each of its calls starts a program. */
  readonly isSlow?: true;
  /** A custodian over the place, without anything that another one holds in memory. */
  open(): Custodian;
  /** Leaves what a crash in the middle of a making leaves, and answers the id for which it has to be listed. */
  leaveHalf?(): Promise<string>;
  /** Makes a key outside Signet, for an ES256 custodian that takes such keys; answers the service's name for it. */
  makeElsewhere?(): Promise<string>;
}

/** Material of every custodian, as documents had it before material named its custodian. */
const OF_BEFORE: readonly KeyMaterial[] = [
  { file: "a" },
  { pkcs8: "AA==", publicJwk: {} },
  { keyArn: "arn:aws:kms:eu-central-1:111122223333:key/k", spki: "AA==" },
  { wrapped: "AA==", id: "a", publicJwk: {} },
  { secretArn: "arn:aws:secretsmanager:eu-central-1:111122223333:secret:s", version: "v" },
];
const ES256 = algorithmNamed("ES256");

/** Material as an active document carries it. */
const throughJson = (material: KeyMaterial): KeyMaterial => JSON.parse(JSON.stringify(material)) as KeyMaterial;

/** Signs with a key as an issuer does that never saw its making. */
async function opened(place: CustodianPlace, { kid, alg }: Pick<OpenableKey, "kid" | "alg">, id: string): Promise<Signer> {
  const material = throughJson(await place.open().material(id, { kid }));
  return place.open().open({ kid, alg, material });
}

/** What every custodian must do, by the sentence that it proves. Each begins with an empty place. */
export const CUSTODIAN_RULES: Readonly<Record<string, (place: CustodianPlace) => Promise<void>>> = {
  async "answers the same key when an id is created again, by whichever process"(place) {
    const [first, second] = await Promise.all([1, 2].map(() => place.open().create("a", ES256)));
    expect(second).toStrictEqual(first);
    expect(await place.open().create("a", ES256)).toStrictEqual(first);
    await expect(place.open().create("a", algorithmNamed("ES384"))).rejects.toMatchObject({ code: "key_mismatch" });
  },

  async "lists what it holds, and nothing that was destroyed, in every process"(place) {
    expect(await listed(place)).toStrictEqual([]);
    await place.open().create("a", ES256);
    const { kid } = await place.open().create("b", ES256);
    expect(await listed(place)).toStrictEqual(["a", "b"]);
    await place.open().destroy("a");
    await place.open().destroy("a");
    expect(await listed(place)).toStrictEqual(["b"]);
    await expect(place.open().material("a")).rejects.toMatchObject({ code: "key_not_found" });
    expect((await opened(place, { kid, alg: "ES256" }, "b")).kid).toBe(kid);
  },

  async "opens no key under a name or an algorithm that is not its own"(place) {
    const { kid } = await place.open().create("a", ES256);
    const material = throughJson(await place.open().material("a"));
    await expect(place.open().open({ kid: "other", alg: "ES256", material })).rejects.toMatchObject({ code: "key_mismatch" });
    await expect(place.open().open({ kid, alg: "ES384", material })).rejects.toMatchObject({ code: "key_mismatch" });
  },

  async "names itself in its material, and refuses another custodian's"(place) {
    const { kid, alg } = await place.open().create("a", ES256);
    const custodian = place.open();
    const material = throughJson(await custodian.material("a"));
    expect(material.custody).toBe(custodian.custody);
    expect(custodian.recognises(material)).toBe(true);
    const { custody: _, ...members } = material;
    const others = OF_BEFORE.filter((each) => !Object.keys(each).every((name) => name in members));
    for (const other of [{ ...material, custody: "another" }, {}, ...others]) {
      expect(custodian.recognises(other)).toBe(false);
      await expect(custodian.open({ kid, alg, material: other })).rejects.toMatchObject({ code: "invalid_key" });
    }
    // Its own without a member.
    for (const name of Object.keys(members)) {
      const partial = { ...material, [name]: undefined };
      await expect(custodian.open({ kid, alg, material: partial })).rejects.toMatchObject({ code: "invalid_key" });
    }
  },

  async "imports a key under its own name, again without harm, and never over another"(place) {
    const [first, second] = [place.open(), place.open()];
    if (!canImport(first) || !canImport(second)) return;
    const key = await generatePrivateKey(ES256);
    const named: string[] = [];
    const progress = { isAgain: false, onNamed: async ({ kid }: { kid: string }) => void named.push(kid) };
    const jwk = await first.importKey("a", key, ES256, "my/key", progress);
    // Where the service behind it names keys, it tells the name before it takes the key.
    const isNamedThere = first.namesImports === true;
    expect([jwk.kid === "my/key", named]).toStrictEqual([!isNamedThere, isNamedThere ? [jwk.kid] : []]);
    expect(place.facts.namesImports).toBe(first.namesImports);
    expect(publicKeyFromJwk(jwk).equals(createPublicKey(key))).toBe(true);
    expect(await second.importKey("a", key, ES256, "my/key")).toStrictEqual(jwk);
    expect((await opened(place, jwk, "a")).publicJwk).toStrictEqual(jwk);
    const other = await generatePrivateKey(ES256);
    await expect(second.importKey("a", other, ES256, "my/key")).rejects.toMatchObject({ code: "key_mismatch" });
    expect((await opened(place, jwk, "a")).publicJwk).toStrictEqual(jwk);
  },

  async "loses no key where many are made and destroyed at once, each by another instance"(place) {
    const many = place.isSlow === true ? 2 : 6;
    const [early, late] = ["early", "late"].map((name) => Array.from({ length: many }, (_, index) => `${name}-${index}`));
    const make = (id: string) => place.open().create(id, ES256);
    const made = await Promise.all((early as string[]).map(make));
    expect(await listed(place)).toStrictEqual(early);
    const [first, ...gone] = early as [string, ...string[]];
    await Promise.all([...gone.map((id) => place.open().destroy(id)), ...(late as string[]).map(make)]);
    expect(await listed(place)).toStrictEqual([first, ...(late as string[])]);
    const [{ kid } = { kid: "" }] = made;
    expect((await opened(place, { kid, alg: "ES256" }, first)).kid).toBe(kid);
  },

  async "is what its facts say"(place) {
    const { facts } = place;
    const custodian = place.open();
    const { kid, alg } = await custodian.create("a", ES256);
    const material = throughJson(await custodian.material("a", { kid }));
    const isNear = facts.keyFolder !== undefined;
    expect({
      custody: custodian.custody,
      // What is looked through though no key of the keyring is there; the manager knows the custodian alone.
      isNear: custodian.isNear === true,
      asksPassphrase: place.asksPassphrase?.() ?? false,
      keepsAlike: keepsAlike(custodian),
      isPlain: custodian.isPlain === true,
      // In its folder it lies with what stores clean up.
      leavesWrites: leavesWrites(custodian) || !isNear || facts.keyFolder === ".",
    }).toStrictEqual({
      custody: facts.name,
      isNear,
      asksPassphrase: facts.takesPassphrase === true,
      keepsAlike: facts.takesPassphrase === true,
      isPlain: !holdsPrivateKey(material),
      leavesWrites: true,
    });
    // A keyring that was lost is made anew from what documents say.
    if (!facts.needsAws) expect(custodian.namesIn?.(material)).toStrictEqual({ id: "a" });
    await place.open().destroy("a", { kid });
    // Where it says so, its own copy goes once a document has the material: wrongly, that were the only one.
    const signs = await place
      .open()
      .open({ kid, alg, material })
      .then((signer) => signer.sign("a.b"))
      .then(
        () => true,
        () => false,
      );
    expect(custodian.isSelfContained === true).toBe(signs);
  },

  async "writes below its folder alone, for its owner alone, and opens no key that others can reach"(place) {
    const { directory, facts } = place;
    if (directory === undefined) return;
    const { kid, alg } = await place.open().create("a", ES256);
    const material = throughJson(await place.open().material("a"));
    const files = await filesIn(directory);
    const { keyFolder } = facts;
    if (keyFolder === undefined) return expect(files).toStrictEqual([]);
    const folder = join(directory, keyFolder);
    expect(files.filter((path) => relative(folder, path).startsWith(".."))).toStrictEqual([]);
    expect(files).not.toStrictEqual([]);
    for (const path of [directory, folder, ...files]) expect([path, (await stat(path)).mode & 0o077]).toStrictEqual([path, 0]);
    for (const mode of [0o640, 0o604, 0o620, 0o602]) {
      await Promise.all(files.map((path) => chmod(path, mode)));
      const opening = place.open().open({ kid, alg, material });
      await expect(opening, `mode ${mode.toString(8)}`).rejects.toMatchObject({ code: "store_insecure" });
    }
    await Promise.all(files.map((path) => chmod(path, 0o600)));
    expect((await place.open().open({ kid, alg, material })).kid).toBe(kid);
  },

  async "lists what a crash in the middle of a making left, and destroys it"(place) {
    // A file is not written at once.
    if (place.facts.keyFolder !== undefined) expect(place.leaveHalf).toBeTypeOf("function");
    if (place.leaveHalf === undefined) return;
    const id = await place.leaveHalf();
    const names: string[] = [];
    for await (const name of place.open().list()) names.push(name);
    expect(names.map((name) => name.split(".")[0])).toStrictEqual([id]);
    for (const name of names) await place.open().destroy(name);
    expect(await listed(place)).toStrictEqual([]);
  },

  async "adopts a key that is there already, and never destroys it"(place) {
    const custodian = place.open();
    expect(place.makeElsewhere !== undefined).toBe(canAdopt(custodian));
    if (place.makeElsewhere === undefined || !canAdopt(custodian)) return;
    const name = await place.makeElsewhere();
    const jwk = await custodian.adopt("a", name, ES256);
    expect(await custodian.describe(name, ES256)).toStrictEqual(jwk);
    expect((await opened(place, jwk, "a")).publicJwk).toStrictEqual(jwk);
    await place.open().destroy("a", { kid: jwk.kid });
    expect(await custodian.describe(name, ES256)).toStrictEqual(jwk);
  },
};

/** That a custodian's keys sign: each algorithm that it makes keys for. */
async function assertSignsWith(place: CustodianPlace, alg: string): Promise<void> {
  const jwk = await place.open().create("a", algorithmNamed(alg));
  expect(Object.keys(jwk).slice(0, 4)).toStrictEqual(["kty", "use", "alg", "kid"]);
  const signer = await opened(place, jwk, "a");
  expect(signer.publicJwk).toStrictEqual(jwk);
  const check = signatureChecker(algorithmNamed(alg), publicKeyFromJwk(jwk));
  expect(check("a.b", await signer.sign("a.b"))).toBe(true);
  expect(check("a.c", await signer.sign("a.b"))).toBe(false);
}

/** What every custodian must do, but for the sentences that are left out. */
export function custodianSuite(
  name: string,
  algorithms: readonly string[],
  place: () => Promise<CustodianPlace>,
  leftOut: readonly string[] = [],
): void {
  const rules = Object.entries(CUSTODIAN_RULES).filter(([sentence]) => !leftOut.includes(sentence));
  describe(`the custodian ${name}`, () => {
    it.each(algorithms)(
      "makes a %s key that another process opens, and whose signatures its public key confirms",
      async (alg) => {
        await assertSignsWith(await place(), alg);
      },
    );

    it.each(rules)("%s", async (_, rule) => rule(await place()));
  });
}

async function listed(place: CustodianPlace): Promise<string[]> {
  const ids: string[] = [];
  for await (const name of place.open().list()) ids.push(name.split(".")[0] as string);
  return ids.sort();
}

async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true }).catch(() => []);
  return entries.flatMap((entry) => (entry.isFile() ? join(entry.parentPath, entry.name) : []));
}

/** Tells whether a text of it is a private key, however it is written. */
function holdsPrivateKey(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.values(value).some(holdsPrivateKey) || opens(value);
  return typeof value === "string" && (opens(value) || opens(Buffer.from(value, "base64")));
}

function opens(key: string | Buffer | object): boolean {
  try {
    if (Buffer.isBuffer(key)) createPrivateKey({ key, format: "der", type: "pkcs8" });
    else createPrivateKey(typeof key === "string" ? key : { key: key as never, format: "jwk" });
    return true;
  } catch {
    return false;
  }
}
