import { isObject } from "../../encoding/object-schema.js";
import { ownMember } from "../../encoding/own-member.js";
import { parseStrictJson } from "../../encoding/strict-json.js";
import { isSignetError, SignetError } from "../../errors.js";
import { isAbsent } from "../jwk-purpose.js";
import { type DerKind, derKind } from "./der-kind.js";
import { type PemBlock, pemBlocks } from "./pem-blocks.js";
import { bytesOfBase64, plainText, withoutEscapes } from "./plain-text.js";
import { CUT_OFF, foreignBlock, foreignBytes, foreignText } from "./refusals.js";

/** What a text may hold in bytes or characters: hundreds of keys. */
const MAX_LENGTH = 1_048_576;
/** JSON in quotes in base64 in a member of an object: no deeper. */
const MAX_LAYERS = 6;
/** What those call a key who put it into an object of JSON beside its name. */
const ID_MEMBERS = ["kid", "keyId", "key_id", "keyID", "private_key_id", "privateKeyId", "publicKeyID"];

interface Placed {
  /** What stands in one text, or in one object of JSON, belongs together. */
  readonly group: number;
  /** What the object around it calls the key. */
  readonly id?: unknown;
}

/** A key, a certificate or something else in DER, from a block of PEM or by itself. */
export interface DerPiece extends Placed {
  readonly form: "der";
  readonly kind: DerKind | undefined;
  readonly block: PemBlock;
}

export interface JwkPiece extends Placed {
  readonly form: "jwk";
  readonly jwk: Readonly<Record<string, unknown>>;
  /** Whether it stands in a list of keys. */
  readonly isListed: boolean;
}

/** A key that is none of ours to read, in words. */
interface ForeignPiece extends Placed {
  readonly form: "foreign";
  readonly words: string;
}

/** What was found in a text. */
export type Piece = DerPiece | JwkPiece | ForeignPiece;

interface Place extends Placed {
  readonly layer: number;
  readonly isListed?: boolean;
}

interface Search {
  readonly pieces: Piece[];
  groups: number;
  /** The member that is yet to be found. */
  member: string | undefined;
}

/**
 * Finds every key in what people have: PEM, DER, JWK, a list of JWKs, an object of JSON around any of these; with a byte order mark, in
 * UTF-16, in quotes, escaped, or in base64. What it costs is in proportion to the text.
 *
 * @param member the one member of an object that is looked at
 * @throws SignetError `invalid_key` for a text that is empty or too long, or without the member; `invalid_json`, `duplicate_member`
 */
export function piecesIn(input: Uint8Array | string, member?: string): readonly Piece[] {
  if (input.length > MAX_LENGTH) {
    throw new SignetError("invalid_key", "this has more than a megabyte; a key has a few thousand bytes");
  }
  const search: Search = { pieces: [], groups: 0, member };
  if (typeof input === "string") searchText(search, input, { group: 0, layer: 0 });
  else searchBytes(search, input, { group: 0, layer: 0 });
  if (search.member === undefined) return search.pieces;
  throw new SignetError("invalid_key", "--member is for an object of JSON, and this is none; leave it out", { field: "member" });
}

function searchBytes(search: Search, bytes: Uint8Array, place: Place): void {
  const foreign = foreignBytes(bytes);
  const kind = derKind(bytes);
  if (foreign !== undefined) addForeign(search, foreign, place);
  else if (kind !== undefined) addDer(search, kind, { label: "", bytes: Buffer.from(bytes) }, place);
  else {
    const text = plainText(bytes);
    if (text !== undefined) searchText(search, text, place);
  }
}

