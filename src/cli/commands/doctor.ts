import { type Finding, findingsOf } from "../../doctor/checks.js";
import { type Evidence, examine, examineOwn } from "../../doctor/evidence.js";
import { isForAlgorithm, type Verdict, verdictsOf } from "../../doctor/verdicts.js";
import { ownMember } from "../../encoding/own-member.js";
import { urlOf, webUrlOf } from "../../encoding/url-of.js";
import { isSignetError, MAX_ECHO, SignetError, shortened } from "../../errors.js";
import { ownVerifiers } from "../../http/verify.js";
import { presentSeconds } from "../../issue/issuer.js";
import { namedInTokens } from "../../issue/token-rules.js";
import type { Jwks } from "../../keyring/documents.js";
import { jwksMissing } from "../../operator/load-installation.js";
import { ISSUER_PARTIES, KNOWN_TO_ALL, partiesNamed } from "../../relying-parties/index.js";
import type { RelyingParty } from "../../relying-parties/relying-party.js";
import type { Tokens } from "../../settings/tokens.js";
import type { CommonOptions, Context } from "../context.js";
import { openInstallation } from "../open-installation.js";
import type { Look } from "../style.js";
import { table } from "../table.js";
import { tokenGiven } from "../token-text.js";
import { namesGiven } from "../typed.js";

export interface DoctorOptions extends CommonOptions {
  readonly jwks?: string;
  readonly token?: string;
  /** Warns of an issuer of http beside this machine, where it would be called broken. */
  readonly allowInsecureIssuer?: boolean;
  /** Who has to be able to verify, with commas between them. */
  readonly for?: string;
}

const MARKS = { good: "ok", doubtful: "warn", broken: "NO" } as const;
/** What lacks nothing but the scheme of a URL; with another scheme, or a user, it is something else altogether. */
const HOST_AND_PATH = /^[\w.-]+(:\d+)?(\/[\w.~%-]+)*\/?$/;

/** `signet doctor ISSUER`: who can verify its tokens, and why not. Fails where a rule breaks. */
export async function doctor(context: Context, given: string | undefined, options: DoctorOptions): Promise<void> {
  const { output } = context;
  const { allowInsecureIssuer } = options;
  const patient: Patient =
    given === undefined ? await ownIssuer(context, options) : { issuer: issuerGiven(given), allowInsecureIssuer };
  const { issuer } = patient;
  const wanted = options.for === undefined ? (patient.parties ?? []) : wantedOf(options.for);
  const selfSigned = wanted.filter(({ kind }) => kind === "self-signed");
  const token = options.token === undefined ? undefined : await tokenGiven(options.token);
  const evidence =
    patient.own === undefined
      ? await looked(
          context,
          patient,
          { jwks: options.jwks, token },
          selfSigned.length > 0 && selfSigned.length === wanted.length,
        )
      : lookedWithin(context, patient, { jwks: options.jwks, token }, wanted);
  const findings = findingsOf(evidence);
  const ids = wanted.map(({ id }) => id);
  const verdicts = verdictsOf(evidence, patient.own === undefined ? [...ISSUER_PARTIES, ...selfSigned] : wanted);
  if (options.json === true) output.json({ issuer, jwksUrl: evidence.jwksUrl, findings, verdicts });
  else
    for (const line of report(output, findings, evidence.keys.length > 0 ? verdicts : verdicts.filter(isOfToken), ids))
      output.data(line);
  fail(findings, verdicts, ids);
}

/** What is given beside an issuer. */
interface Sample {
  readonly jwks: string | undefined;
  readonly token: string | undefined;
}

/** @param isSelfSigned the token is for such parties alone: one that is for an issuer's parties too has to be the issuer's */
async function looked(
  { output }: Context,
  { issuer, allowInsecureIssuer, ownKeys }: Patient,
  { jwks, token }: Sample,
  isSelfSigned: boolean,
): Promise<Evidence> {
  output.note(`looking at ${issuer} as verifiers do`);
  // Keys that were said to be somewhere are looked for there alone.
  const within = jwks === undefined ? ownKeys : undefined;
  const sample = { jwksUrl: jwksGiven(jwks), token, isSelfSigned, allowInsecureIssuer, ownKeys: within };
  const evidence = await examine(issuer, sample);
  if (within !== undefined && token !== undefined && evidence.keys.length === 0)
    output.note(
      "no keys are found there yet: the token is verified by those of this folder. Where they are published elsewhere, give --jwks URL",
    );
  return evidence;
}

/** An issuer of this folder's whose `iss` is no URL: no verifier finds its keys by that. */
function lookedWithin(
  { output }: Context,
  { issuer, own }: Patient,
  { token, jwks: url }: Sample,
  wanted: readonly RelyingParty[],
): Evidence {
  const { jwks = { keys: [] }, tokens = {} } = own ?? {};
  if (url !== undefined) throw new SignetError("usage", "--jwks is for an issuer that is looked at by its URL: name that first");
  const other = wanted.find(({ kind }) => kind !== "self-signed");
  if (other !== undefined) {
    const what = `${other.id} finds keys by the URL of an issuer, and ${shortened(issuer)}, the iss of the tokens made here, is none (tokens.iss)`;
    throw new SignetError("usage", what);
  }
  output.note(`looking at the keys and tokens of ${shortened(issuer)}, which is no URL`);
  const { verify } = ownVerifiers({ issuer: undefined, tokens: () => tokens, jwks: () => jwks, clock: presentSeconds })(null);
  return examineOwn(issuer, { keys: jwks.keys, verify, token });
}

