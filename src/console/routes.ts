import type { IncomingMessage, ServerResponse } from "node:http";
import { isSignetError, SignetError } from "../errors.js";
import type { Surroundings } from "../operator/surroundings.js";
import { answerFailure, answerJson } from "./answers.js";
import { auditView } from "./audit-view.js";
import { READERS, readBody } from "./bodies.js";
import { callersView } from "./callers-view.js";
import { answerChange } from "./change-stream.js";
import type { Changes } from "./changes.js";
import { type Api, NONCE_HEADER, PROOF_HEADER, SESSION_HEADER } from "./contract.js";
import { assertFromHere, assertJson } from "./guard.js";
import type { IdleWatch } from "./idle.js";
import type { Invitation } from "./invitation.js";
import { issueCommandsView, issueFormView, issueView } from "./issue-view.js";
import type { IssuerAtHand } from "./issuer-at-hand.js";
import { keysView } from "./keys-view.js";
import { answerFile, type PageFiles } from "./page-files.js";
import { verifyView } from "./verify-view.js";

/** What the routes are made of. */
interface RoutesOptions {
  /** The console's own: `http://127.0.0.1:PORT`. */
  readonly origin: () => string;
  readonly files: PageFiles;
  readonly invitation: Invitation;
  /** Told once the link was used. */
  readonly onUsed: () => void;
  readonly idle: Pick<IdleWatch, "begin" | "isOver">;
  readonly issuer: IssuerAtHand;
  readonly changes: Changes;
  readonly surroundings: Surroundings;
  /** Told of failures that nothing foresaw. */
  readonly onUnexpected: (failure: unknown) => void;
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void;
type Path = keyof Api;
const NONCE = /^[\w-]{22,64}$/;
/** What is answered by what was asked alone. */
type Views = {
  readonly [P in Exclude<Path, "/api/session" | "/api/change">]: (asked: Api[P]["asked"]) => Promise<Api[P]["answered"]>;
};

/** Answers the page's files to whatever asks from here, and data to who shows the session alone. */
export function consoleRoutes(options: RoutesOptions): Listener {
  const { files, onUnexpected } = options;
  const answerData = dataRoutes(options);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { url = "", method = "" } = request;
    if (Object.hasOwn(READERS, url)) return answerData(url as Path, request, response);
    assertFromHere(request, options.origin(), "page");
    const file = files.get(url);
    if (file === undefined) throw new SignetError("not_found", "the console has nothing there");
    if (method === "GET" || method === "HEAD") return answerFile(request, response, file);
    throw new SignetError("method_not_allowed", "a file of the page is asked for by GET");
  }

  return (request, response) => {
    // Who has gone away is told nothing more.
    response.on("error", () => undefined);
    answer(request, response).catch((error: unknown) => {
      if (!isSignetError(error)) onUnexpected(error);
      if (response.headersSent) response.destroy();
      else answerFailure(response, error, allowed(error, request.url ?? "", files));
    });
  };
}

function dataRoutes(options: RoutesOptions) {
  const { origin, invitation, idle, changes, onUsed, onUnexpected } = options;
  const views = viewsOf(options);
  return async (path: Path, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    assertFromHere(request, origin(), "data");
    if (request.method !== "POST") throw new SignetError("method_not_allowed", "data is asked for by POST");
    if (idle.isOver())
      throw new SignetError("caller_unknown", "this console was not used for long, and ends: `signet console` opens it again");
    // Who asks is found out before a byte of the body is read.
    if (path !== "/api/session") {
      assertSession(request, invitation);
      proveTo(request, response, invitation);
    }
    assertJson(request);
    if (path === "/api/session") {
      const keys = invitation.redeem(READERS[path](await readBody(request)).code);
      onUsed();
      return answerJson(response, 200, keys);
    }
    const end = idle.begin();
    try {
      const body = await readBody(request);
      if (path === "/api/change") return await answerChange(response, changes, READERS[path](body), onUnexpected);
      const view = views[path] as (asked: unknown) => Promise<unknown>;
      answerJson(response, 200, await view(READERS[path](body)));
    } finally {
      end();
    }
  };
}

function viewsOf({ issuer, changes, surroundings }: RoutesOptions): Views {
  const { self } = surroundings;
  return {
    "/api/here": async () => ({}),
    "/api/keys": () => keysView(issuer, changes.underWay()),
    "/api/preview": (asked) => changes.preview(asked),
    "/api/verify": (asked) => verifyView(surroundings, issuer, asked),
    "/api/issue-form": (asked) => issueFormView(issuer, asked),
    "/api/issue": (asked) => issueView(issuer, self, asked),
    "/api/issue-commands": (asked) => issueCommandsView(issuer, self, asked),
    "/api/callers": () => callersView(issuer),
    "/api/audit": (asked) => auditView(issuer, asked),
  };
}

function assertSession({ headers }: IncomingMessage, invitation: Invitation): void {
  const shown = headers[SESSION_HEADER];
  if (invitation.isSession(typeof shown === "string" ? shown : undefined)) return;
  throw new SignetError("caller_unknown", "this page has no session of this console: open the link that `signet console` prints");
}

function proveTo({ headers, url = "" }: IncomingMessage, response: ServerResponse, invitation: Invitation): void {
  const nonce = headers[NONCE_HEADER];
  if (typeof nonce === "string" && NONCE.test(nonce)) response.setHeader(PROOF_HEADER, invitation.prove(nonce, url));
}

function allowed(error: unknown, url: string, files: PageFiles): Readonly<Record<string, string>> {
  return isSignetError(error, "method_not_allowed") ? { allow: files.has(url) ? "GET, HEAD" : "POST" } : {};
}
