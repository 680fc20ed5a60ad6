import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { generatePrivateKey } from "../../src/algorithms/keys.js";
import { localSigner } from "../../src/algorithms/signature.js";
import type { Custodian } from "../../src/custody/contract.js";
import type { AwsDeps, CustodianFacts } from "../../src/custody/facts.js";
import { CUSTODIES } from "../../src/custody/registry.js";
import { SignetError } from "../../src/errors.js";
import { CUSTODIAN_RULES, type CustodianPlace, custodianSuite } from "../contracts/custodian-suite.js";
import { isEvery, some } from "../contracts/matrix.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { awsPlaces } from "./aws-places.js";
import { createOneFileCustodian } from "./one-file-custodian.js";

const BELOW_ITS_FOLDER = "writes below its folder alone, for its owner alone, and opens no key that others can reach";
const scratch = scratchDirectories();
const places = awsPlaces();

/** The custodian of a name over a place in AWS, and what is put there beside it. */
async function inAws(name: string, more: (place: AwsDeps) => Partial<AwsDeps & CustodianPlace> = () => ({})) {
  const custody = CUSTODIES.find((each) => each.name === name);
  if (custody?.needsAws !== true) throw new Error(`${name} is not in AWS`);
  const { create } = await custody.load();
  const place = places.place();
  const { leaveHalf, makeElsewhere, ...given } = more(place);
  const open = () => create({ ...place, ...given });
  return { facts: custody, open, ...(leaveHalf && { leaveHalf }), ...(makeElsewhere && { makeElsewhere }) };
}

async function onThisMachine(name: string, settings?: (folder: string) => object) {
  const custody = CUSTODIES.find((each) => each.name === name);
  if (custody === undefined || custody.needsAws) throw new Error(`${name} is not on this machine`);
  const { create } = await custody.load();
  const folder = await scratch();
  const directory = join(folder, "place");
  const env = { ...process.env, STORE_PASSPHRASE: "correct horse" };
  let hasAsked = false;
  const passphrase = async () => {
    hasAsked = true;
    return undefined;
  };
  const open = () => create({ directory, passphrase, settings: settings?.(folder), env });
  return { facts: custody, directory, open, asksPassphrase: () => hasAsked };
}

const programOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));
/** A machine that does something else at the same time must not kill a program. */
const patient = { timeoutSeconds: 300, environment: ["STORE_PASSPHRASE"] };

async function aFile(): Promise<CustodianPlace> {
  const place = await onThisMachine("file");
  const keys = join(place.directory, "keys");
  return {
    ...place,
    async leaveHalf() {
      await mkdir(keys, { mode: 0o700, recursive: true });
      await writeFile(join(keys, "half.key.4-2.tmp"), "{", { mode: 0o600 });
      return "half";
    },
  };
}

async function aProgram(settings: (folder: string) => object): Promise<CustodianPlace> {
  return { ...(await onThisMachine("command", settings)), isSlow: true };
}

