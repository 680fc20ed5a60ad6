import type { ActiveDocument } from "../../../src/keyring/active-document.js";
import type { Clockwork } from "./clockwork.js";
import type { Oracle } from "./oracle.js";
import type { Services } from "./services.js";

/** An issuer's warm process: its clock, how seldom it is used, and how badly it reads. */
export interface IssuerTraits {
  readonly skewSeconds: number;
  readonly everySeconds: number;
  /** One read in so many fails; 0: none. */
  readonly failsEvery: number;
  /** How late its reads are. */
  readonly lateSeconds: number;
  /** For how long a read may be on its way, because the process is frozen in the middle of it. */
  readonly frozenSeconds: number;
  /** When its process begins, after the story does; at once when absent. */
  readonly bornAfterSeconds?: number;
}

const MAX_AGE_SECONDS = 3_600;
const TTL_SECONDS = 1_000_000;

/** Issues now and then, by the rules of `issue/active-key.ts`: the worst that they allow. */
export function startIssuer(traits: IssuerTraits, clockwork: Clockwork, services: Services, oracle: Oracle, until: number): void {
  let known: { document: ActiveDocument; confirmedAt: number } | undefined;
  let reads = 0;
  const clock = (): number => Math.floor(clockwork.now() + traits.skewSeconds);

  function use(): void {
    if (known === undefined || clock() - known.confirmedAt >= MAX_AGE_SECONDS) return;
    // The longest token that the document allows, whatever the issuer's own limit.
    oracle.signed(known.document.kid, clock() + Math.min(known.document.maxTtlSeconds, TTL_SECONDS));
  }

  function refresh(): void {
    reads++;
    if (traits.failsEvery > 0 && reads % traits.failsEvery === 0) return;
    const [top] = services.documents(traits.lateSeconds);
    if (top === undefined || (known !== undefined && top.sequence < known.document.sequence)) return;
    if (!services.canOpen(top) && known?.document.sequence !== top.sequence) return;
    const confirmed = { document: top, confirmedAt: clock() };
    const frozen = Math.min(traits.frozenSeconds, traits.everySeconds - 1);
    // The answer counts from when the read was sent.
    if (frozen <= 0) known = confirmed;
    else {
      clockwork.at(
        clockwork.now() + frozen,
        () => {
          if (known === undefined || known.document.sequence <= confirmed.document.sequence) known = confirmed;
        },
        false,
      );
    }
  }

  function wake(): void {
    if (clockwork.now() > until) return;
    // Once with what it has, once with what it reads.
    use();
    refresh();
    use();
    clockwork.at(clockwork.now() + traits.everySeconds, wake, false);
  }

  clockwork.at(clockwork.now() + (traits.bornAfterSeconds ?? 0) + traits.everySeconds, wake, false);
}
