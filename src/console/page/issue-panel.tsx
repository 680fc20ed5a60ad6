import { useEffect, useRef, useState } from "preact/hooks";
import { durationInWords } from "../../encoding/durations.js";
import { ownMember } from "../../encoding/own-member.js";
import type { IssueRequest } from "../../issue/request.js";
import type { IssueCommand } from "../../operator/issue-commands.js";
import type { IssueForm } from "../../operator/issue-form.js";
import type { IssueAnswer } from "../contract.js";
import { type ApiError, call } from "./api.js";
import { ClaimField } from "./claim-field.js";
import { Commands } from "./commands.js";
import { type Filled, NOTHING, readForm } from "./issue-request.js";
import { Copy, Failure, Field, Lines, Loading, Marked, Told } from "./parts.js";
import { useResource } from "./use-resource.js";

const PAUSE_MILLISECONDS = 400;

/** A form from the limits in force; what it asks for is shown as every client would ask for it. */
export function IssuePanel({ verify }: { verify: (token: string) => void }) {
  const [caller, setCaller] = useState<string | null>(null);
  const form = useResource("/api/issue-form", caller === null ? {} : { caller });
  return (
    <section class="panel" aria-labelledby="issue">
      <h2 id="issue">Issue</h2>
      {form.error === null ? null : <Failure error={form.error} retry={form.reload} />}
      {form.answer === null ? null : <Callers names={form.answer.callers} chosen={caller} choose={setCaller} />}
      {form.answer !== null && form.answer.caller === caller ? (
        <Form key={caller} form={form.answer} verify={verify} />
      ) : form.error === null ? (
        <Loading what="the limits" />
      ) : null}
    </section>
  );
}

interface CallersProps {
  readonly names: readonly string[];
  readonly chosen: string | null;
  readonly choose: (caller: string | null) => void;
}

