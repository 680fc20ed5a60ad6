import { useEffect, useState } from "preact/hooks";
import type { VerifyAnswer } from "../contract.js";
import { type ApiError, call } from "./api.js";
import { Failure, Field, Lines, Marked, Told } from "./parts.js";
import { verifyRequest } from "./verify-request.js";

interface VerifyPanelProps {
  readonly issuer: string | null;
  readonly token: string;
  readonly setToken: (token: string) => void;
}

const PAUSE_MILLISECONDS = 250;

/** An answer, and what was asked. */
interface Judged {
  readonly asked: string;
  readonly found: VerifyAnswer | ApiError;
}

/** Reads a token and says whether it is good, by this issuer's keys as it is typed, by another's when that is asked for. */
export function VerifyPanel({ token, setToken, issuer }: VerifyPanelProps) {
  const [by, setBy] = useState<"own" | "other">("own");
  const [other, setOther] = useState("");
  const [audience, setAudience] = useState("");
  const [judged, setJudged] = useState<Judged | null>(null);
  const request = verifyRequest({ token, by, other, audience });
  const asked = JSON.stringify(request);
  // What was judged before something else was typed is not what is shown.
  const result = judged?.asked === asked ? judged.found : null;
  const verify = async () => {
    if (request === null) return;
    const found = await call("/api/verify", request).catch((error: ApiError) => error);
    setJudged({ asked, found });
  };
  useEffect(() => {
    if (by === "other") return undefined;
    const timer = setTimeout(() => void verify(), PAUSE_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [asked]);
  const submitted = (event: Event) => {
    event.preventDefault();
    void verify();
  };
  return (
    <section class="panel" aria-labelledby="verify">
      <h2 id="verify">Read and verify</h2>
      <form onSubmit={submitted}>
        <Field label="A token" hint="It goes to the console on this machine and no farther.">
          {(ids) => (
            <textarea
              {...ids}
              class="token"
              rows={5}
              value={token}
              placeholder="eyJ…"
              spellcheck={false}
              autocomplete="off"
              onInput={(event) => setToken(event.currentTarget.value)}
            />
          )}
        </Field>
        <fieldset class="choice">
          <legend>Whose keys</legend>
          <label>
            <input type="radio" name="by" checked={by === "own"} onChange={() => setBy("own")} />
            <span>
              this issuer's{issuer === null ? "" : ", "}
              {issuer === null ? null : <Told words={issuer} />}
            </span>
          </label>
          <label>
            <input type="radio" name="by" checked={by === "other"} onChange={() => setBy("other")} />
            <span>those of another issuer, fetched from its URL</span>
          </label>
        </fieldset>
        {by === "other" ? (
          <Field label="The issuer's URL" hint="Its keys are fetched when you press the button; the token is not sent there.">
            {(ids) => (
              <input
                {...ids}
                type="url"
                value={other}
                placeholder="https://issuer.example"
                onInput={(event) => setOther(event.currentTarget.value)}
              />
            )}
          </Field>
        ) : null}
        <Field label="The audience that is expected" hint="Without one, aud is not checked.">
          {(ids) => <input {...ids} type="text" value={audience} onInput={(event) => setAudience(event.currentTarget.value)} />}
        </Field>
        {by === "other" ? (
          <button type="submit" class="strong" disabled={request === null}>
            Fetch its keys and verify
          </button>
        ) : null}
      </form>
      <div aria-live="polite">
        {result === null ? null : result instanceof Error ? <Failure error={result} /> : <Verdict answer={result} />}
      </div>
    </section>
  );
}

function Verdict({ answer }: { answer: VerifyAnswer }) {
  const { verdict, header, claims, times } = answer;
  return (
    <>
      <div class={verdict.isValid ? "verdict good" : "verdict bad"}>
        <strong>{verdict.isValid ? "Valid" : "Refused"}</strong>
        <p>
          <Marked words={verdict.words} />
        </p>
        {verdict.code === undefined ? null : <code>{verdict.code}</code>}
        {verdict.keysFrom === undefined ? null : (
          <p class="soft">
            Keys from <Told words={verdict.keysFrom} />
          </p>
        )}
        {verdict.unchecked.map((words) => (
          <p key={words} class="soft">
            Not checked: <Marked words={words} />
          </p>
        ))}
      </div>
      {times.length === 0 ? null : (
        <dl class="times">
          {times.map(({ claim, words }) => (
            <div key={claim}>
              <dt>
                <code>{claim}</code>
              </dt>
              <dd>{words}</dd>
            </div>
          ))}
        </dl>
      )}
      {header === null ? null : (
        <>
          <h3>Header</h3>
          <Lines text={header} label="Header" />
        </>
      )}
      {claims === null ? null : (
        <>
          <h3>Claims</h3>
          <Lines text={claims} label="Claims" />
        </>
      )}
    </>
  );
}
