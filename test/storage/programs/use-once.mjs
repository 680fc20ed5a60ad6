/** A process that uses names: those that it is told of, at "go"; it tells each that was the first use as soon as that is answered. */
const [bundle, directory, ...digests] = process.argv.slice(2);
const { createFileOnceStore } = await import(bundle);
const store = createFileOnceStore(directory);
const until = Math.floor(Date.now() / 1_000) + 300;
process.once("message", async () => {
  for (const digest of digests) {
    if (await store.createOnce(digest, until, "ci")) await new Promise((resolve) => process.send(digest, resolve));
  }
  process.disconnect();
});
process.send("ready");
