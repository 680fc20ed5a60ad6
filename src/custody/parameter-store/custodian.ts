import type { KeyObject } from "node:crypto";
import type { PublicJwk } from "../../algorithms/jwk.js";
import type { Algorithm } from "../../algorithms/table.js";
import type { ParameterStore } from "../../aws/ssm.js";
import { SignetError } from "../../errors.js";
import type { Custodian, KeyImporter } from "../contract.js";
import {
  type HeldKey,
  heldKeyOf,
  keyNotFound,
  makeHeldKey,
  parseHeld,
  type Sleep,
  sameAlgorithm,
  sameKey,
  seenSoon,
} from "../held-key.js";
import { openParameterKey } from "./open.js";

/** What a Parameter Store custodian is made of. */
export interface ParameterStoreCustodianOptions {
  readonly parameters: ParameterStore;
  /** The path of its parameters, without a slash at the end. */
  readonly path: string;
  /** The KMS key that encrypts them; the account's own for Parameter Store when absent. */
  readonly kmsKey?: string | undefined;
  readonly sleep?: Sleep | undefined;
}

/**
 * Keeps private keys in Parameter Store, one SecureString a key. Once a key signs, the active document holds its private part
 * and the copy here goes: opening costs no call of its own.
 */
export function createParameterStoreCustodian(options: ParameterStoreCustodianOptions): Custodian & KeyImporter {
  const { parameters, path, kmsKey } = options;
  const nameOf = (id: string): string => `${path}/${id}`;

  async function stored(id: string): Promise<HeldKey | undefined> {
    const text = (await parameters.get([nameOf(id)])).get(nameOf(id));
    return text === undefined ? undefined : parseHeld(text, nameOf(id));
  }

  /** @returns what the id holds afterwards: the new key, or one that was there before */
  async function store(id: string, held: HeldKey): Promise<HeldKey> {
    const isNew = await parameters.create({ name: nameOf(id), value: JSON.stringify(held), secret: true, kmsKey });
    const kept = isNew ? held : await seenSoon(() => stored(id), options.sleep);
    if (kept === undefined) throw new SignetError("store_failed", `${nameOf(id)} was written but cannot be read yet; try again`);
    return kept;
  }

  return Object.freeze({
    custody: "parameter-store" as const,
    async create(id: string, algorithm: Algorithm): Promise<PublicJwk> {
      const kept = (await stored(id)) ?? (await store(id, await makeHeldKey(algorithm)));
      return sameAlgorithm(kept.publicJwk, algorithm, id);
    },
    async importKey(id: string, privateKey: KeyObject, algorithm: Algorithm, kid?: string): Promise<PublicJwk> {
      const held = heldKeyOf(privateKey, algorithm, kid);
      return sameKey((await store(id, held)).publicJwk, held.publicJwk, id);
    },
    async material(id: string): Promise<HeldKey> {
      const held = await seenSoon(() => stored(id), options.sleep);
      if (held === undefined) throw keyNotFound(`the parameter ${nameOf(id)}`);
      return held;
    },
    open: openParameterKey,
    destroy: (id: string) => parameters.delete(nameOf(id)),
    async *list(): AsyncIterable<string> {
      for await (const name of parameters.names(path)) yield name.slice(path.length + 1);
    },
  });
}
