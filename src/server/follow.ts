import { type Installation, publishedStandbys } from "../assemble.js";
import { SignetError } from "../errors.js";
import type { PublicTexts } from "../http/public-documents.js";
import { activeRecord, type Keyring } from "../keyring/keyring.js";
import { type FollowedCallers, followCallers } from "./follow-callers.js";
import { followDocuments } from "./follow-documents.js";
import type { KeyInUse } from "./metrics.js";

/** What a server serves, as it is now. */
export interface Followed {
  readonly callers: () => ReturnType<Installation["callers"]>;
  readonly proofs: () => ReturnType<Installation["proofs"]>;
  readonly tokens: FollowedCallers["tokens"];
  readonly documents: () => PublicTexts | undefined;
  readonly keyInUse: () => KeyInUse | undefined;
  /** Reads the callers anew, for a secret that is not known. */
  lookAgain(): Promise<void>;
  /** Reads everything now. */
  refresh(): Promise<void>;
  /** Reads no more. */
  stop(): void;
}

/** What is followed, and how. */
export interface FollowOptions {
  readonly installation: Installation;
  /** Answers the config file where it has changed since it was last asked; `undefined` where it has not. */
  readonly changedConfig: () => Promise<Pick<Installation["config"], "callers" | "tokens"> | undefined>;
  /** How often the config file is looked at. */
  readonly everySeconds: number;
  /** How often the stores are read, where that takes calls to a service. Default `everySeconds`. */
  readonly storesEverySeconds?: number | undefined;
  /** Told of reads that fail; what was read before stays in force. */
  readonly onFailure: (dependency: string, error: unknown) => void;
  /** Told of reads that went well. */
  readonly onRead?: ((dependency: string) => void) | undefined;
}

type Read = readonly [dependency: string, read: () => Promise<void>];

/** Follows the active key, the public documents, the callers and the names of keys, so that a change is in force within a second or two. */
export function follow(options: FollowOptions): Followed {
  const { installation, changedConfig, everySeconds, storesEverySeconds = everySeconds, onFailure, onRead } = options;
  const { stores, activeKey, config } = installation;
  const turnsOfStores = Math.max(1, Math.round(storesEverySeconds / everySeconds));
  let turn = 0;
  const callers = followCallers(installation, changedConfig, onFailure);
  const documents = followDocuments(stores);
  let keyInUse: KeyInUse | undefined;
  let isBusy = false;

  async function readKeyring(): Promise<void> {
    const read = await stores.keyring.read();
    if (read !== undefined) keyInUse = keyInUseOf(read.keyring, config.rotation) ?? keyInUse;
    else if (documents.present() !== undefined)
      throw new SignetError("keyring_missing", "there is no keyring any more: restore it from a backup");
  }

  async function refresh(): Promise<void> {
    const ofStores: readonly Read[] = [
      ["active document", () => activeKey.refresh()],
      ["public documents", documents.read],
      ["keyring", readKeyring],
    ];
    const reads: readonly Read[] = [["config", callers.read], ...(turn++ % turnsOfStores === 0 ? ofStores : [])];
    await Promise.all(
      reads.map(([dependency, read]) =>
        read().then(
          () => onRead?.(dependency),
          (error: unknown) => onFailure(dependency, error),
        ),
      ),
    );
  }

  const timer = setInterval(() => {
    if (isBusy) return;
    isBusy = true;
    void refresh().finally(() => {
      isBusy = false;
    });
  }, everySeconds * 1_000);
  timer.unref();
  return Object.freeze({
    callers: callers.present,
    proofs: callers.proofs,
    tokens: callers.tokens,
    documents: documents.present,
    keyInUse: () => keyInUse,
    lookAgain: callers.lookAgain,
    refresh,
    stop: () => clearInterval(timer),
  });
}

function keyInUseOf(keyring: Keyring, policy: Installation["config"]["rotation"]): KeyInUse | undefined {
  const active = activeRecord(keyring);
  if (active?.publicJwk === undefined) return undefined;
  const { activatedAt, alg, publicJwk } = active;
  const { rotateEverySeconds, byUpload } = policy;
  const isScheduled = rotateEverySeconds > 0 && byUpload !== true;
  return {
    alg,
    kid: publicJwk.kid,
    activatedAt,
    rotatesAt: activatedAt !== undefined && isScheduled ? activatedAt + rotateEverySeconds : undefined,
    standbys: byUpload === true ? undefined : publishedStandbys(keyring).length,
  };
}
