import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { dirname, sep } from "node:path";
import type { Installation } from "../assemble.js";
import type { Config } from "../config/schema.js";
import { isSignetError } from "../errors.js";
import { stampOf } from "../files/stamp.js";
import { overlapsInWords } from "../operator/caller-overlaps.js";
import { lastUsesOfCallers, listedCallers } from "../operator/callers.js";
import { placeOfConfig } from "../operator/config-place.js";
import { loadInstallation } from "../operator/load-installation.js";
import type { Surroundings } from "../operator/surroundings.js";
import { issueHere } from "../operator/token-issue.js";
import { assertMadeHere, partiesByUpload } from "../operator/upload-parties.js";
import type { KeysView } from "./contract.js";
import { type IssuerAtHand, rememberingLog } from "./issuer-at-hand.js";

/** Where `serve` listens where nothing says another place. */
const DEFAULT_URL = "http://localhost:7117";

/**
 * The issuer of a folder. Its config is read again when it is edited.
 *
 * @param config as `--config` takes it
 * @param note told what was put in force before a token was issued
 * @throws SignetError `config_missing`, `config_invalid`
 */
export async function folderIssuer(
  surroundings: Surroundings,
  config: string | undefined,
  note: (words: string) => void,
): Promise<IssuerAtHand> {
  const path = placeOfConfig(surroundings, config);
  let opened: { readonly stamp: string; readonly installation: Promise<Installation> } | undefined;

  async function installation(): Promise<Installation> {
    // A file that is gone is another state as well: reading it says so.
    const stamp = await stampOf(path).catch(() => "none");
    if (opened?.stamp !== stamp) opened = { stamp, installation: loadInstallation(surroundings, config) };
    const { installation: opening } = opened;
    return opening.catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
  }

  await installation();
  return Object.freeze({
    place: { kind: "folder" as const, words: fromHome(dirname(path), surroundings.env.HOME) },
    config,
    installation,
    ...rememberingLog(installation),
    async changer(onStep: (words: string) => void) {
      return (await installation()).manager({ onStep: ({ words }) => onStep(words) });
    },
    rights: async () => rightsIn((await installation()).config),
    callers: async () => listedCallers((await installation()).config),
    async callersInUse() {
      const { config: settings } = await installation();
      const { times, failures } = await lastUsesOfCallers(settings);
      const [failure] = failures.values();
      return {
        callers: listedCallers(settings),
        uses: times,
        span: "",
        unknown: new Set(failures.keys()),
        failure: failure === undefined ? null : failure.message,
        doubts: overlapsInWords(settings.callers, settings.issuer),
      };
    },
    async issue(asked) {
      const notes: string[] = [];
      const token = await issueHere(await installation(), asked, (words) => {
        notes.push(words);
        note(words);
      });
      return { token, notes };
    },
    issuePlace: async () => ({ url: (await installation()).config.issuer ?? DEFAULT_URL }),
  } satisfies IssuerAtHand);
}

async function rightsIn(config: Config): Promise<KeysView["rights"]> {
  const { directory, aws } = config;
  // A keyring that is elsewhere is another service's to judge, when it is written.
  const isWritable = aws?.keyring !== undefined || (await isWritableFolder(directory));
  if (!isWritable) {
    const why = `this user cannot write in ${directory}`;
    return { rotate: why, revoke: why };
  }
  return { rotate: whyNotRotated(config), revoke: true };
}

/** As a shell writes a folder below the home of who is there. */
function fromHome(folder: string, home: string | undefined): string {
  return home && folder.startsWith(`${home}${sep}`) ? `~${folder.slice(home.length)}` : folder;
}

async function isWritableFolder(path: string): Promise<boolean> {
  return access(path, constants.W_OK).then(
    () => true,
    () => false,
  );
}

function whyNotRotated(config: Config): true | string {
  try {
    assertMadeHere(partiesByUpload(config));
    return true;
  } catch (error) {
    if (!isSignetError(error)) throw error;
    return error.message;
  }
}