/** Whoever is not here is not proven: the last test holds this list to the registry. */
const PLACES: readonly { name: string; way?: string; algorithms: readonly string[]; place: () => Promise<CustodianPlace> }[] = [
  { name: "file", algorithms: ["RS256", "PS384", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"], place: aFile },
  {
    name: "parameter-store",
    algorithms: ["ES256", "ES384", "ES512", "RS256", "PS512", "EdDSA"],
    place: () => inAws("parameter-store"),
  },
  {
    name: "kms",
    algorithms: ["ES256", "ES384", "ES512", "RS384", "PS256", "Ed25519"],
    place: () =>
      inAws("kms", ({ installation, kms }) => ({
        async leaveHalf() {
          // Made, and the process that made it died before it gave the key an alias.
          const tags = { "signet:installation": installation, "signet:key": "half" };
          await kms.createKey({ keySpec: "ECC_NIST_P256", description: "half", tags, policy: undefined });
          return "half";
        },
        makeElsewhere: async () =>
          places.aws.perform("kms", "CreateKey", { KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" }).KeyMetadata.Arn,
      })),
  },
  { name: "secrets-manager", algorithms: ["ES256", "EdDSA"], place: () => inAws("secrets-manager") },
  {
    name: "kms-data-key",
    algorithms: ["ES256", "ES512", "RS256", "EdDSA"],
    place: () => inAws("kms-data-key", () => ({ kmsKey: places.aws.perform("kms", "CreateKey", {}).KeyMetadata.Arn })),
  },
  {
    name: "command",
    way: "that keeps keys",
    algorithms: ["ES256"],
    place: () =>
      aProgram((folder) => ({
        program: [programOf("../../examples/custodians/encrypted-store.mjs"), join(folder, "store")],
        signs: false,
        ...patient,
      })),
  },
  {
    name: "command",
    way: "that signs",
    algorithms: ["EdDSA"],
    place: () =>
      aProgram((folder) => ({
        program: [programOf("./programs/signer.mjs"), join(folder, "keys")],
        signs: true,
        ...patient,
      })),
  },
];

/** A program that keeps keys is the slowest by far: each of its calls starts Node. */
const played = isEvery ? PLACES : PLACES.filter(({ way }) => way !== "that keeps keys");
for (const { name, way, algorithms, place } of played) {
  custodianSuite(way === undefined ? name : `${name}, ${way}`, some(2, algorithms), place);
}

describe("the contract of custodians", () => {
  it("is asked of each that the registry has", () => {
    expect([...new Set(PLACES.map(({ name }) => name))]).toStrictEqual(CUSTODIES.map(({ name }) => name));
  });

  it("is not kept by a custodian whose keys live in the memory of one process", async () => {
    const failed: string[] = [];
    for (const [sentence, rule] of Object.entries(CUSTODIAN_RULES)) {
      await rule({ facts: MEMORY, open: inMemory }).catch(() => failed.push(sentence));
    }
    expect(failed).toContain("answers the same key when an id is created again, by whichever process");
    expect(failed).toContain("lists what it holds, and nothing that was destroyed, in every process");
    expect(failed).toContain("opens no key under a name or an algorithm that is not its own");
    expect(failed).toContain("names itself in its material, and refuses another custodian's");
  });

  it("is not kept by a custodian whose material is no JSON", async () => {
    const one = inMemory();
    const sentence = "opens no key under a name or an algorithm that is not its own";
    await expect(CUSTODIAN_RULES[sentence]?.({ facts: MEMORY, open: () => one })).rejects.toThrow();
  });

  it.each([
    ["takes no lock", { locks: false }, "loses no key where many are made and destroyed at once, each by another instance"],
    ["writes for everybody", { mode: 0o644, isTrusting: true }, BELOW_ITS_FOLDER],
    ["reads whatever it finds", { isTrusting: true }, BELOW_ITS_FOLDER],
    ["writes beside its folder", { keyFolder: "elsewhere" }, BELOW_ITS_FOLDER],
    ["writes where its facts say nothing of it", { keyFolder: undefined }, BELOW_ITS_FOLDER],
    ["says that a manager need not look for its keys", { isNear: undefined }, "is what its facts say"],
    ["calls its material secret", { isPlain: undefined }, "is what its facts say"],
    ["says that its material signs alone", { isSelfContained: true }, "is what its facts say"],
    ["cannot tell a key's id", { namesIn: undefined }, "is what its facts say"],
    ["says that it takes a passphrase", { takesPassphrase: true }, "is what its facts say"],
    [
      "tells of no interrupted write",
      { leaveHalf: undefined },
      "lists what a crash in the middle of a making left, and destroys it",
    ],
  ])("is not kept by one in a file that %s", async (_, faults, sentence) => {
    await expect(CUSTODIAN_RULES[sentence]?.(await inOneFile(faults))).rejects.toThrow();
  });

  it("is kept by one in a file without such faults", async () => {
    for (const rule of Object.values(CUSTODIAN_RULES)) await rule(await inOneFile({}));
  });
});

/** What is taken from, or added to, a custodian that keeps its keys in one file. */
type Faults = { [Part in keyof Whole]?: (Whole[Part] extends true | undefined ? boolean : Whole[Part]) | undefined };
type Whole = CustodianFacts &
  Omit<Custodian, "custody"> & { locks: boolean; mode: number; isTrusting: boolean; leaveHalf: unknown };

async function inOneFile(faults: Faults): Promise<CustodianPlace> {
  const directory = join(await scratch(), "place");
  const { keyFolder, takesPassphrase, leaveHalf: _, locks, mode, isTrusting, ...members } = { keyFolder: ".", ...faults };
  const facts = { name: "one-file", needsAws: false, runsInLambda: false, made: () => "two entries", keyFolder, takesPassphrase };
  const options = { directory, locks, mode, isTrusting };
  const half = {
    async leaveHalf() {
      await mkdir(directory, { mode: 0o700, recursive: true });
      await writeFile(join(directory, "keys.json.0123456789ab.tmp"), "{", { mode: 0o600 });
      return "keys";
    },
  };
  return {
    facts: facts as CustodianFacts,
    directory,
    open: () => ({ ...createOneFileCustodian(options), ...members }) as Custodian,
    ...("leaveHalf" in faults ? {} : half),
  };
}

const MEMORY: CustodianFacts = { name: "memory", needsAws: false, runsInLambda: false, made: () => "two keys" };

/** Keys in a Map. Within one process it seems to work. */
function inMemory(): Custodian {
  const keys = new Map<string, Awaited<ReturnType<typeof generatePrivateKey>>>();
  return {
    custody: "memory",
    recognises: ({ custody }) => custody === "memory",
    async create(id, algorithm) {
      const privateKey = keys.get(id) ?? (await generatePrivateKey(algorithm));
      keys.set(id, privateKey);
      return localSigner({ privateKey, alg: algorithm.name }).publicJwk;
    },
    async material(id) {
      const key = keys.get(id);
      if (key === undefined) throw new SignetError("key_not_found", "not here");
      return { custody: "memory", key };
    },
    async open({ kid, alg, material }) {
      const signer = localSigner({ privateKey: material.key as never, alg });
      if (signer.kid !== kid) throw new SignetError("key_mismatch", "another key");
      return signer;
    },
    destroy: async (id) => void keys.delete(id),
    async *list() {
      yield* keys.keys();
    },
  };
}
