import { useId, useRef, useState } from "preact/hooks";
import type { IssueCommand } from "../../operator/issue-commands.js";
import { Copy, Lines } from "./parts.js";

/** The same request as each client makes it, one at a time. */
export function Commands({ commands }: { commands: readonly IssueCommand[] }) {
  const id = useId();
  const tabs = useRef<HTMLDivElement>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const current = commands.find(({ name }) => name === chosen) ?? commands[0];
  if (current === undefined) return null;
  const step = (event: KeyboardEvent) => {
    if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
    const by = event.key === "ArrowRight" ? 1 : -1;
    event.preventDefault();
    const at = (commands.indexOf(current) + by + commands.length) % commands.length;
    setChosen(commands[at]?.name ?? null);
    tabs.current?.querySelectorAll("button")[at]?.focus();
  };
  return (
    <div class="commands">
      <h3>The same elsewhere</h3>
      <div ref={tabs} role="tablist" aria-label="Clients" onKeyDown={step}>
        {commands.map(({ name }) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`${id}-${name.replace(" ", "")}`}
            aria-selected={name === current.name}
            aria-controls={`${id}-shown`}
            tabIndex={name === current.name ? 0 : -1}
            onClick={() => setChosen(name)}
          >
            {name}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-shown`} aria-labelledby={`${id}-${current.name.replace(" ", "")}`}>
        <Lines text={current.text} label={`with ${current.name}`} />
        <Copy text={current.text} what={`the command for ${current.name}`} />
      </div>
    </div>
  );
}
