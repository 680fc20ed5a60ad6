import { signedHeaders } from "../aws/sigv4.js";
import { invalidOption } from "../encoding/options.js";
import { SignetError } from "../errors.js";
import { type Ask, type Asked, type Provided, providedText } from "./ask.js";
import { type AwsIdentity, awsAccess } from "./identity.js";
import { type MakeSent, post, type Received, type Sent, serverUrl } from "./post.js";

/** A server of the issuer: `signet serve`, or a stack with `IssueRoutes`. */
export interface IssuerServer {
  /** The issuer's URL; tokens are asked for at its `/issue`. */
  readonly url: string;
  /** Takes a URL of http beside this machine, as inside a cluster. Its price: an attacker on the way reads the secret. Default false. */
  readonly allowInsecureUrl?: boolean | undefined;
}

/** A token endpoint (OAuth 2.0): `/token` of a server, or a stack with `TokenRoute`. */
export interface TokenEndpoint {
  /** Its own URL, which ends in `/token`. It takes of a request `aud` and `scope` alone, and decides on the life itself. */
  readonly tokenUrl: string;
  /** As of an {@link IssuerServer}. */
  readonly allowInsecureUrl?: boolean | undefined;
}

/** A caller's secret. */
export interface AsSecret {
  /** The secret, or what answers it anew for each call. */
  readonly secret: Provided;
  /** The caller's name, which a token endpoint wants beside it. */
  readonly caller?: string | undefined;
}

/** A token that proves the caller. */
export interface AsAssertion {
  /** Answers a new one for each try, as a proof may be taken once; a text, where it is taken often. */
  readonly assertion: Provided;
  /** The caller's name, where the proof could be of several. */
  readonly caller?: string | undefined;
}

/** A role or user of AWS. */
export interface AsAws {
  readonly aws: AwsIdentity;
}

/** As whom a source asks. */
export type AskedAs = AsSecret | AsAssertion | AsAws;

type Fetch = typeof globalThis.fetch;

const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/** API Gateway's own host, which names the region. */
const API_HOST = /\.execute-api\.([a-z0-9-]+)\./;

/** Asks `POST /issue`. @throws SignetError `config_invalid` */
export function askServer(from: IssuerServer, as: AskedAs, request: Asked, fetch: Fetch): Ask {
  const place = serverUrl(from.url, "from.url", from.allowInsecureUrl);
  if (!("aws" in as) && as.caller !== undefined)
    throw invalidOption("as.caller", "is for a token endpoint: the issuer knows the caller by what it shows");
  const url = new URL(`${place.pathname.replace(/\/$/, "")}/issue`, place);
  const body = JSON.stringify(request);
  const send: MakeSent =
    "aws" in as ? (time) => signed(url, as.aws, body, time) : async () => borne(url, await bearerOf(as), body);
  return async () => {
    const received = await post(fetch, send);
    return { token: tokenIn(received, "token", url), issuersTimeMs: received.dateMs };
  };
}

/** Asks a token endpoint, by client credentials or by the grant of a JWT (RFC 7523). @throws SignetError `config_invalid` */
export function askTokenEndpoint(from: TokenEndpoint, as: AskedAs, request: Asked, fetch: Fetch): Ask {
  const url = serverUrl(from.tokenUrl, "from.tokenUrl", from.allowInsecureUrl);
  if ("aws" in as) throw invalidOption("as.aws", "is not known to a token endpoint: show a secret or an assertion");
  if ("secret" in as && as.caller === undefined) throw invalidOption("as.caller", "must be the caller's name, beside its secret");
  const asked = parametersOf(request);
  const send = async () => formFor(url, as, asked);
  return async () => {
    const received = await post(fetch, send);
    const { expires_in: seconds } = received.value;
    const saysSeconds = typeof seconds === "number" && seconds > 0 ? seconds : undefined;
    return { token: tokenIn(received, "access_token", url), issuersTimeMs: received.dateMs, saysSeconds };
  };
}

function parametersOf({ claims, ...more }: Asked): readonly (readonly [string, string])[] {
  const stray = Object.entries(more).find(([, value]) => value !== undefined)?.[0];
  if (stray !== undefined)
    throw invalidOption(`request.${stray}`, "is not known to a token endpoint: ask the issuer's URL instead");
  return Object.entries(claims).flatMap(([name, value]): (readonly [string, string])[] => {
    const texts = Array.isArray(value) ? value : [value];
    const isText = texts.every((each): each is string => typeof each === "string");
    if (name === "aud" && isText) {
      const [only, ...others] = texts;
      return others.length === 0 ? [["audience", only ?? ""] as const] : texts.map((each) => ["resource", each] as const);
    }
    if (name === "scope" && isText) return [["scope", texts.join(" ")] as const];
    throw invalidOption("request.claims", "may have aud and scope alone for a token endpoint: ask the issuer's URL instead");
  });
}

async function formFor(url: URL, as: AsSecret | AsAssertion, asked: readonly (readonly [string, string])[]): Promise<Sent> {
  const form = new URLSearchParams();
  const headers: Record<string, string> = { "content-type": "application/x-www-form-urlencoded" };
  if ("secret" in as) {
    form.set("grant_type", "client_credentials");
    // RFC 6749 section 2.3.1: both halves are form-encoded before they are joined.
    const [id, secret] = [as.caller ?? "", await providedText(as.secret)].map(formEncoded);
    headers.authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`;
  } else {
    form.set("grant_type", JWT_BEARER);
    form.set("assertion", await providedText(as.assertion));
    if (as.caller !== undefined) form.set("client_id", as.caller);
  }
  for (const [name, value] of asked) form.append(name, value);
  return { url, headers, body: form.toString() };
}

function formEncoded(text: string): string {
  return new URLSearchParams([["", text]]).toString().slice(1);
}

async function bearerOf(as: AsSecret | AsAssertion): Promise<string> {
  const shown = await providedText("secret" in as ? as.secret : as.assertion);
  // What is no header's value would be in the words of the error that fetch throws.
  if (typeof shown === "string" && /^[\x21-\x7e]+$/.test(shown)) return shown;
  throw new SignetError(
    "caller_secret_missing",
    "what is shown to the issuer is no secret and no token: it is empty, or has spaces",
  );
}

function borne(url: URL, shown: string, body: string): Sent {
  return { url, body, headers: { "content-type": "application/json", authorization: `Bearer ${shown}` } };
}

async function signed(url: URL, identity: AwsIdentity, body: string, time: number): Promise<Sent> {
  const { region, credentials } = awsAccess(identity, API_HOST.exec(url.hostname)?.[1]);
  const unsigned = { method: "POST", host: url.host, path: url.pathname, headers: { "content-type": "application/json" }, body };
  const { host: _, ...headers } = signedHeaders(unsigned, await credentials(), {
    service: "execute-api",
    region,
    time,
  });
  return { url, body, headers, isTimed: true };
}

function tokenIn({ value }: Received, member: "token" | "access_token", { host }: URL): string {
  const token = value[member];
  if (typeof token === "string") return token;
  throw new SignetError("issuer_unavailable", `${host} answers 200 and no token: is this the issuer's URL?`);
}
