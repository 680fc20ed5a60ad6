import type { PublicJwk } from "../algorithms/jwk.js";
import type { ParameterStore } from "../aws/ssm.js";
import { SignetError } from "../errors.js";
import { keyNotFound, parseStoredKey, pollUntilVisible, type Sleep } from "./stored-key.js";

/** Where keys are kept as texts in Parameter Store. */
export interface KeyParametersOptions {
  readonly parameters: ParameterStore;
  /** The path of its parameters, without a slash at the end. */
  readonly path: string;
  readonly sleep?: Sleep | undefined;
}

/** Keys as JSON texts in Parameter Store, one parameter a key. */
export interface KeyParameters<T> {
  /** @returns `undefined` where there is none */
  find(id: string): Promise<T | undefined>;
  /** @throws SignetError `key_not_found` where it cannot be seen for some seconds */
  getOrThrow(id: string): Promise<T>;
  /** @returns what the id holds afterwards: this key, or one that was there before */
  keep(id: string, key: T): Promise<T>;
  /** Absent is success. */
  destroy(id: string): Promise<void>;
  list(): AsyncIterable<string>;
}

/** @param encryption how Parameter Store encrypts them: with which KMS key, or its own; absent where they are no secrets */
export function keyParameters<T extends { readonly publicJwk: PublicJwk }>(
  { parameters, path, sleep }: KeyParametersOptions,
  encryption?: { readonly kmsKey: string | undefined },
): KeyParameters<T> {
  const nameOf = (id: string): string => `${path}/${id}`;

  async function find(id: string): Promise<T | undefined> {
    const text = (await parameters.get([nameOf(id)])).get(nameOf(id));
    return text === undefined ? undefined : parseStoredKey(text, nameOf(id));
  }

  return Object.freeze({
    find,
    async getOrThrow(id: string) {
      const key = await pollUntilVisible(() => find(id), sleep);
      if (key === undefined) throw keyNotFound(`the parameter ${nameOf(id)}`);
      return key;
    },
    async keep(id: string, key: T) {
      const input = {
        name: nameOf(id),
        value: JSON.stringify(key),
        secret: encryption !== undefined,
        kmsKey: encryption?.kmsKey,
      };
      const kept = (await parameters.create(input)) ? key : await pollUntilVisible(() => find(id), sleep);
      if (kept === undefined)
        throw new SignetError("store_failed", `${nameOf(id)} was written but cannot be read yet; try again`);
      return kept;
    },
    destroy: (id: string) => parameters.delete(nameOf(id)),
    async *list() {
      for await (const name of parameters.names(path)) yield name.slice(path.length + 1);
    },
  });
}
