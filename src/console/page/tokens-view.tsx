import { useState } from "preact/hooks";
import { IssuePanel } from "./issue-panel.js";
import { VerifyPanel } from "./verify-panel.js";

/** Tokens: one that is there is read and judged, one that is not is issued. */
export function TokensView({ issuer }: { issuer: string | null }) {
  const [pasted, setPasted] = useState("");
  return (
    <>
      <h1 class="view-title">Tokens</h1>
      <div class="two">
        <VerifyPanel issuer={issuer} token={pasted} setToken={setPasted} />
        <IssuePanel verify={setPasted} />
      </div>
    </>
  );
}
