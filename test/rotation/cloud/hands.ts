import type { KeyRecord } from "../../../src/keyring/key-record.js";
import type { Keyring } from "../../../src/keyring/keyring.js";
import { parseKeyring } from "../../../src/keyring/parse.js";
import { PLANTED } from "../../contracts/planted-key.js";
import type { Cloud } from "./cloud.js";
import type { CloudOracle } from "./oracle.js";

/** What people do to an installation from outside, at the console or by a script. */
export type Hand =
  | "delete-alias" // of one key
  | "swap-aliases" // of two keys
  | "disable-standby"
  | "schedule-standby"
  | "delete-standby" // its parameter or secret
  | "damage-standby"
  | "swap-standbys"
  | "delete-document" // the one that signs
  | "plant-key" // in the JWKS
  | "delete-jwks"
  | "delete-discovery"
  | "old-keyring" // put back, from so many writes ago
  | "old-object" // an earlier version of one object of the bucket restored
  | "old-bucket" // every object as it was
  | "log-garbage" // an object beyond the log's last line
  | "log-line"; // one line of the log deleted

export const HANDS: readonly Hand[] = [
  "delete-alias",
  "swap-aliases",
  "disable-standby",
  "schedule-standby",
  "delete-standby",
  "damage-standby",
  "swap-standbys",
  "delete-document",
  "plant-key",
  "delete-jwks",
  "delete-discovery",
  "old-keyring",
];

/** What people do to a bucket that keeps versions, and to the log in it. */
export const RESTORING_HANDS: readonly Hand[] = ["old-object", "old-bucket", "log-garbage", "log-line"];

/** How long ago the versions are from that are restored. */
const AGES_SECONDS = [600, 3_600, 86_400, 432_000, 864_000];

/** What a hand works on anywhere. */
export interface Grasp {
  readonly oracle: CloudOracle;
  readonly keyring: Keyring | undefined;
  /** Earlier texts of the keyring, the newest last. */
  readonly texts: readonly string[];
  /** Which key, and how far back. */
  readonly pick: number;
}

/** What a hand works on in AWS. */
export interface Reached extends Grasp {
  readonly cloud: Cloud;
}

/** Two standbys that are picked, and how the oracle is told that a hand takes something from a key: nobody can save that. */
export function picked({ oracle, keyring, pick }: Grasp) {
  const keys = keyring?.keys.filter(({ publicJwk }) => publicJwk !== undefined) ?? [];
  const standbys = keys.filter(({ state }) => state === "pending");
  const [one, other] = [standbys[pick % Math.max(1, standbys.length)], standbys[(pick + 1) % Math.max(1, standbys.length)]];
  const harm = (key: KeyRecord | undefined): void => {
    if (key?.publicJwk !== undefined) oracle.harmed(key.publicJwk.kid);
  };
  return { keys, one, other, harm };
}

