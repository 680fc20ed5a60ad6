import { useEffect, useRef, useState } from "preact/hooks";
import { visible } from "../../errors.js";
import { type KeysView, MAX_REASON, type PreviewAnswer, type PreviewRequest } from "../contract.js";
import { type ApiError, call, change, type Done } from "./api.js";
import type { Ghost } from "./keys-page.js";
import { Failure, Field, Kid, Loading, Marked } from "./parts.js";
import { type Stage, spokenOf } from "./stage.js";

export type Change = PreviewRequest;

interface ChangePanelProps {
  readonly asked: Change;
  readonly show: (ghost: Ghost | null) => void;
  readonly done: (keys: KeysView) => void;
  /** Told that the keys are to be read again. */
  readonly failed: () => void;
  readonly close: () => void;
}

const SETTLE_MILLISECONDS = 900;

/** Shows what a change would do, and does it when it is told to. It stands below the timeline, so that both are seen. */
export function ChangePanel(props: ChangePanelProps) {
  const { asked, close } = props;
  const reason = useState("");
  const typed = useState("");
  const { stage, look, carryOut } = useChange(props, reason[0].trim(), typed[0]);
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.focus();
    dialog.current?.scrollIntoView({ block: "nearest" });
  }, []);
  useEffect(() => {
    // What had the focus may be gone with the stage before.
    if (document.activeElement === document.body) dialog.current?.focus();
  }, [stage.at]);
  const isBusy = stage.at === "doing";
  useEffect(() => {
    if (!isBusy) return undefined;
    const leaving = (event: Event) => event.preventDefault();
    addEventListener("beforeunload", leaving);
    return () => removeEventListener("beforeunload", leaving);
  }, [isBusy]);
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !isBusy) close();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [isBusy, close]);
  return (
    <dialog ref={dialog} open class={`change ${asked.change}`} tabIndex={-1} aria-labelledby="change">
      <h2 id="change">
        <Title asked={asked} />
      </h2>
      <p role="status" class="unseen">
        {visible(spokenOf(stage))}
      </p>
      {stage.at === "asking" ? <Loading what="what would happen" rows={2} /> : null}
      {stage.at === "shown" ? (
        <Shown stage={stage} asked={asked} reason={reason} typed={typed} carryOut={carryOut} close={close} />
      ) : null}
      {stage.at === "doing" || stage.at === "failed" ? <Steps steps={stage.steps} isWorking={isBusy} /> : null}
      {stage.at === "done" ? <Sentences of={stage.sentences} /> : null}
      {stage.at === "failed" ? <Failure error={stage.error} retry={look} /> : null}
      {stage.at === "shown" || isBusy ? null : (
        <button type="button" onClick={close}>
          {stage.at === "asking" ? "Leave it as it is" : "Close"}
        </button>
      )}
    </dialog>
  );
}

function Title({ asked }: { asked: Change }) {
  const kid = asked.change === "revoke" ? asked.kid : asked.uploaded;
  if (kid === undefined) return <>Rotate the key that signs</>;
  return (
    <>
      {asked.change === "revoke" ? "Revoke " : "Let sign, since it was uploaded: "}
      <Kid kid={kid} />
    </>
  );
}

interface ChangeHands {
  readonly stage: Stage<ApiError>;
  /** Has it looked at once more. */
  readonly look: () => void;
  readonly carryOut: (shown: PreviewAnswer) => Promise<void>;
}

function useChange({ asked, show, done, failed }: ChangePanelProps, reason: string, typed: string): ChangeHands {
  const [stage, setStage] = useState<Stage<ApiError>>({ at: "asking" });
  const shownReason = useRef("");
  const isOpen = useIsOpen();
  const preview = async (): Promise<PreviewAnswer> => {
    const wanted = asked.change === "rotate" || reason === "" ? asked : { ...asked, reason };
    const answer = await call("/api/preview", wanted);
    shownReason.current = reason;
    // Who has closed the panel meanwhile is shown nothing more.
    if (isOpen.current) show(ghostOf(answer, 0));
    return answer;
  };
  const fail = (error: ApiError, steps: readonly string[] = []) => setStage({ at: "failed", error, steps });
  const look = async (isNew: boolean) => {
    setStage({ at: "asking" });
    await preview().then(
      (answer) => setStage({ at: "shown", preview: answer, isNew }),
      (error: ApiError) => fail(error),
    );
  };
  useEffect(() => void look(false), []);
  const carryOut = async (shown: PreviewAnswer) => {
    let begun: readonly string[] = [];
    setStage({ at: "doing", steps: begun });
    try {
      const current = reason === shownReason.current ? shown : await preview();
      // What was agreed to is what was read.
      if (current.sentences.join("\n") !== shown.sentences.join("\n"))
        return setStage({ at: "shown", preview: current, isNew: true });
      const { sentences, keys } = await followed(current, typed, (steps) => {
        begun = steps;
        setStage({ at: "doing", steps });
        show(ghostOf(current, 1 - 1 / (steps.length + 1)));
      });
      show(ghostOf(current, 1));
      setStage({ at: "done", sentences });
      const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
      setTimeout(() => settle(keys), isStill ? 0 : SETTLE_MILLISECONDS);
    } catch (error) {
      show(null);
      failed();
      fail(error as ApiError, begun);
    }
  };
  const settle = (keys: KeysView | null) => {
    if (keys === null) failed();
    else done(keys);
    show(null);
  };
  return { stage, look: () => void look(true), carryOut };
}

