/** The walk through the whole console, and every view at every width. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { axeFaults, dress, overflow, startBrowser, visit, watchedPage } from "./browser.mjs";
import { issuerWithPast, startConsole } from "./issuer.mjs";
import { anotherPort, rebinding, usedTwice } from "./walk-attacks.mjs";
import { conflict, revoke, rotate, seeKeys, steerKeys, tabThrough } from "./walk-keys.mjs";
import { emptyAndFailing, ended, hostileNames, hundredKeys, stopped } from "./walk-states.mjs";
import { audit, callers, commands, nothingRan, tokens } from "./walk-tokens.mjs";

const VIEWS = ["keys", "tokens", "callers", "audit"];
const WIDTHS = [320, 700, 1_000, 1_920, 3_840];
const SCHEMES = ["light", "dark"];

/** Every view in both schemes at every width. */
async function everyDress({ page, check }) {
  for (const view of VIEWS) {
    await visit(page, view);
    await page.waitForSelector("main h1");
    for (const scheme of SCHEMES) {
      for (const width of WIDTHS) {
        await dress(page, { width, scheme });
        const [faults, wide] = [await axeFaults(page), await overflow(page)];
        check(faults.length === 0, `axe finds nothing in ${view}, ${scheme}, ${width} wide`, faults);
        check(wide <= 0, `${view} is no wider than ${width}`, wide);
      }
    }
  }
  await dress(page, {});
}

/** Nothing moves where a person wants nothing to move. */
async function stillness({ page, check }) {
  await visit(page, "keys");
  await dress(page, { motion: "reduce" });
  const moving = await page.evaluate(() => document.getAnimations().length);
  check(moving === 0, "nothing moves under reduced motion", moving);
}

async function pictures({ page }, folder) {
  mkdirSync(folder, { recursive: true });
  await visit(page, "keys");
  await page.waitForSelector(".timeline .lane");
  for (const scheme of SCHEMES) {
    await dress(page, { scheme, width: 1_200 });
    await page.screenshot({ path: join(folder, `console-${scheme}.png`), fullPage: true });
  }
  await dress(page, {});
}

/**
 * Walks every path of the console.
 *
 * @param {(isRight: boolean, what: string, seen?: unknown) => void} check
 * @param {string | undefined} folder where pictures of the page go
 */
export async function walk(check, folder) {
  const [issuer, browser] = [await issuerWithPast(), await startBrowser()];
  const { cwd } = issuer;
  try {
    const { link, origin, stop } = await startConsole(cwd);
    const watched = await watchedPage(browser, origin);
    const world = { browser, page: watched.page, cwd, origin, link, check };
    const quiet = async (what) => {
      const faults = await watched.faults();
      check(faults.length === 0, `no fault was told: ${what}`, faults);
    };
    await anotherPort(world);
    await rebinding(world);
    await watched.page.goto(link);
    await seeKeys(world);
    check(watched.page.url() === `${origin}/#keys`, "the code has left the address", watched.page.url());
    await usedTwice(world);
    if (folder !== undefined) await pictures(world, folder);
    await steerKeys(world);
    await stillness(world);
    await everyDress(world);
    for (const view of VIEWS) await tabThrough(world, view);
    await quiet("while it was looked at");
    for (const step of [rotate, revoke, conflict, tokens, commands, callers, audit]) await step(world);
    await quiet("while it was used");
    for (const step of [hundredKeys, hostileNames, emptyAndFailing]) await step(world);
    await nothingRan(world);
    await stopped(world, stop);
    await watched.close();
    await afterwards(world);
  } finally {
    await browser.close();
    issuer.remove();
  }
}

/** A second console, whose session the page then has wrong. */
async function afterwards({ browser, cwd, check }) {
  const { link, origin, stop } = await startConsole(cwd);
  const { page, close } = await watchedPage(browser, origin);
  await page.goto(link);
  await page.waitForSelector("h1 .kid.signs");
  await ended({ browser, page, cwd, origin, link, check });
  await close();
  await stop();
}
