import type { KeyRecord } from "../../../src/keyring/key-record.js";
import type { Keyring } from "../../../src/keyring/keyring.js";
import { PLANTED } from "../../contracts/planted-key.js";
import { type Grasp, picked } from "../cloud/hands.js";
import type { Disk } from "./disk.js";

/** What people, and failing disks, do to the files of an installation. */
export type Hand =
  | "delete-standby" // its key file
  | "damage-standby" // a byte of it
  | "swap-standbys"
  | "delete-signer" // the key file of the key that signs
  | "swap-signer" // with a standby's
  | "delete-document" // the active one
  | "damage-document"
  | "plant-key" // in the JWKS
  | "delete-jwks"
  | "damage-jwks"
  | "delete-discovery"
  | "old-keyring" // put back, from so many writes ago
  | "old-rotation" // put back, from 1, 2 or 5 rotations ago
  | "delete-keyring"
  | "delete-log"
  | "shorten-log" // its last lines
  | "alter-log" // one line of it
  | "plant-file"; // a key that nobody knows, among the key files

export const HANDS: readonly Hand[] = [
  "delete-standby",
  "damage-standby",
  "swap-standbys",
  "delete-signer",
  "swap-signer",
  "delete-document",
  "damage-document",
  "plant-key",
  "delete-jwks",
  "damage-jwks",
  "delete-discovery",
  "old-keyring",
  "old-rotation",
  "delete-keyring",
  "delete-log",
  "shorten-log",
  "alter-log",
  "plant-file",
];

/** What a hand works on. */
export interface Reached extends Grasp {
  readonly disk: Disk;
  /** The installation's folder. */
  readonly path: string;
}

/** Lays a hand on the installation. Whose private part it takes is told to the oracle: nobody can save that key. */
export function layHand(hand: Hand, reached: Reached): undefined {
  const { disk, path, texts, pick } = reached;
  const { keys, one, other, harm } = picked(reached);
  const signer = keys.find(({ state }) => state === "active");
  const fileOf = (key: KeyRecord | undefined) => `${path}/keys/${key?.id}.key`;
  const edit = (at: string, change: (text: string) => string | undefined): undefined => {
    const present = disk.find(at);
    if (present === undefined) return;
    const next = change(present.content.toString("utf8"));
    if (next === undefined) disk.remove(at, "hand");
    else disk.put(at, onDisk(disk, next, present.mode), "hand");
  };
  const swap = (a: KeyRecord | undefined, b: KeyRecord | undefined): undefined => {
    const [ofA, ofB] = [disk.find(fileOf(a)), disk.find(fileOf(b))];
    if (a === b || ofA === undefined || ofB === undefined) return;
    for (const key of [a, b]) harm(key);
    disk.put(fileOf(a), ofB, "hand");
    disk.put(fileOf(b), ofA, "hand");
  };
  const flip = (text: string): string => {
    const at = Math.floor(text.length * ((pick % 7) / 7)) + 1;
    return `${text.slice(0, at)}${text[at] === "e" ? "f" : "e"}${text.slice(at + 1)}`;
  };
  const gone = (): undefined => undefined;
  const jwks = `${path}/public/jwks.json`;
  const putBack = (text: string | undefined): undefined => edit(`${path}/keyring.json`, (present) => text ?? present);
  const top = topName(disk, path);
  switch (hand) {
    case "delete-standby":
      harm(one);
      return edit(fileOf(one), gone);
    case "damage-standby":
      harm(one);
      return edit(fileOf(one), flip);
    case "swap-standbys":
      return swap(one, other);
    case "delete-signer":
      harm(signer);
      return edit(fileOf(signer), gone);
    case "swap-signer":
      return swap(signer, one);
    case "delete-document":
      return edit(`${path}/active/${top}`, gone);
    case "damage-document":
      return edit(`${path}/active/${top}`, flip);
    case "plant-key":
      return edit(jwks, (text) => text.replace('"keys":[', `"keys":[${JSON.stringify(PLANTED)},`));
    case "delete-jwks":
      return edit(jwks, gone);
    case "damage-jwks":
      return edit(jwks, (text) => text.slice(0, text.length / 2));
    case "delete-discovery":
      return edit(`${path}/public/openid-configuration.json`, gone);
    case "old-keyring":
      return putBack(texts[Math.max(0, texts.length - 1 - (pick % 60))]);
    case "old-rotation":
      return putBack(rotationsAgo(texts, [1, 2, 5][pick % 3] ?? 1));
    case "delete-keyring":
      return edit(`${path}/keyring.json`, gone);
    case "delete-log":
      return edit(`${path}/audit.jsonl`, gone);
    case "shorten-log":
      return edit(`${path}/audit.jsonl`, (text) => text.slice(0, Math.floor(text.length * 0.9)));
    case "alter-log":
      return edit(`${path}/audit.jsonl`, (text) => text.replace('"actor":"user story"', `"actor":"user other-${pick}"`));
    case "plant-file":
      if (disk.find(`${path}/keys`) === undefined) return;
      disk.put(`${path}/keys/nobody-${pick}.key`, onDisk(disk, "{}", 0o600), "hand");
      return;
  }
}

function onDisk(disk: Disk, text: string, mode: number) {
  const node = disk.file(Buffer.from(text), mode);
  node.synced = node.content;
  return node;
}

/** The file of the active document with the highest sequence. */
export function topName(disk: Disk, path: string): string | undefined {
  const names = [...(disk.find(`${path}/active`)?.entries.keys() ?? [])].filter((name) => /^\d+\.json$/.test(name));
  return names.sort((a, b) => Number.parseInt(b, 10) - Number.parseInt(a, 10))[0];
}

function rotationsAgo(texts: readonly string[], rotations: number): string | undefined {
  const sequenceIn = (text: string): number => (JSON.parse(text) as Keyring).confirmedSequence;
  const sequences = [...new Set(texts.map(sequenceIn))].filter((sequence) => sequence > 0);
  const wanted = sequences.at(-1 - rotations) ?? sequences[0];
  return texts.findLast((text) => sequenceIn(text) === wanted);
}
