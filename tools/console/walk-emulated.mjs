/** The console of a stack that an emulator of others runs: seen in a browser, and changed by the key manager's function, which the emulator runs. */
import { axeFaults, dress, press, startBrowser, textOf, untilSays, visit } from "./browser.mjs";
import { startConsole } from "./issuer.mjs";
import { opened } from "./opened.mjs";

const shown = (page, selector) => page.$$eval(selector, (all) => all.map(({ textContent }) => textContent));

/** Sentence, lanes and cards say what the stack's keyring says. */
async function seen({ page, check, keyring }) {
  await page.waitForSelector(".timeline .lane");
  const { keys } = await keyring();
  const kids = keys.map(({ publicJwk }) => publicJwk.kid).sort();
  const active = keys.find(({ state }) => state === "active").publicJwk.kid;
  const [begun] = (await textOf(page, "h1 .kid.signs")).split("…");
  check(active.startsWith(begun), "the console's sentence names the key that the emulated stack signs with", begun);
  const cards = (await shown(page, ".card .kid")).sort();
  check(cards.join() === kids.join(), "a card for each key of the emulated stack", { cards, kids });
  const lanes = (await page.$$(".timeline .lane:not(.fold)")).length;
  check(lanes >= kids.length, "and a lane", lanes);
  const faults = await axeFaults(page);
  check(faults.length === 0, "axe finds nothing", faults);
}

/** A rotation: a second standby is made for it, by the function. */
async function rotated({ page, check, keyring }) {
  const before = (await keyring()).keys.length;
  await press(page, "Rotate…", ".panel-head");
  await page.waitForSelector("dialog .sentences li");
  check((await keyring()).keys.length === before, "a look at the emulated stack changes nothing");
  await press(page, "Rotate", "dialog");
  await untilSays(page, "dialog button", "Close");
  const { keys, rotationRequest } = await keyring();
  check(keys.length === before + 1 && rotationRequest !== null, "the emulated key manager begins the rotation", keys.length);
  await press(page, "Close", "dialog");
  await page.waitForFunction((count) => document.querySelectorAll(".card").length === count, {}, keys.length);
}

/** A standby is revoked, by the function. */
async function revoked({ page, check, keyring, published }) {
  const kid = (await keyring()).keys.find(({ state }) => state === "pending").publicJwk.kid;
  await page.evaluate((name) => document.querySelector(`button[aria-label="Revoke ${name}"]`).click(), kid);
  await page.waitForSelector("dialog input.typed");
  await page.type("dialog input.typed", kid);
  await press(page, "Revoke it", "dialog");
  await untilSays(page, "dialog button", "Close");
  check(!(await published()).includes(kid), "the emulated key manager revokes a standby: it is not published any more");
  await press(page, "Close", "dialog");
  await page.waitForFunction((name) => !document.querySelector(`button[aria-label="Revoke ${name}"]`), {}, kid);
}

/** A token by the issuer's function, the callers of the template, and the log that the managers have written. */
async function others({ page, check }) {
  await visit(page, "tokens");
  await press(page, "Issue a token", "section[aria-labelledby=issue]");
  await page.waitForSelector("section[aria-labelledby=issue] .verdict .lines");
  await press(page, "Read and verify it", "section[aria-labelledby=issue]");
  await untilSays(page, "section[aria-labelledby=verify] .verdict strong", "Valid");
  check(true, "the emulated issuer's function issues a token, which is valid");
  await visit(page, "callers");
  await page.waitForSelector("main .empty, main article");
  check((await page.$$("main .notice.bad")).length === 0, "its callers are shown", await textOf(page, "main"));
  await visit(page, "audit");
  await untilSays(page, ".verdict strong", "whole");
  const events = await shown(page, "ol.audit code");
  check(events.includes("key.revoked") && events.includes("rotation.requested"), "its log says what was done here", events);
}

/**
 * @param {(holds: boolean, what: string, seen?: unknown) => void} check
 * @param {{ cwd: string, env: NodeJS.ProcessEnv, stack: string, keyring: () => Promise<any>, published: () => Promise<string[]> }} place
 *   a folder without an issuer, the variables by which the emulator is reached, the stack's name, and what stands in its bucket
 */
export async function walkEmulated(check, { cwd, env, stack, keyring, published }) {
  const browser = await startBrowser();
  const { world, quiet, stop, close } = await opened(
    browser,
    await startConsole(cwd, { args: ["--config", `stack:${stack}`], env }),
    check,
  );
  try {
    const { page, link } = world;
    await page.goto(link);
    await dress(page, {});
    await page.waitForSelector("h1 .kid.signs");
    check((await textOf(page, ".where small")).includes(`the stack ${stack}`), "the console opens the emulated stack");
    for (const step of [seen, rotated, revoked, others]) await step({ ...world, keyring, published });
    await quiet("while an emulated stack was looked after");
  } finally {
    await close();
    await stop();
    await browser.close();
  }
}