/** Whose token it will be: what was chosen, while its limits are read too. */
function Callers({ names, chosen, choose }: CallersProps) {
  if (names.length === 0) return null;
  return (
    <Field label="For" hint="A caller's token holds to the narrower of its limits and the issuer's.">
      {(ids) => (
        <select {...ids} value={chosen ?? ""} onChange={({ currentTarget }) => choose(currentTarget.value || null)}>
          <option value="">the issuer itself</option>
          {names.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

interface FormProps {
  readonly form: IssueForm;
  readonly verify: (token: string) => void;
}

function Form({ form, verify }: FormProps) {
  const [filled, setFilled] = useState<Filled>(NOTHING);
  const [tries, setTries] = useState(0);
  const [isWorking, setWorking] = useState(false);
  const place = useRef<HTMLFormElement>(null);
  const [issued, setIssued] = useState<IssueAnswer | ApiError | null>(null);
  const read = readForm(form, filled);
  const commands = useCommands(form, "request" in read ? read.request : null);
  const faults = tries > 0 && "faults" in read ? read.faults : new Map<string, string>();
  const withCaller = form.caller === null ? {} : { caller: form.caller };
  const submitted = (event: Event) => {
    event.preventDefault();
    setTries(tries + 1);
    if (!("request" in read)) return;
    setWorking(true);
    call("/api/issue", { request: read.request, ...withCaller })
      .then(setIssued, setIssued)
      .finally(() => setWorking(false));
  };
  useEffect(() => {
    // The first field that has a fault says which.
    if (tries > 0) place.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [tries]);
  return (
    <form ref={place} onSubmit={submitted} noValidate>
      {form.fields.map((field) => (
        <ClaimField
          key={field.claim}
          field={field}
          value={ownMember(filled.claims, field.claim) ?? ""}
          fault={faults.get(field.claim)}
          put={(value) => setFilled({ ...filled, claims: { ...filled.claims, [field.claim]: value } })}
        />
      ))}
      <Rest form={form} filled={filled} setFilled={setFilled} faults={faults} />
      <Fixed form={form} />
      {form.right === true ? null : (
        <p class="notice">
          <Marked words={form.right} />
        </p>
      )}
      <button type="submit" class="strong" disabled={form.right !== true || isWorking}>
        Issue a token
      </button>
      <div aria-live="polite">
        {issued === null ? null : issued instanceof Error ? (
          <Failure error={issued} />
        ) : (
          <Issued answer={issued} verify={verify} />
        )}
      </div>
      <Commands commands={commands} />
    </form>
  );
}

/** What every client would send, read again when what is asked for rests. */
function useCommands({ caller }: IssueForm, request: IssueRequest | null): readonly IssueCommand[] {
  const [commands, setCommands] = useState<readonly IssueCommand[]>([]);
  const turn = useRef(0);
  const body = JSON.stringify(request);
  useEffect(() => {
    turn.current += 1;
    const mine = turn.current;
    if (request === null) return undefined;
    const put = (read: readonly IssueCommand[]) => mine === turn.current && setCommands(read);
    const ask = () =>
      call("/api/issue-commands", { request, ...(caller !== null && { caller }) }).then(
        (answer) => put(answer.commands),
        () => put([]),
      );
    const timer = setTimeout(() => void ask(), PAUSE_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [body, caller]);
  return commands;
}

interface RestProps {
  readonly form: IssueForm;
  readonly filled: Filled;
  readonly setFilled: (filled: Filled) => void;
  readonly faults: ReadonlyMap<string, string>;
}

function Rest({ form, filled, setFilled, faults }: RestProps) {
  const { ttl } = form;
  const usual = ttl.default === null ? "" : `${durationInWords(ttl.default)} where it stays empty; `;
  const offered = (["iat", "nbf", "jti"] as const).filter((name) => name === "nbf" || !form.always.includes(name));
  const toggle = (name: "iat" | "nbf" | "jti") =>
    filled.sets.includes(name) ? filled.sets.filter((each) => each !== name) : [...filled.sets, name];
  return (
    <>
      <Field
        label={`Life${ttl.isRequired ? "" : " (may stay empty)"}`}
        hint={faults.get("ttl") ?? `${usual}${durationInWords(ttl.max)} at most. As 90s, 10m or 1h30m.`}
      >
        {(ids) => (
          <input
            {...ids}
            type="text"
            value={filled.ttl}
            aria-invalid={faults.has("ttl")}
            onInput={({ currentTarget }) => setFilled({ ...filled, ttl: currentTarget.value })}
          />
        )}
      </Field>
      {form.types.length < 2 ? null : (
        <Field label="typ">
          {(ids) => (
            <select
              {...ids}
              value={filled.typ || form.types[0]}
              onChange={({ currentTarget }) => setFilled({ ...filled, typ: currentTarget.value })}
            >
              {form.types.map((typ) => (
                <option key={typ}>{typ}</option>
              ))}
            </select>
          )}
        </Field>
      )}
      {offered.length === 0 ? null : (
        <fieldset class="choice">
          <legend>Besides</legend>
          {offered.map((name) => (
            <label key={name}>
              <input
                type="checkbox"
                checked={filled.sets.includes(name)}
                onChange={() => setFilled({ ...filled, sets: toggle(name) })}
              />
              <code>{name}</code>
            </label>
          ))}
        </fieldset>
      )}
      {form.takesOthers ? (
        <Field label="Other claims (may stay empty)" hint={faults.get("others") ?? "A JSON object."}>
          {(ids) => (
            <textarea
              {...ids}
              rows={3}
              class="token"
              value={filled.others}
              placeholder="{ }"
              aria-invalid={faults.has("others")}
              onInput={({ currentTarget }) => setFilled({ ...filled, others: currentTarget.value })}
            />
          )}
        </Field>
      ) : null}
    </>
  );
}

function Fixed({ form }: { form: IssueForm }) {
  if (form.fixed.length === 0) return null;
  return (
    <p class="soft">
      Every token has{" "}
      {form.fixed.map(({ name, value }, index) => (
        <span key={name}>
          {index > 0 ? ", " : ""}
          <code>
            <Told words={`${name}: ${JSON.stringify(value)}`} />
          </code>
        </span>
      ))}
      .
    </p>
  );
}

function Issued({ answer, verify }: { answer: IssueAnswer; verify: (token: string) => void }) {
  return (
    <div class="verdict good">
      <strong>Issued</strong>
      {answer.notes.map((words) => (
        <p key={words} class="notice">
          <Marked words={words} />
        </p>
      ))}
      <p class="soft">It is kept nowhere: copy it now.</p>
      <Lines text={answer.token} label="The token" />
      <p class="row">
        <Copy text={answer.token} what="the token">
          Copy the token
        </Copy>
        <button type="button" class="quiet" onClick={() => verify(answer.token)}>
          Read and verify it
        </button>
      </p>
      <Lines text={answer.claims} label="Claims" />
    </div>
  );
}
