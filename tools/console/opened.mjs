/** A console that was started, in a page of its own. */
import { watchedPage } from "./browser.mjs";

/** Opens it; `quiet` makes sure that nothing was told that should not be. */
export async function opened(browser, { link, origin, stop }, check) {
  const { page, faults, close } = await watchedPage(browser, origin);
  const quiet = async (what) => {
    const told = await faults();
    check(told.length === 0, `no fault was told: ${what}`, told);
  };
  return { world: { browser, page, origin, link, check }, quiet, stop, close };
}
