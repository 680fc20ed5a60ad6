/** A real browser, and what is asked of every page that it shows. */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

const { resolve } = createRequire(fileURLToPath(new URL("package.json", import.meta.url)));
const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome-stable"];
const PATIENCE_MS = 60_000;
const MOST_TABS = 300;

/** A name that leads to this machine, as DNS of an attacker has it. */
export const REBOUND = "rebound.example";

/** The chromium of $CHROMIUM, or of the system; `undefined` where there is none. @returns {string | undefined} */
export const chromiumPath = () => process.env.CHROMIUM ?? PLACES.find((path) => existsSync(path));

/** Starts chromium. */
export async function startBrowser() {
  const { default: puppeteer } = await import(pathToFileURL(resolve("puppeteer-core")).href);
  return puppeteer.launch({
    executablePath: chromiumPath(),
    // Containers have no namespaces for its sandbox; nothing is loaded but what this machine serves.
    args: ["--no-sandbox", "--disable-gpu", `--host-resolver-rules=MAP ${REBOUND} 127.0.0.1`],
  });
}

/**
 * Opens a page that remembers what it should not have done.
 *
 * @param {any} browser
 * @returns {Promise<any>} `faults`: errors of scripts, refusals of the content security policy, requests to other places
 */
export async function watchedPage(browser, origin) {
  const context = await browser.createBrowserContext();
  await context.overridePermissions(origin, ["clipboard-read", "clipboard-sanitized-write"]);
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const faults = [];
  page.on("pageerror", (error) => faults.push(`an error: ${error.message}`));
  page.on("console", (message) => {
    // A refusal of the console's server is told by the browser as well.
    if (message.type() === "error" && !/status of [45]\d\d/.test(message.text())) faults.push(`told: ${message.text()}`);
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(`${origin}/`) && !request.url().startsWith("data:")) faults.push(`asked: ${request.url()}`);
  });
  await page.evaluateOnNewDocument(() => {
    Object.assign(globalThis, { refusals: [], hits: [] });
    document.addEventListener("securitypolicyviolation", (event) => globalThis.refusals.push(event.violatedDirective));
  });
  return {
    page,
    faults: async () => [...faults.splice(0), ...(await page.evaluate(() => globalThis.refusals.splice(0)))],
    close: () => context.close(),
  };
}

/** What axe says against a page by WCAG 2.2 AA, each in a line. */
export async function axeFaults(page) {
  const source = readFileSync(resolve("axe-core/axe.min.js"), "utf8");
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(source);
  return page.evaluate(async () => {
    const values = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const { violations } = await globalThis.axe.run(document, { runOnly: values });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`);
  });
}

/** By how many pixels a page is wider than its window. */
export const overflow = (page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

/** Light or dark, still or moving, at a width. */
export async function dress(page, { width = 1_000, scheme = "light", motion = "reduce" } = {}) {
  await page.emulateMediaFeatures([
    { name: "prefers-color-scheme", value: scheme },
    { name: "prefers-reduced-motion", value: motion },
  ]);
  await page.setViewport({ width, height: 900 });
  // Two frames: what observes the width has drawn by then.
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
}

/** The text of what a selector finds. */
export const textOf = (page, selector) => page.$eval(selector, (element) => element.textContent);

/** Waits until what a selector finds says a word. */
export const untilSays = (page, selector, word) =>
  page.waitForFunction(
    (wanted, part) => [...document.querySelectorAll(wanted)].some((element) => element.textContent.includes(part)),
    {},
    selector,
    word,
  );

/** Waits until the sentence names a kid as that of the key that signs, or its beginning. */
export const untilSigns = (page, kid) =>
  page.waitForFunction((whole) => whole.startsWith(document.querySelector("h1 .kid.signs")?.textContent.split("…")[0]), {}, kid);

/** Presses the button that says a word. */
export async function press(page, word, within = "body") {
  const handle = await page.waitForFunction(
    (place, part) =>
      [...document.querySelectorAll(`${place} button`)].find((each) => each.textContent.includes(part) && !each.disabled),
    {},
    within,
    word,
  );
  await handle.asElement().evaluate((button) => button.focus());
  await page.keyboard.press("Enter");
}

/** Goes by Tab to what a selector finds and a word is said by, or named. */
export async function reach(page, selector, word = "") {
  const isThere = () =>
    page.evaluate(
      (wanted, part) => {
        const element = document.activeElement;
        return element.matches(wanted) && `${element.textContent} ${element.ariaLabel}`.includes(part);
      },
      selector,
      word,
    );
  for (let turn = 0; turn < MOST_TABS; turn++) {
    if (await isThere()) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`no Tab leads to ${selector} ${word}`);
}

/** Goes by Tab to a button, and presses it. */
export async function pressByKeys(page, selector, word) {
  await reach(page, selector, word);
  await page.keyboard.press("Enter");
}

/** Goes to a view by its link. */
export async function visit(page, name) {
  await page.evaluate((hash) => {
    location.hash = hash;
  }, name);
  await page.waitForFunction((hash) => document.querySelector(`nav a[href="#${hash}"]`)?.ariaCurrent === "page", {}, name);
}

/** Has the page read the keys again. */
export const readAgain = (page) => page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
