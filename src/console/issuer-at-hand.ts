import type { Installation } from "../assemble.js";
import type { ListedCaller } from "../operator/callers.js";
import type { IssuePlace } from "../operator/issue-commands.js";
import type { KeyChanger } from "../operator/stack-manager.js";
import type { TokenAsked } from "../operator/token-issue.js";
import type { LogReading, ReadLog, Survey } from "../rotation/survey.js";
import type { KeysView } from "./contract.js";

/** What is known of an issuer's callers and of their use. */
export interface CallersAtHand {
  readonly callers: readonly ListedCaller[];
  /** When each was recognised last, as NumericDate; those that never were are left out. */
  readonly uses: ReadonlyMap<string, number>;
  /** Where "never" ends, for words: "in the last 30 days"; empty where it has no bound. */
  readonly span: string;
  /** Those whose use is not known. */
  readonly unknown: ReadonlySet<string>;
  /** Why it is not. */
  readonly failure: string | null;
  readonly doubts: readonly string[];
}

/** A token, and what had to be put in force before it was issued. */
interface IssuedHere {
  readonly token: string;
  readonly notes: readonly string[];
}

/** The issuer that a console is about: a folder's, or a stack's. */
export interface IssuerAtHand {
  readonly place: { readonly kind: "folder" | "stack"; readonly words: string };
  /** As `--config` takes it; absent for the present folder. */
  readonly config: string | undefined;
  /** What is read of it, as its config is now. Nothing of a stack is changed through it. */
  installation(): Promise<Installation>;
  /** How its keys stand. Its log is read again when it has grown, and now and then. */
  survey(): Promise<Survey>;
  /** Its audit log alone. `isFresh` reads all of it in any case. */
  log(wish?: { readonly isFresh: boolean }): Promise<LogReading>;
  /** Who changes its keys. @param onStep told of each step before it is done */
  changer(onStep: (words: string) => void): Promise<KeyChanger>;
  /** What may be done from here. */
  rights(): Promise<KeysView["rights"]>;
  callers(): Promise<readonly ListedCaller[]>;
  /** The same with what is known of their use: a stack's log is searched for it. */
  callersInUse(): Promise<CallersAtHand>;
  /** @throws SignetError what is refused */
  issue(asked: TokenAsked): Promise<IssuedHere>;
  /** Where others ask for the same token. */
  issuePlace(caller: string | undefined): Promise<IssuePlace>;
}

/** Surveys an installation, and remembers its log: a person looks at the same keys for long. */
export function rememberingLog(installation: IssuerAtHand["installation"]): Pick<IssuerAtHand, "survey" | "log"> {
  let known: ReadLog | undefined;
  const manager = async () => (await installation()).manager();
  return {
    async survey() {
      const found = await (await manager()).survey(known);
      known = found.log ?? known;
      return found;
    },
    async log({ isFresh } = { isFresh: false }) {
      const found = await (await manager()).log(isFresh ? undefined : known);
      known = found.log;
      return found;
    },
  };
}
