import { readAnswer } from "./answer.js";
import { pages } from "./pages.js";
import type { Transport } from "./transport.js";

/** The aliases of one Lambda function, all of them on its newest code. */
export interface FunctionAliases {
  /** The names of all aliases on `$LATEST`. */
  names(): Promise<readonly string[]>;
  /** There already is success. */
  create(name: string): Promise<void>;
  /** Absent is success. */
  delete(name: string): Promise<void>;
}

const PAGE = { Aliases: [{ Name: "", FunctionVersion: "" }], "NextMarker?": "" } as const;
const LATEST = "$LATEST";
const CONFLICT = 409;
const NOT_FOUND = 404;

/** Binds the aliases of a function, which is named by its ARN. */
export function createFunctionAliases(transport: Transport, functionArn: string): FunctionAliases {
  const path = `/2015-03-31/functions/${encodeURIComponent(functionArn)}/aliases`;
  const called = { service: "lambda", resource: functionArn } as const;

  return Object.freeze({
    async names() {
      const found: string[] = [];
      const ask = async (marker: string | undefined) => {
        const query = { MaxItems: "50", ...(marker !== undefined && { Marker: marker }) };
        const { body } = await transport.call({ ...called, action: "lambda:ListAliases", method: "GET", path, query });
        return readAnswer(body, PAGE, "lambda:ListAliases", functionArn);
      };
      for await (const { Aliases } of pages("lambda:ListAliases", ask, ({ NextMarker }) => NextMarker))
        for (const { Name, FunctionVersion } of Aliases) if (FunctionVersion === LATEST) found.push(Name);
      return found;
    },
    async create(name) {
      const body = JSON.stringify({ Name: name, FunctionVersion: LATEST });
      const headers = { "content-type": "application/json" };
      await transport.call({ ...called, action: "lambda:CreateAlias", method: "POST", path, headers, body, accepts: [CONFLICT] });
    },
    async delete(name) {
      const alias = `${path}/${encodeURIComponent(name)}`;
      await transport.call({ ...called, action: "lambda:DeleteAlias", method: "DELETE", path: alias, accepts: [NOT_FOUND] });
    },
  } satisfies FunctionAliases);
}
