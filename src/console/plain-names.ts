import type { Installation } from "../assemble.js";
import { isSignetError, SignetError, visible } from "../errors.js";
import type { Keyring } from "../keyring/keyring.js";

/** The failure that is told in the words of a service. */
const FOREIGN = "aws_refused";

/** Words in which what a stranger has named looks like no command: the page shows what stands between backticks as one. */
export type Plain = (words: string) => string;

/**
 * Makes words plain that name what a keyring knows: the kids of other issuers, reasons of revocations, and what custodians list.
 *
 * @param failures whose words stand within others
 */
export function plainNames(
  { keys, strays = [] }: Pick<Keyring, "keys" | "strays">,
  failures: readonly (SignetError | undefined)[] = [],
): Plain {
  const names = [
    ...keys.flatMap(({ publicJwk, reason }) => [publicJwk?.kid, reason]),
    ...strays.map(({ name }) => name),
    ...failures.map((failure) => (failure?.code === FOREIGN ? failure.message : undefined)),
  ];
  const marked = names.flatMap((name) => (name?.includes("`") ? [visible(name)] : [])).sort((a, b) => b.length - a.length);
  return (words) => marked.reduce((text, name) => text.replaceAll(name, name.replaceAll("`", "'")), words);
}

/** Those of an installation's keyring. One that cannot be read is told by what reads it next. */
export async function plainNamesOf({ stores }: Pick<Installation, "stores">): Promise<Plain> {
  const found = await stores.keyring.read().catch(() => undefined);
  return plainNames(found?.keyring ?? { keys: [] });
}

/** Does something that may fail, with plain words. */
export async function failingPlainly<T>(plain: Plain, work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    if (!isSignetError(error) || plain(error.message) === error.message) throw error;
    const { code, message, field, retryAfterSeconds } = error;
    throw new SignetError(code, plain(message), {
      cause: error,
      ...(field !== undefined && { field }),
      ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    });
  });
}

/** The words of a failure as the page shows them: a service's own hold no command of ours. */
export function plainFailure({ code, message }: SignetError): string {
  return code === FOREIGN ? withoutCommands(message) : message;
}

/** Words in which a stranger has named nearly everything, and we no command: those of a token's verdict, or of another issuer's answer. */
export function withoutCommands(words: string): string {
  return words.replaceAll("`", "'");
}
