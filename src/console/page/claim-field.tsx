import { useId } from "preact/hooks";
import type { IssueField } from "../../operator/issue-form.js";
import { Field } from "./parts.js";

interface ClaimFieldProps {
  readonly field: IssueField;
  readonly value: string;
  readonly fault: string | undefined;
  readonly put: (value: string) => void;
}

/** A claim to fill in, by what the limits say of it. */
export function ClaimField({ field, value, fault, put }: ClaimFieldProps) {
  const { claim, isRequired, type, values } = field;
  const exact = values?.every((each) => !each.endsWith("*")) === true ? values : undefined;
  if (exact !== undefined && type === "texts")
    return <Several field={field} values={exact} value={value} fault={fault} put={put} />;
  const isWrong = fault !== undefined;
  const typed = ({ currentTarget }: { currentTarget: { value: string } }) => put(currentTarget.value);
  const label = (
    <>
      <code>{claim}</code>
      {isRequired ? "" : " (may stay empty)"}
    </>
  );
  return (
    <Field label={label} hint={fault ?? (exact === undefined ? hintOf(field) : undefined)}>
      {(ids) => {
        if (exact === undefined) {
          return type === "json" ? (
            <textarea {...ids} rows={2} class="token" value={value} aria-invalid={isWrong} onInput={typed} />
          ) : (
            <input {...ids} type="text" value={value} aria-invalid={isWrong} required={isRequired} onInput={typed} />
          );
        }
        return (
          <select {...ids} value={value} aria-invalid={isWrong} onChange={typed}>
            <option value="">{isRequired ? "choose one" : "none"}</option>
            {exact.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        );
      }}
    </Field>
  );
}

/** Some of a few values: each stands in a line of what was chosen, so that it may hold commas. */
function Several({ field, values, value, fault, put }: ClaimFieldProps & { readonly values: readonly string[] }) {
  const id = useId();
  const chosen = value.split("\n").filter((line) => line !== "");
  const toggle = (each: string) => {
    const then = chosen.includes(each) ? chosen.filter((other) => other !== each) : [...chosen, each];
    put(then.map((line) => `${line}\n`).join(""));
  };
  return (
    <fieldset class="choice" aria-describedby={fault === undefined ? undefined : id}>
      <legend>
        <code>{field.claim}</code>
        {field.isRequired ? "" : " (may stay empty)"}
      </legend>
      {values.map((each) => (
        <label key={each}>
          <input
            type="checkbox"
            aria-invalid={fault !== undefined}
            checked={chosen.includes(each)}
            onChange={() => toggle(each)}
          />
          <span>{each}</span>
        </label>
      ))}
      {fault === undefined ? null : (
        <p class="hint fault" id={id}>
          {fault}
        </p>
      )}
    </fieldset>
  );
}

function hintOf({ type, values }: IssueField): string | undefined {
  const many =
    type === "texts" ? "Several are divided by commas. " : type === "json" ? "JSON: a text stands between double quotes. " : "";
  const among = values === undefined ? "" : `One of ${values.join(", ")}; * stands for any ending.`;
  return `${many}${among}`.trim() || undefined;
}
