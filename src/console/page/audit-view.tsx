import { useEffect, useState } from "preact/hooks";
import type { ShownEntry } from "../../operator/audit-search.js";
import type { AuditView as View } from "../contract.js";
import { type ApiError, call } from "./api.js";
import { Copy, Empty, Failure, Field, Kid, Loading, Marked, Time, Told } from "./parts.js";
import { useResource } from "./use-resource.js";

const PAUSE_MILLISECONDS = 250;

/** What has happened to keys, the newest first, and whether the log is whole. */
export function AuditView({ now }: { now: number | null }) {
  const [typed, setTyped] = useState("");
  const [search, setSearch] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setSearch(typed.trim()), PAUSE_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [typed]);
  const { answer, error, reload, isLoading } = useResource("/api/audit", search === "" ? {} : { search });
  return (
    <>
      <h1 class="view-title">Audit log</h1>
      {error === null ? null : <Failure error={error} retry={reload} />}
      {answer === null ? null : <Chain view={answer} />}
      <Field label="Search" hint="In keys, events, actors and reasons.">
        {(ids) => <input {...ids} type="search" value={typed} onInput={({ currentTarget }) => setTyped(currentTarget.value)} />}
      </Field>
      {answer === null ? (
        error === null ? (
          <Loading what="the audit log" rows={8} />
        ) : null
      ) : (
        <Entries key={`${search} ${answer.head}`} view={answer} search={search} now={now} isLoading={isLoading} />
      )}
    </>
  );
}

function Chain({ view: { chain, head, count } }: { view: View }) {
  return (
    <div class={`verdict ${chain.isIntact === null ? "" : chain.isIntact ? "good" : "bad"}`}>
      <strong>
        {chain.isIntact === null
          ? "The chain cannot be judged now"
          : chain.isIntact
            ? "The chain is whole"
            : "The chain is broken"}
      </strong>
      <p>
        <Marked words={chain.words} />
      </p>
      <p class="row">
        <span class="soft">
          {count} entries; the head, to be kept elsewhere: <code class="head">{head}</code>
        </span>
        <Copy text={head} what="the head" />
      </p>
    </div>
  );
}

interface EntriesProps {
  readonly view: View;
  readonly search: string;
  readonly now: number | null;
  readonly isLoading: boolean;
}

function Entries({ view, search, now, isLoading }: EntriesProps) {
  const [older, setOlder] = useState<readonly ShownEntry[]>([]);
  const [more, setMore] = useState(view.more);
  const [error, setError] = useState<ApiError | null>(null);
  const entries = [...view.entries, ...older];
  const last = entries.at(-1);
  const read = () => {
    if (last === undefined) return;
    setError(null);
    call("/api/audit", { ...(search !== "" && { search }), before: last.number }).then((next) => {
      setOlder([...older, ...next.entries]);
      setMore(next.more);
    }, setError);
  };
  if (last === undefined) {
    if (search === "" && view.count > 0)
      return <Empty title="The log has no entries.">The keyring knows of {view.count}: they were deleted.</Empty>;
    return search === "" ? (
      <Empty title="Nothing has happened yet.">Each change of a key becomes an entry.</Empty>
    ) : (
      <Empty title="No entry has that.">The search looks at every entry, not only at those shown.</Empty>
    );
  }
  return (
    <>
      <ol class="audit" aria-busy={isLoading}>
        {entries.map((entry) => (
          <Entry key={entry.number} entry={entry} now={now ?? entry.at} />
        ))}
      </ol>
      {error === null ? null : <Failure error={error} retry={read} />}
      {more ? (
        <button type="button" class="more" onClick={read}>
          Older entries
        </button>
      ) : null}
    </>
  );
}

function Entry({ entry, now }: { entry: ShownEntry; now: number }) {
  const { number, at, actor, event, words, keys, why } = entry;
  return (
    <li class={event.endsWith("revoked") ? "revoked" : ""}>
      <span class="number">{number}</span>
      <Time at={at} now={now} />
      <div>
        <p>
          <Marked words={words} />{" "}
          {keys.map((kid) => (
            <Kid key={kid} kid={kid} />
          ))}
        </p>
        <p class="soft">
          <code>{event}</code> by <Told words={actor} />
          {why === null ? null : (
            <>
              : <Told words={why} />
            </>
          )}
        </p>
      </div>
    </li>
  );
}
