import { isSignetError, SignetError } from "../../errors.js";
import type { KeyFiles } from "../../keyring/keyring.js";
import type { AlikeKeeper } from "../contract.js";
import { assertPassphrase, decodeKeyFile, makePassphraseCheck, type PassphraseSource } from "./key-file.js";

/** A key file as it was read. */
export interface KeyFile {
  readonly path: string;
  readonly text: string;
}

/** What decides how key files are kept. */
interface Keeping {
  readonly keyFiles: () => AsyncIterable<KeyFile>;
  readonly passphrase: PassphraseSource;
}

/**
 * Keeps key files alike: where keys are encrypted, one that is not, or that another passphrase opens, would be found out when it has
 * to sign.
 */
export function keepingAlike({ keyFiles, passphrase }: Keeping): AlikeKeeper {
  // A passphrase costs a third of a second: what it has opened once is not opened again.
  let opened: { readonly check: string; readonly passphrase: string } | undefined;

  async function assertOpens(check: string, word: string | undefined): Promise<void> {
    if (word !== undefined && opened?.check === check && opened.passphrase === word) return;
    await assertPassphrase(check, word);
    opened = { check, passphrase: word as string };
  }

  async function encryptedUnder(word: string): Promise<KeyFiles> {
    const check = await makePassphraseCheck(word);
    opened = { check, passphrase: word };
    return { encrypted: true, check };
  }

  return {
    async assertKeptAlike(recorded) {
      const word = await passphrase();
      if (recorded?.check !== undefined) {
        await assertOpens(recorded.check, word);
        return recorded;
      }
      const isPlain = recorded !== undefined || (await wayOf(keyFiles(), passphrase)) === "plain";
      if (isPlain && word !== undefined) throw notEncrypted();
      return recorded ?? (word === undefined ? { encrypted: false } : encryptedUnder(word));
    },
    async keepFromNowOn(recorded) {
      await wayOf(keyFiles(), passphrase);
      const word = await passphrase();
      if (word === undefined) return recorded?.encrypted === false ? recorded : { encrypted: false };
      return (await opens(recorded?.check, word)) && recorded !== undefined ? recorded : encryptedUnder(word);
    },
  };

  async function opens(check: string | undefined, word: string): Promise<boolean> {
    if (check === undefined) return false;
    try {
      await assertOpens(check, word);
      return true;
    } catch (error) {
      if (isSignetError(error, "passphrase_wrong")) return false;
      throw error;
    }
  }
}

// An encrypted one has to open, and says more than a plain one, which may be older than the passphrase.
async function wayOf(files: AsyncIterable<KeyFile>, passphrase: PassphraseSource): Promise<"encrypted" | "plain" | undefined> {
  let way: "plain" | undefined;
  for await (const { path, text } of files) {
    if (text.trim().startsWith("{")) {
      way = "plain";
      continue;
    }
    try {
      await decodeKeyFile(text, path, passphrase);
      return "encrypted";
    } catch (error) {
      // A damaged file says nothing of the passphrase.
      if (!isSignetError(error, "invalid_key")) throw error;
    }
  }
  return way;
}

function notEncrypted(): SignetError {
  return new SignetError(
    "plan_refused",
    "this issuer's key files are not encrypted, but a passphrase is set, and no key was made: take SIGNET_PASSPHRASE and " +
      "SIGNET_PASSPHRASE_FILE away, or encrypt the keys that are made from now on with `signet keys apply`",
  );
}
