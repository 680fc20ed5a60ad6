/** Keys: seen, rotated and revoked, as a person does it. */
import { keyringIn, must, signet } from "../../test/rotation/processes/installation.mjs";
import { dress, press, textOf, untilSays, untilSigns, visit } from "./browser.mjs";
import { activeKid } from "./issuer.mjs";

const stateOf = (cwd) => JSON.stringify(keyringIn(cwd));
const hasDialog = (page) => page.evaluate(() => document.querySelector("dialog") !== null);
const focused = (page) => page.evaluate(() => document.activeElement.textContent);

/** What is seen, by the eye and by who hears it. */
export async function seeKeys({ page, cwd, check }) {
  await page.waitForSelector("h1 .kid.signs");
  // It is drawn once its width is known.
  await page.waitForSelector(".timeline .lane");
  const [begun] = (await textOf(page, "h1 .kid.signs")).split("…");
  check(activeKid(cwd).startsWith(begun), "the sentence names the key that signs", begun);
  const [lanes, rows] = await page.evaluate(() => [
    document.querySelectorAll(".lane:not(.fold)").length,
    document.querySelectorAll(".unseen tbody tr").length,
  ]);
  check(lanes > 2 && rows >= lanes, "each lane is a row of the table as well", { lanes, rows });
  check((await page.$$(".timeline .now-line")).length >= 1, "there is a line of now");
  check((await page.$$(".timeline-width .known")).length > 0, "there is a mark where every verifier has a key");
  check((await page.$$(".timeline-width .revoked")).length > 0, "a revoked key is crossed");
  await press(page, "kid", ".card.active");
  await untilSays(page, ".card.active .copy", "Copied");
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  check(copied === activeKid(cwd), "the kid was copied", copied);
}

/** Up and down from key to key, left and right along a life. */
export async function steerKeys({ page, check }) {
  await page.evaluate(() => document.querySelector('.lane[tabindex="0"]:not(.fold)').focus());
  const first = await textOf(page, ".readout strong");
  await page.keyboard.press("ArrowDown");
  await page.waitForFunction((name) => document.querySelector(".readout strong")?.textContent !== name, {}, first);
  const second = await textOf(page, ".readout strong");
  // The focus follows once it was drawn anew.
  await page.waitForFunction((name) => document.activeElement.getAttribute("aria-label")?.startsWith(name), {}, second);
  check(true, "an arrow goes to the next key, which says its life");
  const before = await textOf(page, ".readout");
  await page.keyboard.press("ArrowRight");
  await page.waitForFunction((words) => document.querySelector(".readout").textContent !== words, {}, before);
  await page.keyboard.press("Home");
  await page.waitForFunction((name) => document.querySelector(".readout strong").textContent === name, {}, first);
  check(true, "arrows go along a life, and Home leads back");
}

/** Everything that can be pressed is reached by Tab, and is seen to be. */
export async function tabThrough({ page, check }, view) {
  await visit(page, view);
  await page.$eval(".skip", (first) => first.focus());
  const reached = new Set();
  for (let turn = 0; turn < 400; turn++) {
    const at = await page.evaluate(() => {
      const element = document.activeElement;
      if (element === document.body) return null;
      const all = [...document.querySelectorAll("*")];
      const back = element.querySelector(".lane-back");
      const { outlineStyle, outlineWidth } = getComputedStyle(element);
      const isSeen = back === null ? outlineStyle !== "none" && outlineWidth !== "0px" : getComputedStyle(back).stroke !== "none";
      return { index: all.indexOf(element), isSeen, html: element.outerHTML.slice(0, 100) };
    });
    if (at === null || reached.has(at.index)) break;
    reached.add(at.index);
    // What a script focuses first may show it or not.
    if (turn > 0) check(at.isSeen, `the focus is seen in ${view}`, at.html);
    await page.keyboard.press("Tab");
  }
  const missed = await page.evaluate(
    (indexes) => {
      const all = [...document.querySelectorAll("*")];
      const wanted =
        '.lane[tabindex="0"],a[href],button:not(:disabled):not([tabindex="-1"]),input:not([type="radio"]),select,textarea,summary';
      return [...document.querySelectorAll(wanted)]
        .filter((element) => element.checkVisibility() && !indexes.includes(all.indexOf(element)))
        .map((element) => element.outerHTML.slice(0, 100));
    },
    [...reached],
  );
  check(missed.length === 0, `everything in ${view} is reached by Tab`, missed);
}

/** A rotation: looked at, left, looked at again, done. */
export async function rotate({ page, cwd, check }) {
  await visit(page, "keys");
  const [before, kid] = [stateOf(cwd), activeKid(cwd)];
  await press(page, "Rotate…", ".panel-head");
  await page.waitForSelector("dialog .sentences li");
  check((await page.$$(".ghosts .ghost")).length > 0, "what would be stands in the timeline");
  check(stateOf(cwd) === before, "a look changes nothing");
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => document.querySelector("dialog") === null);
  check((await page.$$(".ghosts .ghost")).length === 0, "Escape takes it away");
  await page.waitForFunction(() => document.activeElement.textContent.includes("Rotate"));
  await dress(page, { motion: "no-preference" });
  await press(page, "Rotate…", ".panel-head");
  await page.waitForSelector("dialog .sentences li");
  await press(page, "Rotate", "dialog");
  await untilSays(page, "dialog button", "Close");
  const next = activeKid(cwd);
  check(next !== kid, "another key signs", { kid, next });
  await untilSigns(page, next);
  check((await page.$$(".ghosts")).length === 0, "what was done is no ghost any more");
  await page.keyboard.press("Escape");
  await dress(page, {});
}

/** A revocation: typed in full, or not done. */
export async function revoke({ page, cwd, check }) {
  const kid = keyringIn(cwd).keys.find(({ state }) => state === "pending").publicJwk.kid;
  await page.evaluate((name) => document.querySelector(`button[aria-label="Revoke ${name}"]`).click(), kid);
  await page.waitForSelector("dialog input.typed");
  await page.type("dialog input:not(.typed)", "it was lost");
  await page.type("dialog input.typed", kid.slice(0, -1));
  check(await page.$eval("dialog button[type=submit]", (button) => button.disabled), "a part of the kid is not enough");
  await page.type("dialog input.typed", kid.slice(-1));
  await press(page, "Revoke it", "dialog");
  // The reason came after the look: where that would be another one, it is shown again.
  await page.waitForFunction(() => /Close|new look/.test(document.querySelector("dialog").textContent));
  if ((await textOf(page, "dialog")).includes("new look")) await press(page, "Revoke it", "dialog");
  await untilSays(page, "dialog button", "Close");
  const left = keyringIn(cwd).keys.find((key) => key.publicJwk?.kid === kid);
  check(left === undefined || left.revokedAt !== undefined, "it is revoked", left?.state);
  await press(page, "Close", "dialog");
  check(!(await hasDialog(page)), "the panel closes", await focused(page));
}

/** What was looked at is not what is there any more. */
export async function conflict({ page, cwd, check }) {
  await press(page, "Rotate…", ".panel-head");
  await page.waitForSelector("dialog .sentences li");
  const kid = keyringIn(cwd).keys.find(({ state }) => state === "retired").publicJwk.kid;
  must(await signet(cwd, ["keys", "revoke", kid, "--yes"]), "keys revoke");
  const before = activeKid(cwd);
  await press(page, "Rotate", "dialog");
  await untilSays(page, "dialog [role=alert]", "have changed since");
  check(activeKid(cwd) === before, "nothing is done to keys that have changed since");
  await press(page, "Close", "dialog");
}
