import { isAws } from "./failure.js";
import { type JsonCall, jsonCalls } from "./json-call.js";
import { pages } from "./pages.js";
import type { Transport } from "./transport.js";

/** A parameter as it is written. */
interface ParameterInput {
  readonly name: string;
  readonly value: string;
  readonly secret: boolean;
  /** The KMS key that encrypts a secret one; the account's own key for Parameter Store when absent. */
  readonly kmsKey?: string | undefined;
}

/** The calls to Parameter Store that Signet makes. */
export interface ParameterStore {
  /** Values by name; a name that is not there is missing from the answer. At most ten names, decrypted. */
  get(names: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** @returns false, with nothing changed, where the name is taken */
  create(input: ParameterInput): Promise<boolean>;
  /** Absent is success. */
  delete(name: string): Promise<void>;
  /** Every name below a path. */
  names(path: string): AsyncIterable<string>;
}

/** The most bytes that a parameter of the standard tier, which is free, takes. */
const STANDARD_BYTES = 4_096;

/** Binds Parameter Store. */
export function createParameterStore(transport: Transport): ParameterStore {
  const call = jsonCalls(transport, "ssm");
  return Object.freeze({
    get: getParameters(call),
    async create({ name, value, secret, kmsKey }) {
      const Tier = Buffer.byteLength(value) > STANDARD_BYTES ? "Advanced" : "Standard";
      const input = { Name: name, Value: value, Type: secret ? "SecureString" : "String", Tier, Overwrite: false };
      try {
        await call("PutParameter", name, { ...input, ...(secret && kmsKey !== undefined && { KeyId: kmsKey }) }, {});
        return true;
      } catch (error) {
        if (isAws(error, "ParameterAlreadyExists")) return false;
        throw error;
      }
    },
    async delete(name) {
      try {
        await call("DeleteParameter", name, { Name: name }, {});
      } catch (error) {
        if (!isAws(error, "ParameterNotFound")) throw error;
      }
    },
    async *names(path) {
      const ask = (token: string | undefined) => {
        const input = { Path: path, MaxResults: 10, ...(token !== undefined && { NextToken: token }) };
        return call("GetParametersByPath", path, input, { Parameters: [{ Name: "" }], "NextToken?": "" });
      };
      for await (const { Parameters } of pages("ssm:GetParametersByPath", ask, ({ NextToken }) => NextToken))
        for (const { Name } of Parameters) yield Name;
    },
  } satisfies ParameterStore);
}

/** Binds what an issuer needs of Parameter Store, and nothing else. */
export function createParameterReader(transport: Transport): Pick<ParameterStore, "get"> {
  return { get: getParameters(jsonCalls(transport, "ssm")) };
}

function getParameters(call: JsonCall): ParameterStore["get"] {
  return async (names) => {
    const input = { Names: names, WithDecryption: true };
    const example = { Parameters: [{ Name: "", Value: "" }] } as const;
    const { Parameters } = await call("GetParameters", pathOf(names[0]), input, example);
    return new Map(Parameters.map(({ Name, Value }) => [Name, Value]));
  };
}

function pathOf(name = ""): string {
  return name.slice(0, name.lastIndexOf("/") + 1);
}
