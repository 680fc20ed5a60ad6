import { checkRequest } from "../issue/request.js";
import { type IssueCommand, issueCommands } from "../operator/issue-commands.js";
import { type IssueForm, issueForm } from "../operator/issue-form.js";
import { readableToken } from "../operator/token-reading.js";
import { MAX_TOKEN } from "../operator/verification-keys.js";
import type { IssueAnswer, IssueAsked, IssueCommandsAnswer, IssueFormRequest } from "./contract.js";
import type { IssuerAtHand } from "./issuer-at-hand.js";
import { partOf } from "./json-part.js";

/** The limits in force, as a form. */
export async function issueFormView(issuer: IssuerAtHand, { caller }: IssueFormRequest): Promise<IssueForm> {
  const [{ config }, callers] = await Promise.all([issuer.installation(), issuer.callers()]);
  return issueForm(config, callers, caller);
}

/** Issues a token, and says how the same is asked for elsewhere. */
export async function issueView(issuer: IssuerAtHand, self: string, asked: IssueAsked): Promise<IssueAnswer> {
  const { token, notes } = await issuer.issue(asked);
  const { claims } = readableToken(token, MAX_TOKEN);
  return { token, claims: partOf(claims), notes, commands: await commandsFor(issuer, self, asked) };
}

/** How a token is asked for elsewhere. Nothing is issued. */
export async function issueCommandsView(issuer: IssuerAtHand, self: string, asked: IssueAsked): Promise<IssueCommandsAnswer> {
  return { commands: await commandsFor(issuer, self, asked) };
}

async function commandsFor(
  issuer: IssuerAtHand,
  self: string,
  { request, caller }: IssueAsked,
): Promise<readonly IssueCommand[]> {
  const { config } = issuer;
  return issueCommands(checkRequest(request), await issuer.issuePlace(caller), { self, config, caller });
}
