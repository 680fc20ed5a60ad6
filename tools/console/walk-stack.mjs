/** A stack: rotated and revoked by keys alone, and everything that another manager, a missing right or a console that is gone can do to that. */
import { axeFaults, dress, press, pressByKeys, reach, readAgain, textOf, untilSays, untilSigns, visit } from "./browser.mjs";
import { MANAGER } from "./stack.mjs";
import { audit, callers, commands, ISSUE, tokens } from "./walk-tokens.mjs";

const kidOf = ({ publicJwk }) => publicJwk.kid;
const kidsIn = (stack, state) =>
  stack
    .keyring()
    .keys.filter((key) => key.state === state)
    .map(kidOf);
const signing = (stack) => kidsIn(stack, "active")[0];
const isPublished = (stack, kid) => stack.published().keys.some((key) => key.kid === kid);

/** Opens what a rotation would do. */
async function lookAtRotation(page) {
  await pressByKeys(page, "button", "Rotate…");
  await page.waitForSelector("dialog .sentences li");
}

/** Opens what a revocation would do, and types the kid. */
async function lookAtRevocation(page, kid) {
  await pressByKeys(page, "button", `Revoke ${kid}`);
  await page.waitForSelector("dialog input.typed");
  await reach(page, "dialog input.typed");
  await page.keyboard.type(kid);
}

async function closed(page) {
  await pressByKeys(page, "dialog button", "Close");
  await page.waitForFunction(() => document.querySelector("dialog") === null);
}

/** A rotation, by keys alone. */
async function rotated({ page, check, stack }) {
  const before = stack.keyring().keys.length;
  await lookAtRotation(page);
  check(stack.keyring().keys.length === before, "a look at a stack changes nothing");
  await pressByKeys(page, "dialog button[type=submit]", "Rotate");
  await untilSays(page, "dialog button", "Close");
  check(stack.keyring().keys.length === before + 1, "a rotation of a stack makes its next standby", stack.keyring().keys.length);
  await closed(page);
  const back = await page.evaluate(() => document.activeElement.textContent);
  check(back === "Rotate…", "what was closed gives the focus back", back);
}

/** A revocation of the key that signs, by keys alone. */
async function revoked({ page, check, stack }) {
  const kid = signing(stack);
  await lookAtRevocation(page, kid);
  await page.keyboard.press("Enter");
  await untilSays(page, "dialog button", "Close");
  check(signing(stack) !== kid && !isPublished(stack, kid), "a revoked key of a stack signs no more, and is not published");
  await untilSigns(page, signing(stack));
  await closed(page);
}

/** Another manager has the lease. */
async function held({ page, check, stack }) {
  const [kid] = kidsIn(stack, "pending");
  await lookAtRevocation(page, kid);
  const other = await stack.other.frozen(["keys", "rotate"]);
  await page.keyboard.press("Enter");
  await untilSays(page, "dialog [role=alert]", "Another manager is at work.");
  check(isPublished(stack, kid), "nothing is done beside another manager");
  other.goOn();
  check((await other.ended) === 0, "the other manager comes through");
  await closed(page);
}

/** Another manager takes over while the stack's own one stands still. */
async function lost({ page, check, stack }) {
  const [kid] = kidsIn(stack, "pending");
  await lookAtRevocation(page, kid);
  const stopped = stack.frozenManager();
  await page.keyboard.press("Enter");
  const { goOn } = await stopped;
  await page.waitForSelector("dialog .steps .working");
  const moving = await page.evaluate(() => document.getAnimations().length);
  check(moving === 0, "nothing moves under reduced motion while a change is at work", moving);
  await stack.other.takeOver(["keys", "rotate"]);
  goOn();
  await untilSays(page, "dialog [role=alert]", "Another manager took over.");
  check(isPublished(stack, kid), "who has lost the lease does nothing more");
  const faults = await axeFaults(page);
  check(faults.length === 0, "axe finds nothing where another manager took over", faults);
  await closed(page);
}

/** A right that is missing is named where it is missing. */
async function denied({ page, check, stack }) {
  stack.deny("lambda:InvokeFunction");
  await pressByKeys(page, "button", "Rotate…");
  await untilSays(page, "dialog [role=alert]", "AWS does not allow it.");
  const words = await textOf(page, "dialog [role=alert]");
  check(words.includes(`allow lambda:InvokeFunction on ${MANAGER}`), "the right to change keys is named", words);
  await closed(page);
  stack.allowAll();
  stack.deny("s3:GetObject");
  await readAgain(page);
  await untilSays(page, "main [role=alert]", "AWS does not allow it.");
  const told = await textOf(page, "main [role=alert]");
  check(told.includes("allow s3:GetObject on "), "the right to read keys is named", told);
  check((await page.$$("h1 .kid")).length > 0, "how things stood is still to be read");
  stack.allowAll();
  await readAgain(page);
  await page.waitForFunction(() => document.querySelector("main [role=alert]") === null);
}

/** The console is killed in the middle of a change, which its key manager finishes. */
export async function gone({ page, check, stack, stop }) {
  const [kid] = kidsIn(stack, "pending");
  await lookAtRevocation(page, kid);
  const stopped = stack.frozenManager();
  await page.keyboard.press("Enter");
  const { goOn } = await stopped;
  await page.waitForSelector("dialog .steps li:not(.working)");
  await stop("SIGKILL");
  await untilSays(page, "dialog [role=alert]", "What was begun may have been done");
  await page.waitForSelector(".offline");
  check((await page.$$("h1 .kid")).length > 0, "how things stood before is still to be read");
  const faults = await axeFaults(page);
  check(faults.length === 0, "axe finds nothing where the console is gone", faults);
  goOn();
  await stack.finished();
  check(!isPublished(stack, kid), "what was begun is finished without the console");
}

/** A token for a caller is issued by its alias of the function, whose log then says when the caller was used. */
async function forCaller({ page, check }) {
  await visit(page, "tokens");
  await page.waitForSelector(`${ISSUE} select`);
  await page.select(`${ISSUE} select`, "billing");
  await untilSays(page, `${ISSUE} .hint`, "1 minute at most");
  await press(page, "Issue a token", ISSUE);
  await page.waitForSelector(`${ISSUE} .verdict .lines`);
  await visit(page, "callers");
  await page.waitForSelector("article time");
  check(true, "a caller gets a token by its alias, and the log of the function says so");
}

/** The other views of a stack. */
const OTHERS = [tokens, commands, forCaller, callers, audit];

/** Walks through the console of a stack, as long as it is there; `isShort` leaves what a folder's console has shown already. */
export async function walkStack(world, { isShort }) {
  const { page, link, check } = world;
  await page.goto(link);
  await dress(page, {});
  await page.waitForSelector("h1 .kid.signs");
  check((await textOf(page, ".where small")).includes("the stack signet"), "it says that it is a stack's");
  for (const step of [rotated, revoked, ...(isShort ? [] : OTHERS)]) await step(world);
  await visit(page, "keys");
  for (const step of [held, lost, denied]) await step(world);
}
