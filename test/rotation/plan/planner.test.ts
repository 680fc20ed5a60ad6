import { describe, expect, it } from "vitest";
import type { KeyRecord } from "../../../src/keyring/key-record.js";
import { plan } from "../../../src/rotation/plan/planner.js";
import type { View } from "../../../src/rotation/plan/view.js";
import { DAY, fullView, key, NOW, viewOf } from "./view-fixture.js";

const planned = (view: View, now = NOW) => plan(view, view.keyring.policy, now);
const rules = (view: View, now = NOW) => planned(view, now).waits.map((wait) => wait.rule);
const kinds = (view: View, now = NOW) => planned(view, now).actions.map((action) => action.kind);

describe("the planner", () => {
  const steady = [key("a", "active"), key("b", "pending")];

  it("does nothing where nothing is due, and says until when", () => {
    expect(kinds(viewOf(steady))).toStrictEqual([]);
    expect(planned(viewOf(steady)).nextAt).toBe(NOW - 10 * DAY + 90 * DAY - DAY - 3_600);
    expect(rules(viewOf(steady))).toStrictEqual(["not_due", "prepare_later"]);
  });

  it("refuses a rotation without a second standby, and makes that one", () => {
    const view = viewOf(steady, { rotationRequest: { requestedAt: NOW } });
    expect(kinds(view)).toStrictEqual(["make"]);
    expect(rules(view)).toStrictEqual(["second_standby"]);
  });

  it("rotates to the standby that was published longest, once two are old enough", () => {
    const young = key("c", "pending", { publishedAt: NOW - DAY + 1 });
    const view = viewOf([...steady, young], { rotationRequest: { requestedAt: NOW } });
    expect(kinds(view)).toStrictEqual([]);
    expect(planned(view, NOW + 1).actions).toMatchObject([{ kind: "activate", id: "b", because: "requested" }]);
  });

  it("keeps a retired key until the last second in which a token of it may be accepted", () => {
    const retired = key("r", "retired", { retiredAt: NOW, maxTtlSeconds: 7 * DAY, maxAgeSeconds: 7_200 });
    const leaves = NOW + 7_200 + 7 * DAY + 4 * 300;
    const at = (now: number) =>
      kinds({ ...viewOf([...steady, retired]), keyring: { ...viewOf([...steady, retired]).keyring, sweptAt: now } }, now);
    expect(at(leaves - 1)).not.toContain("remove");
    expect(at(leaves)).toContain("remove");
  });

  it.each([
    ["imported", { origin: "imported" as const }],
    ["signed without expiry", { signedWithoutExpiry: true }],
  ])("never removes a key that was %s, without the operator's word", (_why, more) => {
    const view = (word: Partial<KeyRecord>) =>
      viewOf([...steady, key("r", "retired", { retiredAt: NOW - 50 * DAY, ...more, ...word })]);
    expect(kinds(view({}))).not.toContain("remove");
    expect(rules(view({}))).toContain("tokens_unknown");
    expect(kinds(view({ tokensExpireBy: NOW - 600 }))).toContain("remove");
    expect(kinds(view({ tokensExpireBy: NOW - 599 }))).not.toContain("remove");
  });

  it("removes nothing while an activation is unconfirmed", () => {
    const retired = key("r", "retired", { retiredAt: NOW - 50 * DAY });
    const activation = { id: "b", sequence: 2, maxTtlSeconds: DAY, because: "due" as const, intendedAt: NOW };
    const view = viewOf([...steady, retired], { activation, lastSequence: 2 });
    expect(kinds(view)).toStrictEqual(["confirm"]);
    expect(rules(view)).toContain("activation_under_way");
  });

  it("does nothing but explain when its clock is behind the keyring's times", () => {
    const view = viewOf(steady);
    expect(planned(view, NOW - 601)).toMatchObject({ actions: [], waits: [{ rule: "clock_behind" }] });
    expect(rules(view, NOW - 600)).not.toContain("clock_behind");
  });

  it("does nothing on an active document that no manager wrote", () => {
    const view = viewOf(steady);
    const foreign = { ...view, documents: [{ ...(view.documents[0] as View["documents"][0]), sequence: 9, kid: "x" }] };
    expect(planned(foreign)).toMatchObject({ actions: [], waits: [{ rule: "document_foreign", until: null }] });
  });

  it("believes that the active document is lost only after patient reads", () => {
    const view = { ...viewOf(steady), documents: [] };
    expect(kinds(view)).toStrictEqual(["reread"]);
    expect(planned({ ...view, patient: true }).actions).toMatchObject([{ kind: "activate", id: "a", because: "lost" }]);
  });

  it("publishes no eleventh key", () => {
    const retired = Array.from({ length: 9 }, (_, index) => key(`r${index}`, "retired", { retiredAt: NOW - index }));
    const view = viewOf([key("a", "active"), ...retired]);
    expect(kinds(view)).toStrictEqual([]);
    expect(rules(view)).toContain("jwks_full");
    expect(kinds(fullView(NOW))).toStrictEqual([]);
  });
});
