import type { Installation } from "../../assemble.js";
import { asArgument } from "../../encoding/shell-argument.js";
import { dateInWords } from "../../encoding/times-in-words.js";
import { kidOf, listKeys } from "../../operator/key-listing.js";
import { handingParty } from "../../operator/party-keys.js";
import type { TokensAtRisk } from "../../rotation/steps/revoke.js";
import { confirm } from "../confirm.js";
import type { Context } from "../context.js";
import { type ChangeOptions, managerFor, printReport } from "../key-report.js";
import { openInstallation } from "../open-installation.js";

export interface RevokeOptions extends ChangeOptions {
  readonly reason?: string;
}

/** `signet keys revoke`: a standby takes over at once, and the key leaves the JWKS. */
export async function keysRevoke(context: Context, given: string, options: RevokeOptions): Promise<void> {
  const installation = await openInstallation(context, options);
  const kid = await kidOf(installation, given);
  const manager = await managerFor(context, installation);
  const request = { kid, ...(options.reason === undefined ? {} : { reason: options.reason }) };
  const preview = await manager.revoke({ ...request, dryRun: true });
  if (options.json !== true || options.dryRun === true) tellRisk(context, preview.tokensAtRisk, options);
  // The wait of the key that signs: no other one may take over.
  if (preview.waits.some((wait) => wait.rule === "by_upload" && wait.kid === kid)) {
    const way = await waysOfSuccession(installation);
    context.output.note(
      `warning: no other key is known to who verifies, so that ${kid} goes on signing until one is and takes over: ${way}. ` +
        "Delete this one at the other side: only that ends its tokens there",
    );
  }
  if (options.dryRun === true) {
    printReport(context, preview, options);
    return;
  }
  for (const { words } of preview.waits.filter(({ rule }) => rule === "young_standby")) context.output.note(`warning: ${words}`);
  await confirm(`Revoke key ${kid}?`, options);
  printReport(context, await manager.revoke(request), options);
}

/** What lets another key sign. */
async function waysOfSuccession(installation: Installation): Promise<string> {
  const [next] = (await listKeys(installation)).awaitUpload;
  if (next?.publicJwk !== undefined)
    return `\`signet keys rotate --uploaded ${asArgument(next.publicJwk.kid)}\` lets the next one sign`;
  if (handingParty(installation.config) !== undefined)
    return "`signet keys import FILE --as active` lets the next one sign that you get there";
  return "`signet keys rotate` makes it, `signet keys rotate --uploaded KID` lets it sign";
}

function tellRisk({ output }: Context, risk: TokensAtRisk, options: ChangeOptions): void {
  if (options.json === true) return;
  const { issuedFrom, issuedUntil, latestExpiry, cachedUntil } = risk;
  if (issuedUntil === null && latestExpiry !== null && issuedFrom === null) {
    output.note("it has signed no token here");
  } else {
    const from = issuedFrom === null ? "an unknown time" : dateInWords(issuedFrom);
    const until = issuedUntil === null ? "an unknown time" : dateInWords(issuedUntil);
    const expiry = latestExpiry === null ? "they may have no end" : `the last ends ${dateInWords(latestExpiry)}`;
    output.note(`tokens at risk: all that it signed from ${from} to ${until} at the latest; ${expiry}`);
  }
  output.note(`caches may still hold it, and accept its tokens, until ${dateInWords(cachedUntil)}`);
}
