/** What other pages try, in a real browser: none signs, changes or reads anything. */
import { createServer } from "node:http";
import { REBOUND } from "./browser.mjs";

/** A page of another port of this machine: it asks in every way that a page can. */
function attackingPage(origin, link) {
  return `<!doctype html><title>another page</title>
<link rel="prefetch" href="${link}"><link rel="preload" as="script" href="${origin}/page.js">
<iframe id="frame" src="${link}"></iframe><object data="${origin}/"></object>
<script>
globalThis.results = [];
const told = (what) => (value) => results.push(what + ": " + value);
const body = JSON.stringify({});
const headers = { "content-type": "application/json" };
const ways = {
  json: () => fetch("${origin}/api/keys", { method: "POST", headers, body }),
  guess: () => fetch("${origin}/api/session", { method: "POST", headers, body: '{"code":"a"}' }),
  plain: () => fetch("${origin}/api/keys", { method: "POST", body, mode: "no-cors" }),
  session: () => fetch("${origin}/api/keys", { method: "POST", headers: { ...headers, "signet-session": "a" }, body }),
  cookies: () => fetch("${origin}/api/keys", { method: "POST", headers, body, credentials: "include" }),
  page: () => fetch("${origin}/"),
};
const all = Object.entries(ways).map(([what, ask]) => ask().then((answer) => answer.text()).then(told(what), () => undefined));
const script = document.createElement("script");
script.src = "${origin}/page.js";
const ran = new Promise((over) => { script.onload = () => over(told("script")("ran")); script.onerror = over; });
document.head.append(script);
const form = document.createElement("form");
Object.assign(form, { action: "${origin}/api/keys", method: "POST", enctype: "text/plain", target: "frame2" });
const frame = document.createElement("iframe");
frame.name = "frame2";
const sent = new Promise((over) => { frame.onload = over; });
document.documentElement.append(frame, form);
form.submit();
globalThis.over = Promise.all([...all, ran, sent]).then(() => true);
</script>`;
}

async function serving(text) {
  const server = createServer((_request, response) => response.setHeader("content-type", "text/html").end(text));
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

/** A page on another port, before the link was used: it must not be used up by that either. */
export async function anotherPort({ browser, origin, link, check }) {
  const server = await serving(attackingPage(origin, link));
  const page = await browser.newPage();
  await page.goto(server.url);
  await page.evaluate(() => globalThis.over);
  const results = await page.evaluate(() => globalThis.results);
  // An opaque answer has no text.
  check(
    results.every((each) => /^plain: $/.test(each)),
    "a page of another port reads nothing, and runs nothing",
    results,
  );
  const framed = page.frames().slice(1);
  const shown = await Promise.all(
    framed.map((frame) => frame.evaluate(() => document.getElementById("console") !== null).catch(() => false)),
  );
  check(
    shown.every((isShown) => !isShown),
    "nothing frames the console",
    framed.map((frame) => frame.url()),
  );
  await page.close();
  server.close();
}

/** The console's port under a name of an attacker's, which leads to this machine. */
export async function rebinding({ browser, origin, check }) {
  const page = await browser.newPage();
  const rebound = origin.replace("127.0.0.1", REBOUND);
  const answer = await page.goto(`${rebound}/`);
  check(answer.status() >= 400 && !(await answer.text()).includes('id="console"'), "another name is refused", answer.status());
  const asked = await page.evaluate(async () => {
    const response = await fetch("/api/keys", { method: "POST", headers: { "content-type": "application/json" }, body: "{}" });
    return { status: response.status, text: await response.text() };
  });
  check(asked.status >= 400 && !asked.text.includes("kid"), "data under another name is refused", asked);
  await page.close();
}

/** The link, opened once more. */
export async function usedTwice({ browser, link, check }) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  await page.goto(link);
  await page.waitForSelector(".door h1");
  const words = await page.$eval(".door", (door) => door.textContent);
  check(words.includes("used already"), "a link works once, and says so", words);
  check(!page.url().includes("code="), "its code does not stay in the address", page.url());
  await context.close();
}