function report(
  { columns, paint }: Context["output"],
  findings: readonly Finding[],
  verdicts: readonly Verdict[],
  wanted: readonly string[],
): readonly string[] {
  const shown = {
    columns,
    paint: (cell: string, _row: number, column: number) => (column === 0 ? paintAnswer(paint, cell) : cell),
  };
  const rules = findings.map(({ level, rule, words }) => [MARKS[level], rule, words]);
  const who = verdicts.map(({ answer, basis, verifier, reasons }) => [
    basis === "assumed" ? `${answer}?` : answer,
    verifier,
    reasons.join("; "),
  ]);
  const notKnown = verdicts.filter(({ id }) => wanted.includes(id)).map(({ id, notKnown }) => [id, grouped(notKnown)]);
  const isGuess = verdicts.some(({ basis }) => basis === "assumed");
  const found = table(["", "rule", "finding"], rules, shown);
  // Without a key there is nothing to verify: that needs no table.
  if (verdicts.length === 0) return found;
  return [
    ...found,
    "",
    ...table(["verifies", "who", "because"], who, shown),
    ...(notKnown.length > 0 ? ["", ...table(["for", "rules that are not known"], notKnown, { columns })] : []),
    ...(verdicts.some(isForAlgorithm) ? ["", `every one of them takes ${KNOWN_TO_ALL.join(", ")}`] : []),
    ...(isGuess ? ["", "?: it is not documented, and was not tried. --json gives sources and dates."] : []),
  ];
}

/** Names of rules, those of one way to find keys together: "keys by discovery (port in the URL, longest URL); leeway". */
function grouped(names: readonly string[]): string {
  const groups = new Map<string, string[]>();
  for (const name of names) {
    const [group = "", ...rest] = name.split(", ");
    groups.set(group, [...(groups.get(group) ?? []), ...rest]);
  }
  return [...groups].map(([group, rest]) => (rest.length > 0 ? `${group} (${rest.join(", ")})` : group)).join("; ");
}

/** The issuer's keys are nothing to it. */
function isOfToken({ kind }: Verdict): boolean {
  return kind === "self-signed";
}

function paintAnswer(paint: Context["output"]["paint"], cell: string): string {
  const look = ownMember<Look>(
    { ok: "good", yes: "good", warn: "warn", partly: "warn", NO: "bad", no: "bad" },
    cell.replace("?", ""),
  );
  return look === undefined ? cell : paint(cell, look);
}

function fail(findings: readonly Finding[], verdicts: readonly Verdict[], wanted: readonly string[]): void {
  const broken = findings.filter(({ level }) => level === "broken").map(({ rule }) => rule);
  const unable = verdicts.filter(({ id, answer }) => wanted.includes(id) && answer !== "yes").map(({ id }) => id);
  const why = [
    broken.length > 0 && `${broken.length === 1 ? "a rule is" : "rules are"} broken: ${broken.join(", ")}`,
    unable.length > 0 && `not every token can be verified by ${unable.join(", ")}`,
  ].filter((each) => each !== false);
  if (why.length > 0) throw new SignetError("issuer_unsound", why.join("; "));
}

/** An issuer that is looked at, and what may be doubtful of it. */
interface Patient {
  readonly issuer: string;
  readonly allowInsecureIssuer?: boolean | undefined;
  /** Whom its tokens are for, by this folder's config: of those whose iss is no URL, the ones that find no keys by it. */
  readonly parties?: readonly RelyingParty[];
  /** Reads the public keys of this folder's issuer, which has a URL. */
  readonly ownKeys?: () => Promise<Jwks["keys"] | undefined>;
  /** What there is of it here, where it has no URL. */
  readonly own?: { readonly jwks: Jwks; readonly tokens: Tokens };
}

async function ownIssuer(context: Context, options: DoctorOptions): Promise<Patient> {
  try {
    const installation = await openInstallation(context, options);
    const { issuer, allowInsecureIssuer, tokens = {}, for: names = [] } = installation.config;
    const parties = partiesNamed(names);
    const published = async () => (await installation.stores.publicDocuments.read())?.jwks;
    if (issuer !== undefined) {
      const ownKeys = async () => (await published())?.keys;
      return { issuer, parties, ownKeys, allowInsecureIssuer: options.allowInsecureIssuer ?? allowInsecureIssuer };
    }
    if (tokens.iss !== undefined) {
      const jwks = await published();
      if (jwks === undefined) throw jwksMissing(installation);
      return {
        issuer: tokens.iss,
        parties: parties.filter(({ kind }) => kind === "self-signed"),
        own: { jwks: namedInTokens(tokens.kids, jwks), tokens },
      };
    }
  } catch (error) {
    if (!isSignetError(error, "config_missing")) throw error;
  }
  throw new SignetError(
    "usage",
    `there is no issuer with a URL here: name one, \`${context.self} doctor https://issuer.example\``,
  );
}

function issuerGiven(given: string): string {
  const text = given.replace(/\/\.well-known\/openid-configuration$/, "");
  if (webUrlOf(text) !== undefined) return text;
  const meant =
    text.length <= MAX_ECHO && HOST_AND_PATH.test(text) && urlOf(`https://${text}`) !== undefined
      ? `; did you mean https://${text}?`
      : ", such as https://issuer.example";
  throw new SignetError("usage", `${JSON.stringify(shortened(given))} is no issuer's URL${meant}`);
}

function jwksGiven(url: string | undefined): string | undefined {
  if (url === undefined || webUrlOf(url) !== undefined) return url;
  throw new SignetError("usage", "--jwks must be the URL of a JWKS");
}

function wantedOf(text: string | undefined): readonly RelyingParty[] {
  return text === undefined ? [] : partiesNamed(namesGiven(text, "--for"));
}
