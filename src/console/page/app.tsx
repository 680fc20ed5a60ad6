import { useEffect, useState } from "preact/hooks";
import { type ApiError, beginSession, hasSession, SESSION_ENDED } from "./api.js";
import { AuditView } from "./audit-view.js";
import { CallersView } from "./callers-view.js";
import { KeysPage } from "./keys-page.js";
import { Marked, Told } from "./parts.js";
import { codeIn, VIEWS, type ViewName, viewIn } from "./route.js";
import { TokensView } from "./tokens-view.js";
import { useRefresh, useResource } from "./use-resource.js";

type Gate = "opening" | "open" | "uninvited" | "ended" | { readonly refused: ApiError };

/** The console: who is not invited is told how to be. */
export function App() {
  const [gate, setGate] = useState<Gate>("opening");
  useEffect(() => {
    const code = codeIn(location.hash);
    // The code is good once: it does not stay in the address, nor in what the browser remembers.
    if (code !== null) history.replaceState(null, "", "#keys");
    if (code !== null) {
      beginSession(code).then(
        () => setGate("open"),
        (refused: ApiError) => setGate(hasSession() ? "open" : { refused }),
      );
    } else setGate(hasSession() ? "open" : "uninvited");
    const ended = () => setGate("ended");
    addEventListener(SESSION_ENDED, ended);
    return () => removeEventListener(SESSION_ENDED, ended);
  }, []);
  if (gate === "open") return <Console />;
  return <Door gate={gate} />;
}

function Door({ gate }: { gate: Exclude<Gate, "open"> }) {
  if (gate === "opening") return <main class="door" aria-busy="true" />;
  const [title, words] =
    gate === "uninvited"
      ? ["This console is opened by its link.", "`signet console` opens it; `signet console --no-open` prints the link."]
      : gate === "ended"
        ? ["This console has ended.", "It ends by itself when it is not used. `signet console` opens a new one."]
        : ["This link does not open the console.", gate.refused.message];
  return (
    <main class="door">
      <Seal />
      <h1>{title}</h1>
      <p>
        <Marked words={words} />
      </p>
    </main>
  );
}

function Seal() {
  return (
    <svg class="seal" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
      <path d="M8 9.5a7 7 0 1 0 8 0M7 3h10l2 4-7 5-7-5z" />
    </svg>
  );
}

function Console() {
  const [view, setView] = useState<ViewName>(viewIn(location.hash));
  useEffect(() => {
    const turned = () => setView(viewIn(location.hash));
    addEventListener("hashchange", turned);
    return () => removeEventListener("hashchange", turned);
  }, []);
  const keys = useResource("/api/keys", {});
  useRefresh(keys);
  const { answer, error } = keys;
  return (
    <>
      <header class="top">
        <button type="button" class="skip" onClick={skip}>
          To the content
        </button>
        <span class="brand">
          <Seal />
          Signet
        </span>
        <span class="where">
          <Told words={answer === null ? "" : (answer.issuer ?? "claims bring their own issuer")} />
          <small>
            <Told words={answer?.place ?? ""} />
          </small>
        </span>
        <nav aria-label="Views">
          {VIEWS.map(({ name, title }) => (
            <a key={name} href={`#${name}`} aria-current={name === view ? "page" : undefined}>
              {title}
            </a>
          ))}
        </nav>
      </header>
      {error?.code === "unreachable" && answer !== null ? (
        <div class="offline" role="alert">
          <Marked words="The console does not answer: this is how things stood. It may have been stopped; `signet console` starts it again." />
          <button type="button" onClick={keys.reload}>
            Try again
          </button>
        </div>
      ) : null}
      {answer?.underWay && (
        <p class="notice" role="status">
          A {answer.underWay.change === "rotate" ? "rotation" : "revocation"} is under way.{" "}
          <Marked words={answer.underWay.steps.at(-1) ?? ""} />
        </p>
      )}
      <main id="main" tabIndex={-1} class={error !== null && answer !== null ? "stale" : ""}>
        {/* A change that is looked at, or done, and how it ended, is still there when one comes back. */}
        <div class="kept" hidden={view !== "keys"}>
          <KeysPage keys={keys} />
        </div>
        {view === "tokens" ? <TokensView issuer={answer?.issuer ?? null} /> : null}
        {view === "callers" ? <CallersView now={answer?.now ?? null} /> : null}
        {view === "audit" ? <AuditView now={answer?.now ?? null} /> : null}
      </main>
    </>
  );
}

function skip() {
  document.getElementById("main")?.focus();
}