// Where it cannot be told how the lives would be, none are drawn.
function ghostOf({ lives }: PreviewAnswer, solid: number): Ghost | null {
  return lives === null ? null : { lives, solid };
}

function useIsOpen(): { readonly current: boolean } {
  const isOpen = useRef(true);
  useEffect(
    () => () => {
      isOpen.current = false;
    },
    [],
  );
  return isOpen;
}

/** Does what was previewed, and tells its steps so far with each that comes. */
async function followed(
  { preview, confirm }: PreviewAnswer,
  typed: string,
  told: (steps: readonly string[]) => void,
): Promise<Done> {
  let steps: readonly string[] = [];
  return change({ preview, ...(confirm !== null && { confirm: typed }) }, (step) => {
    steps = [...steps, step];
    told(steps);
  });
}

type State = readonly [string, (value: string) => void];

interface ShownProps {
  readonly stage: Extract<Stage<ApiError>, { at: "shown" }>;
  readonly asked: Change;
  readonly reason: State;
  readonly typed: State;
  readonly carryOut: (preview: PreviewAnswer) => Promise<void>;
  readonly close: () => void;
}

function Shown({ stage, asked, reason: [reason, setReason], typed: [typed, setTyped], carryOut, close }: ShownProps) {
  const { preview, isNew } = stage;
  const { confirm, tokensAtRisk } = preview;
  const isAgreed = confirm === null || typed === confirm;
  const submitted = (event: Event) => {
    event.preventDefault();
    if (isAgreed) void carryOut(preview);
  };
  return (
    <form onSubmit={submitted}>
      {isNew ? <p class="notice">This is a new look: read it again.</p> : null}
      <Sentences of={preview.sentences} />
      {tokensAtRisk === null ? (
        <p class="safe">No token stops verifying.</p>
      ) : tokensAtRisk.isNone ? (
        <div class="notice">
          <Marked words={tokensAtRisk.words} />
        </div>
      ) : (
        <div class="notice bad">
          <p>
            <strong>Tokens at risk.</strong> <Marked words={tokensAtRisk.words} />
          </p>
        </div>
      )}
      {asked.change === "revoke" ? (
        <Field label="Reason, for the audit log" hint="May stay empty.">
          {(ids) => (
            <input
              {...ids}
              type="text"
              value={reason}
              maxLength={MAX_REASON}
              onInput={(event) => setReason(event.currentTarget.value)}
            />
          )}
        </Field>
      ) : null}
      {confirm === null ? null : (
        <Field
          label={
            <>
              Type <Kid kid={confirm} /> to confirm
            </>
          }
        >
          {(ids) => (
            <input
              {...ids}
              type="text"
              class="typed"
              value={typed}
              autocomplete="off"
              autocapitalize="off"
              spellcheck={false}
              onInput={(event) => setTyped(event.currentTarget.value)}
            />
          )}
        </Field>
      )}
      <p class="row">
        <button type="submit" class={asked.change === "revoke" ? "strong danger" : "strong"} disabled={!isAgreed}>
          {asked.change === "revoke" ? "Revoke it" : "Rotate"}
        </button>
        <button type="button" onClick={close}>
          Leave it as it is
        </button>
      </p>
    </form>
  );
}

function Sentences({ of: sentences }: { of: readonly string[] }) {
  return (
    <ul class="sentences">
      {sentences.map((words, index) => (
        <li key={index}>
          <Marked words={words} />
        </li>
      ))}
    </ul>
  );
}

function Steps({ steps, isWorking }: { steps: readonly string[]; isWorking: boolean }) {
  if (steps.length === 0 && !isWorking) return null;
  return (
    <ol class="steps">
      {steps.map((words, index) => (
        <li key={index}>
          <Marked words={words} />
        </li>
      ))}
      {isWorking ? <li class="working">at work</li> : null}
    </ol>
  );
}
