import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { dateInWords } from "../../encoding/times-in-words.js";
import { visible } from "../../errors.js";
import { type Lanes, lanesOf } from "../../look/lanes.js";
import type { KeysView, LivesView } from "../contract.js";
import { type Change, ChangePanel } from "./change-panel.js";
import { CardList } from "./key-cards.js";
import { Empty, Failure, FromNow, Kid, Loading, Marked, Told } from "./parts.js";
import { healthInWords, sentenceParts } from "./sentence.js";
import { Timeline } from "./timeline.js";
import { type Resource, useNow } from "./use-resource.js";

/** What a change would make of the lives, and how much of it has come: 0 to 1. */
export interface Ghost {
  readonly lives: LivesView;
  readonly solid: number;
}

/** The keys: how they stand, their lives, and what can be done. */
export function KeysPage({ keys }: { keys: Resource<KeysView> }) {
  const { answer, error, reload } = keys;
  if (answer === null && error !== null) {
    return (
      <>
        <h1 class="view-title">The keys cannot be read.</h1>
        <Failure error={error} retry={reload} />
      </>
    );
  }
  if (answer === null) return <Loading what="the keys" rows={6} />;
  return (
    <>
      {error !== null && error.code !== "unreachable" ? <Failure error={error} retry={reload} /> : null}
      {error === null ? null : <p class="soft">This is how things stood at {dateInWords(answer.now)}.</p>}
      <Keys view={answer} put={keys.put} reload={reload} isStale={error !== null} />
    </>
  );
}

interface KeysProps {
  readonly view: KeysView;
  readonly put: (view: KeysView) => void;
  readonly reload: () => void;
  /** True where it could not be read again: its time stands still. */
  readonly isStale: boolean;
}

interface OpenChange {
  readonly change: Change | null;
  readonly ghost: Ghost | null;
  readonly show: (ghost: Ghost | null) => void;
  readonly begin: (change: Change) => void;
  readonly end: () => void;
}

/** The change that is looked at. Once it is closed, what has opened it has the focus again. */
function useOpenChange(): OpenChange {
  const [change, setChange] = useState<Change | null>(null);
  const [ghost, show] = useState<Ghost | null>(null);
  const opener = useRef<HTMLElement | null>(null);
  const begin = (wanted: Change) => {
    opener.current = document.activeElement as HTMLElement | null;
    show(null);
    setChange(wanted);
  };
  const end = () => {
    setChange(null);
    show(null);
  };
  useEffect(() => {
    if (change !== null || opener.current === null) return;
    // It may be gone with the change.
    const back = opener.current.isConnected ? opener.current : document.getElementById("main");
    back?.focus();
    opener.current = null;
  }, [change]);
  return { change, ghost, show, begin, end };
}

function Keys({ view, put, reload, isStale }: KeysProps) {
  const present = useNow(view.now);
  const now = isStale ? view.now : present;
  const [selected, setSelected] = useState<string | undefined>(undefined);
  const { change, ghost, show, begin, end } = useOpenChange();
  const lanes = useMemo(() => visibleNames(lanesOf(view.lives, ghost?.lives, now)), [view, now, ghost?.lives]);
  useEffect(() => {
    if (selected !== undefined && !lanes.lanes.some(({ name }) => name === selected)) setSelected(undefined);
  }, [lanes, selected]);
  const { rotate } = view.rights;
  return (
    <>
      <section class="stand" aria-label="How things stand">
        <h1>
          <Sentence view={view} />
        </h1>
        <Health view={view} />
      </section>
      <section class="panel lives" aria-labelledby="lives">
        <div class="panel-head">
          <h2 id="lives">Lives of the keys</h2>
          <button
            type="button"
            class="strong"
            disabled={rotate !== true || change !== null}
            onClick={() => begin({ change: "rotate" })}
          >
            Rotate…
          </button>
        </div>
        {rotate === true ? null : (
          <p class="soft">
            <Marked words={rotate} />
          </p>
        )}
        {lanes.lanes.length === 0 ? (
          <Empty title="No key has a life to show yet.">The first tick makes one; it appears here by itself.</Empty>
        ) : (
          <Timeline lanes={lanes} solid={ghost?.solid ?? 0} selected={selected} select={setSelected} />
        )}
        {change === null ? null : (
          <ChangePanel
            key={change.change === "revoke" ? `revoke ${change.kid}` : `rotate ${change.uploaded ?? ""}`}
            asked={change}
            show={show}
            done={put}
            failed={reload}
            close={end}
          />
        )}
      </section>
      <Waits view={view} now={now} />
      <CardList
        view={view}
        now={now}
        selected={selected}
        revoke={(kid) => begin({ change: "revoke", kid })}
        uploaded={(kid) => begin({ change: "rotate", uploaded: kid })}
      />
      <Policy words={view.policy} />
    </>
  );
}

// What a stranger has named is shown as it is, and obeyed by nothing.
function visibleNames(lanes: Lanes): Lanes {
  return { ...lanes, lanes: lanes.lanes.map((lane) => ({ ...lane, name: visible(lane.name) })) };
}

function Sentence({ view }: { view: KeysView }) {
  const kids = view.keys.flatMap(({ kid }) => kid ?? []);
  const signing = view.keys.find(({ state }) => state === "active")?.kid;
  return (
    <>
      {sentenceParts(view.sentence, kids).map(({ words, kid }, index) =>
        kid === null ? <Told key={index} words={words} /> : <Kid key={index} kid={words} signs={kid === signing} />,
      )}
    </>
  );
}

function Health({ view }: { view: KeysView }) {
  const { items, isWell } = view.health;
  return (
    <details class={`health ${LOOKS.get(isWell)}`} open={isWell === false}>
      <summary>
        <span class="dot" aria-hidden="true" />
        {healthInWords(items)}
      </summary>
      <ul>
        {items.map(({ name, isWell: isItemWell, at, words }) => (
          <li key={name} class={LOOKS.get(isItemWell)}>
            <strong>{name}</strong>{" "}
            <Dated at={at}>
              <Marked words={words} />
            </Dated>
          </li>
        ))}
      </ul>
    </details>
  );
}

const LOOKS = new Map<boolean | null, string>([
  [true, ""],
  [false, "bad"],
  [null, "unknown"],
]);

/** What may be on the day that it was: the words say how long ago. */
function Dated({ at, children }: { at: number | null; children: ComponentChildren }) {
  return at === null ? <>{children}</> : <span title={dateInWords(at)}>{children}</span>;
}

function Policy({ words }: { words: readonly string[] }) {
  return (
    <details class="policy">
      <summary>The policy in force</summary>
      <ul>
        {words.map((each) => (
          <li key={each}>
            <Marked words={each} />
          </li>
        ))}
      </ul>
    </details>
  );
}

function Waits({ view, now }: { view: KeysView; now: number }) {
  if (view.waits.length === 0 && view.alerts.length === 0) return null;
  return (
    <section class="waits" aria-labelledby="waits">
      <h2 id="waits">Waits and warnings</h2>
      <ul>
        {view.alerts.map((words) => (
          <li key={words} class="alert">
            <Marked words={words} />
          </li>
        ))}
        {view.waits.map(({ until, words, needsYou }) => (
          <li key={words}>
            <Marked words={words} />{" "}
            {needsYou ? <strong>It needs you.</strong> : until === null ? null : <FromNow at={until} now={now} />}
          </li>
        ))}
      </ul>
    </section>
  );
}
