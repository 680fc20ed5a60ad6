import { useEffect, useState } from "preact/hooks";
import { visible } from "../../errors.js";
import type { KeyCard } from "../../operator/key-overview.js";
import type { KeysView } from "../contract.js";
import { Copy, Kid, Marked, Time, Told } from "./parts.js";

interface CardListProps {
  readonly view: KeysView;
  readonly now: number;
  readonly selected: string | undefined;
  readonly revoke: (kid: string) => void;
  /** Lets a key sign that a person has uploaded. */
  readonly uploaded: (kid: string) => void;
}

const SHOWN_RETIRED = 3;

/** A card for each key; those that have long ceased to sign are folded. */
export function CardList({ view, now, selected, revoke, uploaded }: CardListProps) {
  const [isOpen, setOpen] = useState(false);
  const retired = view.keys.filter(({ state }) => state === "retired");
  const away = isOpen || retired.length <= SHOWN_RETIRED + 1 ? [] : retired.slice(SHOWN_RETIRED);
  const shown = view.keys.filter((key) => !away.includes(key) || visible(key.name) === selected);
  return (
    <section class="cards" aria-label="Keys">
      {shown.map((key) => (
        <Card
          key={key.name}
          card={key}
          view={view}
          now={now}
          isSelected={visible(key.name) === selected}
          revoke={revoke}
          uploaded={uploaded}
        />
      ))}
      {away.length > 0 ? (
        <button type="button" class="more" onClick={() => setOpen(true)}>
          Show {away.length} more retired keys
        </button>
      ) : null}
    </section>
  );
}

interface CardProps extends Pick<CardListProps, "view" | "now" | "revoke" | "uploaded"> {
  readonly card: KeyCard;
  readonly isSelected: boolean;
}

function Card({ card, view, now, isSelected, revoke, uploaded }: CardProps) {
  const { kid, name, state, alg, custody, origin, why } = card;
  return (
    <article class={`card ${state}${isSelected ? " selected" : ""}`} aria-label={`key ${visible(name)}`}>
      <header>
        <h3>
          <Kid kid={kid ?? name} signs={state === "active"} />
        </h3>
        <span class={`badge ${state}`}>{card.badge}</span>
      </header>
      <p class="soft">
        {alg}, held by {custody}
        {origin === "created" ? "" : `, ${origin}`}
      </p>
      <p class="why">
        <Marked words={why} />
      </p>
      <Facts card={card} now={now} />
      {card.awaitsUpload && kid !== null ? (
        <p class="waiting">
          It signs once you have uploaded it.{" "}
          <button type="button" disabled={view.rights.rotate !== true} onClick={() => uploaded(kid)}>
            It was uploaded…
          </button>
        </p>
      ) : null}
      <footer>
        {kid === null ? null : (
          <Copy text={kid} what={`kid ${kid}`}>
            kid
          </Copy>
        )}
        {card.pem === null ? null : (
          <Copy text={card.pem} what={`PEM of ${kid}`}>
            PEM
          </Copy>
        )}
        {card.jwk === null ? null : (
          <Copy text={JSON.stringify(card.jwk, null, 2)} what={`JWK of ${kid}`}>
            JWK
          </Copy>
        )}
        <Revoke card={card} right={view.rights.revoke} revoke={revoke} />
      </footer>
    </article>
  );
}

function Facts({ card, now }: { card: KeyCard; now: number }) {
  const { state, since, until, signsAt, knownAt, unprovenSince } = card;
  return (
    <dl>
      <dt>since</dt>
      <dd>
        <Time at={since} now={now} />
      </dd>
      {until === null ? null : (
        <>
          <dt>{state === "pending" ? "may sign" : "until"}</dt>
          <dd>
            {state === "pending" ? "from " : ""}
            <Time at={until} now={now} />
          </dd>
        </>
      )}
      {signsAt === null ? null : (
        <>
          <dt>is to sign</dt>
          <dd>
            from <Time at={signsAt} now={now} />
          </dd>
        </>
      )}
      {knownAt === null || knownAt === until || state === "retired" || state === "revoked" ? null : (
        <>
          <dt>every verifier</dt>
          <dd>
            {knownAt <= now ? "has it since " : "has it from "}
            <Time at={knownAt} now={now} />
          </dd>
        </>
      )}
      {unprovenSince === null ? null : (
        <>
          <dt class="bad">unproven</dt>
          <dd>
            <Time at={unprovenSince} now={now} />
          </dd>
        </>
      )}
    </dl>
  );
}

function Revoke({ card, right, revoke }: { card: KeyCard; right: true | string; revoke: (kid: string) => void }) {
  const { kid } = card;
  const [isTold, setTold] = useState(false);
  useEffect(() => setTold(false), [right]);
  if (kid === null || !card.isRevocable) return null;
  if (right === true) {
    return (
      <button type="button" class="quiet danger" aria-label={`Revoke ${visible(kid)}`} onClick={() => revoke(kid)}>
        Revoke…
      </button>
    );
  }
  return (
    <>
      <button type="button" class="quiet" aria-expanded={isTold} onClick={() => setTold(!isTold)}>
        Why not revoke?
      </button>
      {isTold ? (
        <p class="soft">
          <Told words={right} />
        </p>
      ) : null}
    </>
  );
}
