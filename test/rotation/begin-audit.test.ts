import { expect, it } from "vitest";
import type { Manager } from "../../src/rotation/manager.js";
import type { Stores } from "../../src/storage/contract.js";
import { issuersByUpload, USUAL } from "./issuer-by-upload.js";

const { issuerByUpload } = issuersByUpload();

/** An issuer whose log has an altered line, and a manager before whose first write another one does something. */
async function overtaken(meanwhile: (other: Manager) => Promise<unknown>) {
  const { stores, managerOf, keyring } = await issuerByUpload(USUAL);
  const read: Stores["audit"]["read"] = async function* (after = 0) {
    let number = after;
    for await (const line of stores.audit.read(after))
      yield ++number === 1 ? line.replace("issuer.created", "issuer.altered") : line;
  };
  const altered: Stores = { ...stores, audit: { ...stores.audit, read } };
  let writes = 0;
  const write: typeof stores.keyring.write = async (next, tag) => {
    if (++writes === 1) await meanwhile(managerOf(USUAL, altered));
    return stores.keyring.write(next, tag);
  };
  const history = () => managerOf(USUAL, altered).history();
  return { keyring, history, late: managerOf(USUAL, { ...altered, keyring: { ...stores.keyring, write } }) };
}

const begun = "audit.begun";

it("a new chain names the head that the log had under the lease, which is answered", async () => {
  let head = "";
  const { late, history, keyring } = await overtaken(async (other) => {
    await other.rotate();
    head = (await keyring()).audit.head;
  });
  const { headBefore, isIntact } = await late.beginAudit();
  const first = (await history()).find(({ event }) => event === begun);
  expect({ headBefore, isIntact }).toStrictEqual({ headBefore: head, isIntact: true });
  expect(first).toMatchObject({ previous: head, why: expect.stringContaining(head) });
});

it("no second chain is begun where another manager has begun one meanwhile", async () => {
  const { late, history } = await overtaken((other) => other.beginAudit());
  await expect(late.beginAudit()).rejects.toMatchObject({ code: "plan_refused" });
  expect((await history()).filter(({ event }) => event === begun)).toHaveLength(1);
});
