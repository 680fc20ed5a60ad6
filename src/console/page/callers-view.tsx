import type { LimitInForce } from "../../operator/caller-limits.js";
import type { CallerView, CallersView as View } from "../contract.js";
import { Empty, Failure, Loading, Marked, Time, Told } from "./parts.js";
import { useResource } from "./use-resource.js";

/** Who may ask for tokens, how each proves who it is, and what it may have. */
export function CallersView({ now }: { now: number | null }) {
  const { answer, error, reload } = useResource("/api/callers", {});
  return (
    <>
      <h1 class="view-title">Callers</h1>
      {error === null ? null : <Failure error={error} retry={reload} />}
      {answer === null ? error === null ? <Loading what="the callers" /> : null : <Known view={answer} now={now} />}
    </>
  );
}

function Known({ view: answer, now }: { view: View; now: number | null }) {
  return (
    <>
      {answer.doubts.length === 0 ? null : (
        <ul class="waits-list">
          {answer.doubts.map((words) => (
            <li key={words} class="alert">
              <Marked words={words} />
            </li>
          ))}
        </ul>
      )}
      {answer.usesUnknown === null ? null : (
        <p class="notice">
          <Marked words={answer.usesUnknown} />
        </p>
      )}
      {answer.callers.length === 0 ? (
        <Empty title="There are no callers.">
          <Marked words="`signet callers add NAME` names one and gives it its secret." />
        </Empty>
      ) : (
        <div class="cards wide">
          {answer.callers.map((caller) => (
            <Caller key={caller.name} caller={caller} now={now} />
          ))}
        </div>
      )}
    </>
  );
}

function Caller({ caller, now }: { caller: CallerView; now: number | null }) {
  const { name, proofs, lastUse, lastUseWords, may, limits } = caller;
  return (
    <article class="card" aria-label={`caller ${name}`}>
      <header>
        <h2>
          <Told words={name} />
        </h2>
        <span class="soft">
          {lastUse !== null && now !== null ? <Time at={lastUse} now={now} /> : <Told words={lastUseWords} />}
        </span>
      </header>
      <ul class="proofs">
        {proofs.length === 0 ? <li class="soft">only IAM lets it in</li> : null}
        {[...proofs, ...may].map((words) => (
          <li key={words}>
            <Marked words={words} />
          </li>
        ))}
      </ul>
      {limits.length === 0 ? <p class="soft">It has the issuer's limits.</p> : <Limits limits={limits} name={name} />}
    </article>
  );
}

const WHOSE = { caller: "the caller's", issuer: "the issuer's", both: "both" };

function Limits({ limits, name }: { limits: readonly LimitInForce[]; name: string }) {
  return (
    <div class="scrolls">
      <table>
        <caption class="unseen">Limits in force for {name}</caption>
        <thead>
          <tr>
            <th scope="col">Limit</th>
            <th scope="col">In force</th>
            <th scope="col">Narrower</th>
          </tr>
        </thead>
        <tbody>
          {limits.map(({ member, words, from }) => (
            <tr key={member}>
              <th scope="row">
                <code>{member}</code>
              </th>
              <td>
                <Marked words={words} />
              </td>
              <td>
                <span class={`whose ${from}`}>{WHOSE[from]}</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