function searchText(search: Search, given: string, place: Place): void {
  const text = given.trim();
  if (text === "" && place.layer === 0) throw new SignetError("invalid_key", "this is empty; give a private key as PEM or JWK");
  if (place.layer > MAX_LAYERS || (/^[{[]/.test(text) && searchJson(search, text, place))) return;
  if (/-----BEGIN [^-]/.test(text)) {
    searchPem(search, text, place);
    return;
  }
  const inside = { ...place, layer: place.layer + 1 };
  const unquoted = withoutQuotes(text);
  if (unquoted !== undefined) {
    searchText(search, unquoted, inside);
    return;
  }
  const before = search.pieces.length;
  const decoded = bytesOfBase64(text);
  if (decoded !== undefined) searchBytes(search, decoded, inside);
  const foreign = search.pieces.length === before ? foreignText(text) : undefined;
  if (foreign !== undefined) addForeign(search, foreign, place);
}

/** @returns whether the text is JSON */
function searchJson(search: Search, text: string, place: Place): boolean {
  // An object that was escaped as a text, and lost the quotes around it.
  const unescaped = /^[{[]\s*\\"/.test(text) ? quotedText(`"${text}"`) : undefined;
  let value: unknown;
  try {
    value = parseStrictJson(unescaped ?? text, "the key's JSON");
  } catch (error) {
    const isOther = place.layer > 0 || text.includes("-----BEGIN ");
    if (isOther && isSignetError(error, "invalid_json")) return false;
    throw error;
  }
  searchValue(search, value, place);
  return true;
}

function searchValue(search: Search, value: unknown, place: Place): void {
  if (place.layer > MAX_LAYERS) return;
  const inside = { ...place, layer: place.layer + 1 };
  if (typeof value === "string") searchText(search, value, inside);
  else if (Array.isArray(value)) {
    for (const each of value) searchValue(search, each, { ...inside, group: ++search.groups, isListed: true });
  } else if (isObject(value)) searchObject(search, value, inside);
}

function searchObject(search: Search, object: Readonly<Record<string, unknown>>, place: Place): void {
  const { group, id, isListed = false } = place;
  const { member } = search;
  if (member !== undefined) {
    search.member = undefined;
    searchValue(search, memberOf(object, member), { ...place, id: idIn(object) });
  } else if (typeof object.kty === "string") search.pieces.push({ form: "jwk", jwk: object, group, id, isListed });
  else if (Array.isArray(object.keys)) searchValue(search, object.keys, place);
  else {
    const around = { ...place, group: ++search.groups, id: idIn(object) };
    for (const each of Object.values(object)) searchValue(search, each, around);
  }
}

function searchPem(search: Search, text: string, place: Place): void {
  const { blocks, cutOff } = pemBlocks(withoutEscapes(text));
  for (const block of blocks) {
    const foreign = foreignBlock(block.label);
    if (foreign !== undefined) addForeign(search, foreign, place);
    else addDer(search, derKind(block.bytes), block, place);
  }
  if (cutOff !== undefined) addForeign(search, CUT_OFF, place);
}

function addDer({ pieces }: Search, kind: DerKind | undefined, block: PemBlock, { group, id }: Place): void {
  pieces.push({ form: "der", kind, block, group, id });
}

function addForeign({ pieces }: Search, words: string, { group, id }: Place): void {
  pieces.push({ form: "foreign", words, group, id });
}

function withoutQuotes(text: string): string | undefined {
  const [quote = ""] = text;
  if (text.length < 2 || !/["']/.test(quote) || !text.endsWith(quote)) return undefined;
  return (quote === '"' ? quotedText(text) : undefined) ?? text.slice(1, -1);
}

function quotedText(text: string): string | undefined {
  try {
    return parseStrictJson(text, "the text") as string;
  } catch {
    return undefined;
  }
}

function idIn(object: Readonly<Record<string, unknown>>): unknown {
  const given = ID_MEMBERS.map((name) => ownMember(object, name));
  return given.find((each) => !isAbsent(each));
}

function memberOf(object: Readonly<Record<string, unknown>>, name: string): unknown {
  const value = ownMember(object, name);
  if (value !== undefined) return value;
  // Longer names could be keys themselves.
  const names = Object.keys(object).filter((each) => /^[\w.-]{1,32}$/.test(each));
  const others = names.length === 0 ? "" : `; it has ${names.slice(0, 10).join(", ")}`;
  throw new SignetError("invalid_key", `the object has no member of the name that was given${others}`, { field: "member" });
}
