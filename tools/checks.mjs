/** What a proof has looked at: it goes on after what is not so, and tells how many there were when it ends. */
let passed = 0;
let failed = 0;

/** @param {string} what @param {boolean} isRight @param {unknown} [seen] told where it is not so */
export function check(what, isRight, seen) {
  if (isRight) passed += 1;
  else {
    failed += 1;
    console.log(`not so: ${what}${seen === undefined ? "" : `: ${JSON.stringify(seen)}`}`);
  }
}

/** How many there were so far. */
export const checked = () => passed + failed;

/** Ends a proof: its last line, and how its process ends. */
export function tellChecked() {
  console.log(`\n${passed} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
}