/** Lays a hand on the installation. What it takes from a standby is told to the oracle: nobody can save that. */
export function layHand(hand: Hand, reached: Reached): undefined {
  const { cloud, oracle, keyring, texts, pick } = reached;
  const { keys, one, other, harm } = picked(reached);
  const aliases = [...cloud.aliases.get()];
  switch (hand) {
    case "delete-alias": {
      const [alias] = aliases[pick % Math.max(1, aliases.length)] ?? [];
      if (alias !== undefined) cloud.edit(cloud.aliases, alias, undefined);
      return;
    }
    case "swap-aliases": {
      const [a, b] = [aliases[pick % Math.max(1, aliases.length)], aliases[(pick + 1) % Math.max(1, aliases.length)]];
      if (a === undefined || b === undefined) return;
      cloud.edit(cloud.aliases, a[0], b[1]);
      cloud.edit(cloud.aliases, b[0], a[1]);
      return;
    }
    case "disable-standby":
    case "schedule-standby": {
      const key = [...cloud.keys.values()].find(({ id }) => id === one?.publicJwk?.kid);
      if (key === undefined) return;
      harm(one);
      key.state = hand === "disable-standby" ? "Disabled" : "PendingDeletion";
      return;
    }
    case "delete-standby":
    case "damage-standby": {
      if (one === undefined) return;
      changeStandby(reached, one, (text) => (hand === "delete-standby" ? undefined : text.replace(/A/g, "B")));
      harm(one);
      return;
    }
    case "swap-standbys": {
      if (one === undefined || other === undefined || one === other) return;
      const [ofOne, ofOther] = [textOf(cloud, one), textOf(cloud, other)];
      if (ofOne === undefined || ofOther === undefined) return;
      changeStandby(reached, one, () => ofOther);
      changeStandby(reached, other, () => ofOne);
      harm(one);
      harm(other);
      return;
    }
    case "delete-document": {
      const active = [...cloud.parameters.get()].filter(([name]) => name.includes("/active/"));
      const [top] = active.sort((a, b) => JSON.parse(b[1]).sequence - JSON.parse(a[1]).sequence);
      if (top === undefined) return;
      // With Parameter Store and wrapped keys it is the only copy.
      oracle.harmed(JSON.parse(top[1]).kid);
      cloud.edit(cloud.parameters, top[0], undefined);
      return;
    }
    case "plant-key": {
      const jwks = cloud.objects.get().get(".well-known/jwks.json");
      if (jwks === undefined) return;
      const { keys: published } = JSON.parse(jwks.body);
      cloud.edit(cloud.objects, ".well-known/jwks.json", {
        body: JSON.stringify({ keys: [...published, PLANTED] }),
        etag: `"planted-${pick}-${jwks.etag.length}-${published.length}"`,
      });
      return;
    }
    case "delete-jwks":
      cloud.edit(cloud.objects, ".well-known/jwks.json", undefined);
      return;
    case "delete-discovery":
      cloud.edit(cloud.objects, ".well-known/openid-configuration", undefined);
      return;
    case "old-object": {
      const then = cloud.objects.get(AGES_SECONDS[pick % AGES_SECONDS.length]);
      const [name, version] = [...then].filter(([key]) => !key.startsWith("audit/"))[pick % 3] ?? [];
      if (name === undefined || version === undefined) return;
      return cloud.edit(cloud.objects, name, { body: version.body, etag: `"restored-${pick}-${cloud.objects.get().size}"` });
    }
    case "old-bucket": {
      const then = cloud.objects.get(AGES_SECONDS[pick % AGES_SECONDS.length]);
      const text = then.get("keyring.json")?.body;
      const old = text === undefined ? undefined : parseKeyring(text, "keyring.json");
      if (old === undefined || old.confirmedSequence === 0) return;
      // What came since is known to nobody any more, but for what the active document says.
      for (const { publicJwk } of keys) {
        if (publicJwk !== undefined && old.keys.every((key) => key.publicJwk?.kid !== publicJwk.kid))
          oracle.excused(publicJwk.kid);
      }
      return cloud.objects.set(then);
    }
    case "log-garbage": {
      const number = String((keyring?.audit.count ?? 0) + 1 + (pick % 3)).padStart(12, "0");
      return cloud.edit(cloud.objects, `audit/${number}.json`, { body: "somebody was here", etag: `"garbage-${pick}"` });
    }
    case "log-line": {
      const lines = [...cloud.objects.get().keys()].filter((key) => key.startsWith("audit/"));
      return cloud.edit(cloud.objects, lines[pick % lines.length] ?? "", undefined);
    }
    case "old-keyring": {
      const text = texts[Math.max(0, texts.length - 1 - (pick % 60))];
      if (text !== undefined) cloud.edit(cloud.objects, "keyring.json", { body: text, etag: `"old-${texts.length}-${pick}"` });
      return;
    }
  }
}

function textOf(cloud: Cloud, { id }: KeyRecord): string | undefined {
  const parameter = [...cloud.parameters.get()].find(([name]) => name.endsWith(`/keys/${id}`))?.[1];
  return parameter ?? [...cloud.secrets.get()].find(([name]) => name.endsWith(`/keys/${id}`))?.[1].value;
}

function changeStandby({ cloud }: Reached, { id }: KeyRecord, change: (text: string) => string | undefined): void {
  for (const [name, text] of cloud.parameters.get())
    if (name.endsWith(`/keys/${id}`)) cloud.edit(cloud.parameters, name, change(text));
  for (const [name, { value, version }] of cloud.secrets.get()) {
    if (!name.endsWith(`/keys/${id}`)) continue;
    const next = change(value);
    cloud.edit(cloud.secrets, name, next === undefined ? undefined : { value: next, version });
  }
}
