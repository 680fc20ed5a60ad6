import { isNonEmptyText, isObject, isText } from "../../encoding/list-of.js";
import { ownMember } from "../../encoding/own-member.js";
import { eventHeader } from "../../verify/event-header.js";

type Members = Readonly<Record<string, unknown>>;

/** Where an event may show a token. Where it names identity sources, the token is one of these: an answer is kept by them. */
export interface TokenPlaces {
  /** A header's name, in small letters. */
  readonly header: string;
  /** A query parameter, where a browser cannot set a header (WebSocket). */
  readonly query: string | undefined;
}

/** A token that an event shows, or why it shows none, in words for the log that hold nothing of the event. */
export interface ShownToken {
  /** Empty where there is none, or more than one. */
  readonly token: string;
  readonly hint?: string;
}

// Readers behind it part scheme and token at a tab as well.
const SCHEME = /^\s*Bearer\s+/i;
/** Parts with dots between them, which begin with `{"`, or `{` and white space, in base64url: a host's name does not. */
const JWT = /^e(?:y[A-DI-L]|w[k-r0-3])[\w-]*(?:\.[\w-]*)+$/;
const NO_TOKEN = "none of the identity sources holds a token";

/** Finds the token of a REQUEST event. */
export function shownToken(event: Members, { header, query }: TokenPlaces): ShownToken {
  const shown = eventHeader(event, header);
  const sources = identitySources(event);
  if (sources.length > 0) return amongSources(sources, shown);
  // Which of them an answer is kept by, and which the service behind reads, is not said.
  const others = [inProtocols(event), ...inQuery(event, query)].filter(isNonEmptyText);
  return theOne(new Set(shown === undefined ? others : [stripBearer(shown), ...others]));
}

/** The values of the identity sources of an HTTP API's authorizer: a list (payload format 2.0), or a text with commas (1.0). */
export function identitySources({ identitySource: given }: Members): readonly string[] {
  const all: unknown = isText(given) ? given.split(",").map((each) => each.trim()) : given;
  return Array.isArray(all) ? all.filter(isNonEmptyText) : [];
}

// The service behind may believe the other one of two tokens, also where that is in the header alone.
function amongSources(sources: readonly string[], header: string | undefined): ShownToken {
  const all = header === undefined ? sources : [...sources, header, ...tokensWithin(header)];
  const meant = new Set(all.filter((each) => each === "" || SCHEME.test(each) || JWT.test(each)).map(stripBearer));
  const found = theOne(meant);
  const { token } = found;
  if (found.hint || sources.some((each) => stripBearer(each) === token)) return found;
  return { token: "", hint: token === "" ? NO_TOKEN : `${NO_TOKEN}: add the header that does` };
}

function theOne(tokens: ReadonlySet<string>): ShownToken {
  const [token = ""] = tokens;
  return tokens.size > 1 ? { token: "", hint: "there is more than one token" } : { token };
}

/** Those that stand anywhere in the header: behind another scheme, within quotes, or after a comma. */
function tokensWithin(header: string): readonly string[] {
  return header.split(/[^\w.-]+/).filter((each) => JWT.test(each));
}

// What a browser can send with a handshake: `new WebSocket(url, ["bearer", token])` (RFC 6455 section 1.9).
function inProtocols(event: Members): string {
  const protocols = (eventHeader(event, "sec-websocket-protocol") ?? "").split(",");
  const at = protocols.findIndex((protocol) => protocol.trim().toLowerCase() === "bearer");
  return at < 0 ? "" : (protocols[at + 1]?.trim() ?? "");
}

function inQuery(event: Members, query: string | undefined): readonly string[] {
  const { queryStringParameters: given, multiValueQueryStringParameters: all } = event;
  return query === undefined
    ? []
    : [given, all].flatMap((each) => (isObject(each) ? ownMember(each, query) : [])).map(stripBearer);
}

/** A value without its scheme (RFC 6750 section 2.1: its name has no case); empty where it is no text. */
export function stripBearer(value: unknown): string {
  return isText(value) ? value.replace(SCHEME, "") : "";
}
