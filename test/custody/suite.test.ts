import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generatePrivateKey } from "../../src/algorithms/keys.js";
import { localSigner } from "../../src/algorithms/signature.js";
import { createKms } from "../../src/aws/kms.js";
import { createSecretsManager } from "../../src/aws/secrets-manager.js";
import { createParameterStore } from "../../src/aws/ssm.js";
import { createTransport, type Transport } from "../../src/aws/transport.js";
import type { Custodian } from "../../src/custody/contract.js";
import type { AwsDeps } from "../../src/custody/facts.js";
import { CUSTODIES } from "../../src/custody/registry.js";
import { SignetError } from "../../src/errors.js";
import { CUSTODIAN_RULES, type CustodianPlace, custodianSuite } from "../contracts/custodian-suite.js";
import { isEvery, some } from "../contracts/matrix.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { FAKE_CREDENTIALS, startFakeAws } from "../fakes/aws/fake-aws.mjs";

const scratch = scratchDirectories();
let aws: Awaited<ReturnType<typeof startFakeAws>>;
let transport: Transport;
let places = 0;

beforeAll(async () => {
  aws = await startFakeAws({ isDirect: true });
  // A busy machine takes as long as it takes.
  const patience = { deadlineMs: 120_000, attemptMs: 60_000 };
  transport = createTransport({ region: "eu-central-1", credentials: () => FAKE_CREDENTIALS, env: aws.env, ...patience });
});

afterAll(async () => {
  transport.close();
  await aws.close();
});

function awsPlace(): AwsDeps {
  places += 1;
  const installation = `suite-${places}`;
  return {
    transport,
    kms: createKms(transport),
    parameters: createParameterStore(transport),
    secrets: createSecretsManager(transport),
    installation,
    path: `/signet/${installation}/keys`,
    prefix: `signet/${installation}/keys/`,
    sleep: async () => undefined,
  };
}

/** The custodian of a name over a place in AWS, and what is put there beside it. */
async function inAws(name: string, more: (place: AwsDeps) => Partial<AwsDeps & CustodianPlace> = () => ({})) {
  const custody = CUSTODIES.find((each) => each.name === name);
  if (custody?.needsAws !== true) throw new Error(`${name} is not in AWS`);
  const { create } = await custody.load();
  const place = awsPlace();
  const { leaveHalf, makeElsewhere, ...given } = more(place);
  const open = () => create({ ...place, ...given });
  return { open, ...(leaveHalf && { leaveHalf }), ...(makeElsewhere && { makeElsewhere }) };
}

async function onThisMachine(name: string, settings?: (folder: string) => object): Promise<{ folder: string } & CustodianPlace> {
  const custody = CUSTODIES.find((each) => each.name === name);
  if (custody === undefined || custody.needsAws) throw new Error(`${name} is not on this machine`);
  const { create } = await custody.load();
  const folder = await scratch();
  const env = { ...process.env, STORE_PASSPHRASE: "correct horse" };
  return { folder, open: () => create({ directory: folder, settings: settings?.(folder), env }) };
}

const programOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));
/** A machine that does something else at the same time must not kill a program. */
const patient = { timeoutSeconds: 300, environment: ["STORE_PASSPHRASE"] };

async function aFile(): Promise<CustodianPlace> {
  const { open, folder } = await onThisMachine("file");
  return {
    open,
    async leaveHalf() {
      await mkdir(join(folder, "keys"), { mode: 0o700 });
      await writeFile(join(folder, "keys", "half.key.4-2.tmp"), "{", { mode: 0o600 });
      return "half";
    },
  };
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
          aws.perform("kms", "CreateKey", { KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" }).KeyMetadata.Arn,
      })),
  },
  { name: "secrets-manager", algorithms: ["ES256", "EdDSA"], place: () => inAws("secrets-manager") },
  {
    name: "kms-data-key",
    algorithms: ["ES256", "ES512", "RS256", "EdDSA"],
    place: () => inAws("kms-data-key", () => ({ kmsKey: aws.perform("kms", "CreateKey", {}).KeyMetadata.Arn })),
  },
  {
    name: "command",
    way: "that keeps keys",
    algorithms: ["ES256"],
    place: () =>
      onThisMachine("command", (folder) => ({
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
      onThisMachine("command", (folder) => ({
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
      await rule({ open: inMemory }).catch(() => failed.push(sentence));
    }
    expect(failed).toContain("answers the same key when an id is created again, by whichever process");
    expect(failed).toContain("lists what it holds, and nothing that was destroyed, in every process");
    expect(failed).toContain("opens no key under a name or an algorithm that is not its own");
    expect(failed).toContain("names itself in its material, and refuses another custodian's");
  });

  it("is not kept by a custodian whose material is no JSON", async () => {
    const one = inMemory();
    const sentence = "opens no key under a name or an algorithm that is not its own";
    await expect(CUSTODIAN_RULES[sentence]?.({ open: () => one })).rejects.toThrow();
  });
});

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
