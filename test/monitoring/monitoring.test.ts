import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { createMetrics, type KeyInUse } from "../../src/server/metrics.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { textOf } from "../house/repository.js";
import { inFolder, ourIssuer } from "../rotation/incidents/party.js";
import { followedKeys } from "../server/followed.js";
import { exportedMetrics, metricsIn, seriesOf } from "./metric-names.js";

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string };
}
const rules: readonly Rule[] = parse(textOf("examples/monitoring/signet.rules.yml")).groups.flatMap(
  ({ rules: each }: { rules: readonly Rule[] }) => each,
);
const dashboard = JSON.parse(textOf("examples/monitoring/grafana-dashboard.json"));
const queries: readonly string[] = dashboard.panels.flatMap(({ targets = [] }: { targets?: { expr: string }[] }) =>
  targets.map(({ expr }) => expr),
);
/** Prometheus makes this one itself, for everything that it scrapes. */
const OF_PROMETHEUS = "up";

describe("the alerts and the dashboard", () => {
  it("name only metrics that a server exports", async () => {
    const exported = await exportedMetrics();
    const series = new Set([...exported].flatMap(([name, { type }]) => seriesOf(name, type)));
    const named = [...rules.map(({ expr }) => expr), ...queries].flatMap(metricsIn);
    expect(named.length).toBeGreaterThan(40);
    expect(named.filter((name) => name !== OF_PROMETHEUS && !series.has(name))).toStrictEqual([]);
  });

  it("use every metric of our own", async () => {
    const own = [...(await exportedMetrics())].filter(([name]) => name.startsWith("signet_"));
    const used = new Set([...rules.map(({ expr }) => expr), ...queries].flatMap(metricsIn));
    expect(own.filter(([name, { type }]) => !seriesOf(name, type).some((each) => used.has(each)))).toStrictEqual([]);
  });

  it("select by labels that the metric has", async () => {
    const source = textOf("src/server/metrics.ts");
    const labels = new Set([...source.matchAll(/"([a-z]+)"/g)].map(([, label]) => label));
    const selected = [...rules.map(({ expr }) => expr), ...queries].flatMap((query) =>
      [...query.matchAll(/(\w+)(?:=|!=|=~)"/g)].map(([, label]) => label),
    );
    expect(new Set(selected).size).toBeGreaterThan(3);
    expect(selected.filter((label) => label !== "job" && !labels.has(label))).toStrictEqual([]);
  });

  it("ask for dependencies that the server reports", () => {
    const sources = ["follow", "manage"].map((file) => textOf(`src/server/${file}.ts`)).join();
    const asked = rules.flatMap(({ expr }) => [...expr.matchAll(/dependency="([^"]+)"/g)].map(([, name = ""]) => name));
    expect(new Set(asked).size).toBe(6);
    for (const name of asked) expect(sources).toContain(`"${name}"`);
  });

  it("are each tried with promtool: once where it fires, and once where it does not", () => {
    const { tests } = parse(textOf("examples/monitoring/signet.rules.test.yml"));
    const cases: readonly { alertname: string; exp_alerts: unknown[] }[] = tests.flatMap(
      ({ alert_rule_test }: { alert_rule_test: unknown[] }) => alert_rule_test,
    );
    const fired = new Set(cases.filter(({ exp_alerts }) => exp_alerts.length > 0).map(({ alertname }) => alertname));
    const quiet = new Set(cases.filter(({ exp_alerts }) => exp_alerts.length === 0).map(({ alertname }) => alertname));
    const names = rules.map(({ alert }) => alert);
    expect(names.filter((name) => !fired.has(name))).toStrictEqual([]);
    expect(names.filter((name) => !quiet.has(name))).toStrictEqual([]);
  });

  it("finds names that are no metric of ours", () => {
    expect(metricsIn('sum by (job) (rate(signet_gone_total{job="signet"}[5m])) > 0.1 * max(other) or up')).toStrictEqual([
      "signet_gone_total",
      "other",
      "up",
    ]);
  });
});

describe("the metrics of keys", () => {
  const scratch = scratchDirectories();

  it("count the keys that could sign next, and leave out the ones that could not be proven", async () => {
    const directory = await scratch();
    const party = await ourIssuer(inFolder(directory));
    const { stores } = party;
    let seen: KeyInUse | undefined;
    const followed = followedKeys({ activeKey: party.active, stores });
    const text = async () => {
      await followed.refresh();
      seen = followed.keyInUse();
      return createMetrics(() => seen, party.now).text();
    };
    expect(await text()).toMatch(/^signet_standby_keys 1$/m);
    const read = await stores.keyring.read();
    const keys = (read?.keyring.keys ?? []).map((key) => (key.state === "pending" ? { ...key, unprovenAt: party.now() } : key));
    await stores.keyring.write({ ...(read as NonNullable<typeof read>).keyring, keys }, (read as { tag: string }).tag);
    expect(await text()).toMatch(/^signet_standby_keys 0$/m);
  });

  it("say nothing of a standby where a key is made when it is asked for", async () => {
    const key = { alg: "ES256", kid: "k", activatedAt: 1, rotatesAt: undefined, standbys: undefined };
    const text = await createMetrics(
      () => key,
      () => 100,
    ).text();
    expect(text).not.toMatch(/^signet_(standby_keys|next_rotation_seconds) \d/m);
  });
});
