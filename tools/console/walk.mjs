/** The walk through the whole console, and every view at every width. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { axeFaults, dress, overflow, startBrowser, visit } from "./browser.mjs";
import { issuerWithPast, rotatableIssuer, startConsole } from "./issuer.mjs";
import { opened } from "./opened.mjs";
import { startStack } from "./stack.mjs";
import { anotherPort, rebinding, usedTwice } from "./walk-attacks.mjs";
import { conflict, revoke, rotate, seeKeys, steerKeys, tabThrough } from "./walk-keys.mjs";
import { gone, walkStack } from "./walk-stack.mjs";
import { emptyAndFailing, ended, hostileNames, hundredKeys, stopped } from "./walk-states.mjs";
import { audit, callers, commands, nothingRan, tokens } from "./walk-tokens.mjs";

const VIEWS = ["keys", "tokens", "callers", "audit"];
const WIDTHS = [320, 700, 1_000, 1_920, 3_840];
const PICTURE_WIDTH = 1_200;
const MIN_PICTURE_HEIGHT = 500;
const MAX_PICTURE_BYTES = 150_000;
const SCHEMES = ["light", "dark"];
const EVERY_DRESS = SCHEMES.flatMap((scheme) => WIDTHS.map((width) => ({ scheme, width })));
/** The narrowest and the widest: what lies between has fitted in the long form. */
const SHORT_DRESSES = [
  { scheme: "light", width: 320 },
  { scheme: "dark", width: 3_840 },
];

/** Every view in both schemes at every width. */
async function everyDress({ page, check }, dresses) {
  for (const view of VIEWS) {
    await visit(page, view);
    await page.waitForSelector("main h1");
    for (const { scheme, width } of dresses) {
      await dress(page, { width, scheme });
      const [faults, wide] = [await axeFaults(page), await overflow(page)];
      check(faults.length === 0, `axe finds nothing in ${view}, ${scheme}, ${width} wide`, faults);
      check(wide <= 0, `${view} is no wider than ${width}`, wide);
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

/** The pictures of README and docs: what makes them is tried each time, and what it makes is looked at as far as a program can. */
async function pictures({ page, check }, folder) {
  mkdirSync(folder, { recursive: true });
  await visit(page, "keys");
  await page.waitForSelector(".timeline .lane");
  for (const scheme of SCHEMES) {
    await dress(page, { scheme, width: PICTURE_WIDTH });
    // As far as the lives of the keys: the cards say the same once more.
    const bottom = await page.$eval(
      ".timeline-place",
      (place) => place.closest("section").getBoundingClientRect().bottom + globalThis.scrollY,
    );
    const clip = { x: 0, y: 0, width: PICTURE_WIDTH, height: Math.ceil(bottom) + 24 };
    const picture = Buffer.from(await page.screenshot({ clip }));
    writeFileSync(join(folder, `console-${scheme}.png`), picture);
    // A PNG begins with eight bytes of its own and the head of its first part (W3C, PNG 3, 5.2 and 11.2.1).
    const [width, height] = [16, 20].map((at) => picture.readUInt32BE(at));
    const isWhole = width === clip.width && height === clip.height && height > MIN_PICTURE_HEIGHT && height < width;
    check(isWhole, `the picture in ${scheme} shows the lives of the keys`, { width, height });
    check(picture.length < MAX_PICTURE_BYTES, `the picture in ${scheme} is small enough for README`, picture.length);
  }
  await dress(page, {});
}

/** The console is looked at, by the eye, by keys and by pages of others. */
async function looking(browser, check, { folder, isShort }) {
  const { cwd, remove } = await issuerWithPast();
  const { world: opener, quiet, stop, close } = await opened(browser, await startConsole(cwd), check);
  const world = { ...opener, cwd };
  const { page, link, origin } = world;
  await anotherPort(world);
  await rebinding(world);
  await page.goto(link);
  await seeKeys(world);
  check(page.url() === `${origin}/#keys`, "the code has left the address", page.url());
  await usedTwice(world);
  await pictures(world, folder ?? join(dirname(cwd), "pictures"));
  await steerKeys(world);
  await stillness(world);
  await everyDress(world, isShort ? SHORT_DRESSES : EVERY_DRESS);
  for (const view of isShort ? ["keys"] : VIEWS) await tabThrough(world, view);
  await quiet("while it was looked at");
  for (const step of [hundredKeys, hostileNames, emptyAndFailing]) await step(world);
  await nothingRan(world);
  await stopped(world, stop);
  await close();
  remove();
}

/** The console is used. */
async function using(browser, check) {
  const { cwd, remove } = await rotatableIssuer();
  const { world: opener, quiet, stop, close } = await opened(browser, await startConsole(cwd), check);
  const world = { ...opener, cwd };
  await world.page.goto(world.link);
  await world.page.waitForSelector("h1 .kid.signs");
  for (const step of [rotate, revoke, conflict, tokens, commands, callers, audit]) await step(world);
  await nothingRan(world);
  await quiet("while it was used");
  await ended(world);
  await close();
  await stop();
  remove();
}

/** The console of a stack is used. */
async function usingStack(browser, check, { isShort }) {
  const stack = await startStack();
  const { world: opener, quiet, stop, close } = await opened(browser, await stack.console(), check);
  const world = { ...opener, stack, stop };
  await walkStack(world, { isShort });
  await nothingRan(world);
  await quiet("while a stack was looked after");
  await gone(world);
  await close();
  await stack.end();
}

/**
 * Walks every path of the console.
 *
 * @param {(isRight: boolean, what: string, seen?: unknown) => void} check
 * @param {{ folder?: string, isShort?: boolean }} wishes where pictures of the page are kept; whether fewer widths and views are looked at
 */
export async function walk(check, { folder, isShort = false }) {
  const browser = await startBrowser();
  try {
    await looking(browser, check, { folder, isShort });
    await using(browser, check);
    await usingStack(browser, check, { isShort });
  } finally {
    await browser.close();
  }
}
