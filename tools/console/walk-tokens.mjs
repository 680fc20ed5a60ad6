/** Tokens, callers and the log: what the other views show, and do. */
import { press, textOf, untilSays, visit } from "./browser.mjs";

const HOSTILE = '<img src=x onerror="hits.push(1)">\u202egpj.exe';
const VERDICT = "section[aria-labelledby=verify] .verdict strong";
/** Where a token is issued. */
export const ISSUE = "section[aria-labelledby=issue]";

/** Fills in the field of a label. */
async function fill(page, within, label, text) {
  const handle = await page.waitForFunction(
    (place, wanted) => {
      const found = [...document.querySelectorAll(`${place} label`)].find((each) => each.textContent.startsWith(wanted));
      return found && document.getElementById(found.htmlFor);
    },
    {},
    within,
    label,
  );
  const field = handle.asElement();
  await field.click({ count: 3 });
  await page.keyboard.press("Backspace");
  await field.type(text);
}

async function setToken(page, text) {
  await page.$eval("textarea.token", (field) => {
    field.value = "";
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  if (text !== "") await page.type("textarea.token", text);
}

/** A token is issued, read and verified; one that was changed is refused. */
export async function tokens({ page, check }) {
  await visit(page, "tokens");
  await fill(page, ISSUE, "sub", HOSTILE);
  await page.waitForSelector(`${ISSUE} [role=tab]`);
  await press(page, "Issue a token", ISSUE);
  const lines = `${ISSUE} .verdict .lines`;
  await page.waitForSelector(lines);
  const token = (await textOf(page, lines)).trim();
  check(/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token), "a token is issued", token.slice(0, 20));
  await press(page, "Read and verify it", ISSUE);
  await untilSays(page, VERDICT, "Valid");
  const claims = await textOf(page, "section[aria-labelledby=verify] [aria-label=Claims]");
  check(claims.includes("<img src=x"), "claims are shown as they are written");
  check(!claims.includes("\u202e"), "a mark that turns words round is shown by its number");
  const [header, , signature] = token.split(".");
  const other = Buffer.from(JSON.stringify({ sub: "mallory" })).toString("base64url");
  await setToken(page, `${header}.${other}.${signature}`);
  await untilSays(page, VERDICT, "Refused");
  const none = Buffer.from(JSON.stringify({ alg: "none" })).toString("base64url");
  await setToken(page, `${none}.${other}.`);
  await untilSays(page, VERDICT, "Refused");
  await setToken(page, "no token");
  await untilSays(page, VERDICT, "Refused");
  check(true, "what was changed, what is not signed and what is no token are refused");
  await setToken(page, "");
  await page.waitForFunction((place) => document.querySelector(place) === null, {}, VERDICT);
}

/** The same request as each client makes it: by arrows from one to the next. */
export async function commands({ page, check }) {
  await page.waitForSelector("[role=tab]");
  const count = (await page.$$("[role=tab]")).length;
  const seen = new Set();
  await page.$eval('[role=tab][aria-selected="true"]', (tab) => tab.focus());
  for (let turn = 0; turn < count; turn++) {
    seen.add(await textOf(page, "[role=tabpanel] .lines"));
    await page.keyboard.press("ArrowRight");
  }
  check(count >= 4 && seen.size === count, "each client has its own words", { count, seen: seen.size });
}

/** Who may ask, and by which limits. */
export async function callers({ page, check }) {
  await visit(page, "callers");
  await untilSays(page, "article h2", "billing");
  const rows = await page.$$eval("article table tbody tr", (all) => all.length);
  check(rows > 0, "the limits of a caller are shown");
}

/** The log is searched, and its head is copied. */
export async function audit({ page, check }) {
  await visit(page, "audit");
  await untilSays(page, ".verdict strong", "whole");
  const all = await page.$$eval("ol.audit li", (entries) => entries.length);
  await page.type("input[type=search]", "key.revoked");
  await page.waitForFunction((count) => document.querySelectorAll("ol.audit li").length < count, {}, all);
  await untilSays(page, "ol.audit li", "a key was revoked");
  await page.$eval("input[type=search]", (field) => field.select());
  await page.keyboard.type("there is no such thing");
  await untilSays(page, ".empty h2", "No entry has that");
  await press(page, "Copy", ".verdict");
  const head = await textOf(page, ".head");
  check((await page.evaluate(() => navigator.clipboard.readText())) === head, "the head of the log was copied", head);
}

/** Nothing that was named by a stranger became anything. */
export async function nothingRan({ page, check }) {
  const found = await page.evaluate(() => ({
    hits: globalThis.hits.length,
    images: document.querySelectorAll("img,script:not([src])").length,
  }));
  check(found.hits === 0 && found.images === 0, "no claim, name or kid became an element or ran", found);
}
