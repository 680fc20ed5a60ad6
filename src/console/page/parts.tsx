import type { ComponentChildren } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import { dateInWords, fromNow } from "../../encoding/times-in-words.js";
import { visible } from "../../errors.js";
import { calendarDay } from "../../look/calendar.js";
import type { ApiError } from "./api.js";
import { sentenceParts } from "./sentence.js";

/** A text that a stranger may have chosen: what is not to be seen is shown by its number, and it turns no words round. */
export function Told({ words }: { words: string }) {
  return <bdi>{visible(words)}</bdi>;
}

/** A name of a key, in letters that differ. */
export function Kid({ kid, signs = false }: { kid: string; signs?: boolean }) {
  return (
    <code class={signs ? "kid signs" : "kid"}>
      <Told words={kid} />
    </code>
  );
}

/** Many lines of a stranger's. */
export function Lines({ text, label }: { text: string; label: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is to be reached by keys
    // biome-ignore lint/a11y/useSemanticElements: a section keeps no lines
    <pre class="lines" tabIndex={0} role="region" aria-label={label}>
      {text.split("\n").map(visible).join("\n")}
    </pre>
  );
}

/** A time: the day, and how far it is; all of it on demand. */
export function Time({ at, now }: { at: number; now: number }) {
  const date = new Date(at * 1_000);
  const iso = Number.isNaN(date.getTime()) ? undefined : date.toISOString();
  return (
    <time dateTime={iso} title={dateInWords(at)}>
      {calendarDay(at, now)} <span class="soft">({fromNow(at, now)})</span>
    </time>
  );
}

/** How far a time is; all of it on demand. */
export function FromNow({ at, now }: { at: number; now: number }) {
  return (
    <span class="soft" title={dateInWords(at)}>
      ({fromNow(at, now)})
    </span>
  );
}

/** Copies a text, and says that it did. */
export function Copy({ text, what, children }: { text: string; what: string; children?: ComponentChildren }) {
  const [state, setState] = useState<"idle" | "copied" | "failed">("idle");
  useEffect(() => {
    if (state === "idle") return undefined;
    const timer = setTimeout(() => setState("idle"), 2_000);
    return () => clearTimeout(timer);
  }, [state]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setState("copied");
    } catch {
      setState("failed");
    }
  };
  const words = { idle: children ?? "Copy", copied: "Copied", failed: "Not allowed" }[state];
  // What is heard begins with what is seen.
  const heard = { idle: "Copy", copied: "Copied", failed: "Not allowed: copy" }[state];
  return (
    <>
      <button type="button" class={`quiet copy ${state}`} aria-label={`${heard} ${visible(what)}`} onClick={() => void copy()}>
        <svg viewBox="0 0 14 14" aria-hidden="true">
          <path d={state === "copied" ? "M2 8l3 3 7-8" : "M5 5h7v7H5zM9 5V2H2v7h3"} />
        </svg>
        {words}
      </button>
      <span role="status" class="unseen">
        {state === "copied" ? `copied: ${visible(what)}` : state === "failed" ? "the browser does not allow it" : ""}
      </span>
    </>
  );
}

// A field `sub` is not named by the word "subject".
function isNamed(message: string, field: string): boolean {
  return sentenceParts(message, [field]).some(({ kid }) => kid !== null);
}

/** What failed, and what to do. */
export function Failure({ error, retry }: { error: ApiError; retry?: () => void }) {
  return (
    <div class="notice bad" role="alert">
      <p>
        <strong>{TITLES.get(error.code) ?? "That failed."}</strong> <Marked words={error.message} />
        {error.field === undefined || isNamed(error.message, error.field) ? null : (
          <>
            {" "}
            <code>
              <Told words={error.field} />
            </code>
          </>
        )}
      </p>
      {retry === undefined ? null : (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

const TITLES: ReadonlyMap<string, string> = new Map([
  ["unreachable", "No answer."],
  ["keyring_conflict", "Look again."],
  ["lease_held", "Another manager is at work."],
  ["lease_lost", "Another manager took over."],
  ["aws_access_denied", "AWS does not allow it."],
  ["plan_refused", "Not done as it was asked for."],
]);

/** Words with commands between backticks. */
export function Marked({ words }: { words: string }) {
  return (
    <span>
      {words.split("`").map((part, index) =>
        index % 2 === 1 ? (
          <code key={index}>
            <Told words={part} />
          </code>
        ) : (
          <Told key={index} words={part} />
        ),
      )}
    </span>
  );
}

/** Shapes of what is coming. */
export function Loading({ what, rows = 4 }: { what: string; rows?: number }) {
  return (
    <div class="loading" role="status">
      <span class="unseen">reading {what}</span>
      {Array.from({ length: rows }, (_, index) => (
        <i key={index} aria-hidden="true" />
      ))}
    </div>
  );
}

/** Nothing is there yet, and what brings it. */
export function Empty({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <div class="empty">
      <svg viewBox="0 0 120 40" width="120" height="40" aria-hidden="true" class="timeline">
        <path class="lane-line" d="M0 8H120M0 20H120M0 32H120" />
        <path class="now-line" d="M60 2V38" />
      </svg>
      <h2>{title}</h2>
      <p>{children}</p>
    </div>
  );
}

interface FieldProps {
  readonly label: ComponentChildren;
  readonly hint?: ComponentChildren;
  readonly children: (ids: { id: string; "aria-describedby": string | undefined }) => ComponentChildren;
}

/** A label, what is written in, and what is to be known of it. */
export function Field({ label, hint, children }: FieldProps) {
  const id = useId();
  const hasHint = hint !== undefined && hint !== null;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, "aria-describedby": hasHint ? `${id}-hint` : undefined })}
      {hasHint ? (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      ) : null}
    </div>
  );
}
