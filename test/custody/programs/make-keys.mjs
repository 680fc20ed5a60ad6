// Makes keys when it is told to, and destroys the first of them: node make-keys.mjs BUNDLE CUSTODIAN DIRECTORY ID...
const [bundle, name, directory, ...ids] = process.argv.slice(2);
const { load, algorithm } = await import(bundle);
const { create } = await load[name]();
// Each key by an instance of its own.
const open = () => create({ directory, env: {} });

process.on("message", async () => {
  await Promise.all(ids.map((id) => open().create(id, algorithm)));
  await open().destroy(ids[0]);
  process.disconnect();
});
process.send("ready");
