/** `aws SERVICE ACTION --member VALUE ...` over the strict fake: what an operator does to AWS itself in the sessions of docs/transcripts/fake. */
const [service = "", action = "", ...words] = process.argv.slice(2);

/** @param {string} name */
const pascal = (name) => name.replace(/(?:^|-)([a-z])/g, (_, letter) => letter.toUpperCase());

/** @type {Record<string, string | number | boolean | string[]>} */
const input = {};
const first = words.findIndex((word) => word.startsWith("--"));
const places = first < 0 ? words.splice(0) : words.splice(0, first);
if (places.length > 0) input.Places = places;
for (let at = 0; at < words.length; at++) {
  const value = words[at + 1];
  const isAlone = value === undefined || value.startsWith("--");
  input[pascal((words[at] ?? "").replace(/^--/, ""))] = isAlone ? true : /^\d{1,4}$/.test(value) ? Number(value) : value;
  if (!isAlone) at += 1;
}
const answer = await fetch(process.env.FAKE_AWS ?? "", {
  method: "POST",
  body: JSON.stringify({ service, action: pascal(action), input }),
});
const text = await answer.text();
if (answer.ok) process.stdout.write(text === "{}" ? "" : `${text}\n`);
else process.stderr.write(`An error occurred (${text})\n`);
process.exitCode = answer.ok ? 0 : 254;
