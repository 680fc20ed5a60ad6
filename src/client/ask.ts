import type { IssueRequest } from "../issue/request.js";
import type { Answered } from "./life.js";

/** Asks for one token; it ends by itself, within some seconds. */
export type Ask = () => Promise<Answered>;

/** A text, or what answers it anew for each call. */
export type Provided = string | (() => string | Promise<string>);

/** What `request` is, as it is sent. */
export type Asked = Readonly<IssueRequest>;

/** The text that is provided. */
export async function providedText(provided: Provided): Promise<string> {
  return typeof provided === "string" ? provided : provided();
}
