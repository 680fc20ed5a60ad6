import type { Installation } from "../../assemble.js";
import { fromNow } from "../../encoding/times-in-words.js";
import { isSignetError } from "../../errors.js";
import { writeOutput } from "../../files/durable.js";
import { presentSeconds } from "../../issue/issuer.js";
import type { KeyRecord } from "../../keyring/key-record.js";
import { listKeys, shownRecord, sinceOf, stateInWords, staysListed } from "../../operator/key-listing.js";
import { awaitsUpload, drawTimeline } from "../../operator/key-timeline.js";
import { timelineSvg } from "../../operator/key-timeline-svg.js";
import { columnsToShorten } from "../../operator/kid-prefix.js";
import { pathGiven } from "../../operator/surroundings.js";
import type { KeyLives } from "../../rotation/forecast/key-lives.js";
import type { CommonOptions, Context } from "../context.js";
import { paintState } from "../key-report.js";
import { openInstallation } from "../open-installation.js";
import { table } from "../table.js";

export interface ListOptions extends CommonOptions {
  readonly timeline?: boolean;
  readonly svg?: string;
}

/** `signet keys list`: every key and where it is in its life; on a terminal with a timeline. */
export async function keysList(context: Context, options: ListOptions): Promise<void> {
  const { output } = context;
  const installation = await openInstallation(context, options);
  const { issuer, records, awaitUpload } = await listKeys(installation);
  if (options.svg !== undefined) await writeSvg(context, options.svg, timelineSvg(await livesOf(installation), issuer));
  if (options.json === true) {
    const timeline = options.timeline === true ? { timeline: await livesOf(installation) } : {};
    const shown = (record: KeyRecord) => ({
      ...shownRecord(record),
      ...(awaitUpload.includes(record) && { awaitsUpload: true }),
    });
    output.json({ issuer, keys: records.map(shown), ...timeline });
    return;
  }
  const now = presentSeconds();
  const rows = records.map((record) => [
    record.publicJwk?.kid ?? "-",
    record.alg,
    stateInWords(record),
    fromNow(sinceOf(record), now),
    record.custody,
  ]);
  const paint = (cell: string, row: number, column: number) => (row >= 0 && column === 2 ? paintState(output, cell) : cell);
  const shown = {
    columns: output.columns,
    names: columnsToShorten(
      [0],
      rows.flatMap(([kid = ""]) => kid),
    ),
    paint,
  };
  for (const line of table(["KID", "ALG", "STATE", "SINCE", "CUSTODY"], rows, shown)) output.data(line);
  if (options.timeline === true) showTimeline(context, await livesOf(installation));
  else if (process.stdout.isTTY === true) await showTimelineIfPossible(context, installation);
  else for (const { publicJwk } of awaitUpload) output.note(awaitsUpload(publicJwk?.kid ?? ""));
  for (const words of records.map(staysListed)) if (words !== undefined) output.note(words);
}

async function livesOf(installation: Installation): Promise<KeyLives> {
  return (await installation.manager()).lives();
}

// The table is what was asked for: it stands even where the rest of the installation cannot be read.
async function showTimelineIfPossible(context: Context, installation: Installation): Promise<void> {
  try {
    showTimeline(context, await livesOf(installation));
  } catch (error) {
    if (!isSignetError(error)) throw error;
    context.output.note(`no timeline: ${error.message}`);
  }
}

function showTimeline({ output, env }: Context, lives: KeyLives): void {
  const { stdout } = process;
  const columns = stdout.isTTY === true ? stdout.columns : Number(env.COLUMNS);
  const hasUnicode = /utf-?8/i.test(env.LC_ALL || env.LC_CTYPE || env.LANG || "");
  const hasColor = stdout.isTTY === true && !env.NO_COLOR && env.TERM !== "dumb";
  output.data("");
  for (const line of drawTimeline(lives, { columns: columns > 0 ? columns : 80, hasUnicode, hasColor })) output.exact(line);
}

async function writeSvg(context: Context, file: string, svg: string): Promise<void> {
  await writeOutput(pathGiven(context, file), svg);
  context.output.note(`the timeline is in ${file}`);
}
