import { onTestFinished } from "vitest";
import type { Installation } from "../../src/assemble.js";
import { type Followed, type FollowOptions, follow } from "../../src/server/follow.js";

/** What `follow` reads of an installation in these tests: its keys. */
type Parts = Pick<Installation, "activeKey"> & {
  readonly stores: {
    readonly publicDocuments: Pick<Installation["stores"]["publicDocuments"], "read">;
    readonly keyring: Pick<Installation["stores"]["keyring"], "read">;
  };
};

/** A server's view of an issuer without callers, whose key signs for a day. It is read when a test says so, and ends with that test. */
export function followedKeys(
  { activeKey, stores }: Parts,
  teller: Pick<FollowOptions, "onFailure" | "onRead"> = { onFailure: () => undefined },
): Followed {
  const installation = {
    ...{ callers: () => undefined, proofs: () => undefined, activeKey, stores },
    config: { rotation: { rotateEverySeconds: 86_400 } },
  } as unknown as Installation;
  const followed = follow({ installation, changedConfig: async () => undefined, everySeconds: 3_600, ...teller });
  onTestFinished(followed.stop);
  return followed;
}
