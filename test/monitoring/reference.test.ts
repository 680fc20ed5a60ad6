import { describe, expect, it } from "vitest";
import { parseTemplate } from "../deploy/cloudformation.mjs";
import { repositoryFiles, textOf } from "../house/repository.js";
import { exportedMetrics } from "./metric-names.js";

const page = textOf("docs/monitoring.md");
const template = textOf("src/deploy/template.yaml");
/** The members of a line of the API's access log. */
const ACCESS_LOG = [...(/Format: '(\{[^']*\})'/.exec(template)?.[1] ?? "").matchAll(/"(\w+)":"\$/g)].map(([, name = ""]) => name);

/** The words of every line that the server logs, as they stand in the source. */
function messages(): readonly string[] {
  const files = [...repositoryFiles("src/server/*.ts"), "src/cli/serving.ts"];
  return files.map(textOf).flatMap((text) => {
    // By pino's methods, or as the member of a line that is made without them.
    const given = [...text.matchAll(/\blog\.(?:info|warn|error)\(([\s\S]*?)\);/g), ...text.matchAll(/\bmsg: (.*),/g)];
    return given.flatMap(([, words = ""]) => {
      const texts = [...words.matchAll(/"([^"]*)"/g)].map(([, each = ""]) => each);
      // One of two, by a condition, or the last thing that is given; what is built elsewhere stands in `told("...")`.
      return words.includes("?") ? texts : texts.slice(-1);
    });
  });
}

/** Members of the lines that the functions write, as far as they stand in the call itself. */
function members(): readonly string[] {
  return repositoryFiles("src/lambda/*.ts").flatMap((path) =>
    [...textOf(path).matchAll(/\blog\("[A-Z]+", [\w."]+, \{([^}]*)\}/g)].flatMap(([, given = ""]) =>
      given
        .split(",")
        .map((member) => member.trim().split(":")[0] ?? "")
        .filter((name) => /^\w+$/.test(name)),
    ),
  );
}

describe("docs/monitoring.md", () => {
  it("has every line of the server's log", () => {
    const found = messages();
    expect(found.length).toBeGreaterThan(15);
    expect(found.filter((text) => !page.includes(text))).toStrictEqual([]);
    expect(textOf("src/server/manage.ts")).toContain(
      "an operator has to look at this: `signet keys repair` says what can be done",
    );
    expect(page).toContain("an operator has to look at this: `signet keys repair` says what can be done");
  });

  it("has no line of the server's log that there is not", () => {
    const table = page.slice(page.indexOf("## Lines of the server's log"), page.indexOf("## Lines of a stack's log"));
    const sources = [...repositoryFiles("src/server/*.ts"), "src/cli/serving.ts"].map(textOf).join();
    const listed = [...table.matchAll(/^\| (?:info|warn|error) \| (`+)(.*?)\1 \|/gm)].map(([, , text = ""]) => text);
    expect(listed.length).toBeGreaterThan(15);
    expect(listed.filter((text) => !sources.includes(text))).toStrictEqual([]);
  });

  it("has every member of the functions' lines", () => {
    const found = members();
    expect(found).toEqual(expect.arrayContaining(["unproven", "stray", "overdue", "notice", "outcome"]));
    expect(found.filter((name) => !page.includes(`\`${name}\``))).toStrictEqual([]);
  });

  it("has every metric of the functions, and no other", () => {
    const sources = ["src/lambda/shared/report.ts", "src/lambda/key-manager/report.ts"].map(textOf).join();
    const written = [...sources.matchAll(/\b([A-Z]\w+): /g)].map(([, name = ""]) => name).concat("KmsMilliseconds");
    const metrics = new Set(written.filter((name) => /^(Issued|Refused|Failed|Manager|Kms|Issue|SelfCheck)/.test(name)));
    const table = page.slice(page.indexOf("## Metrics of a stack"), page.indexOf("## Lines of the server's log"));
    const listed = [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
    expect(listed.sort()).toStrictEqual([...metrics].sort());
  });

  it("names the alerts that there are", () => {
    const rules = [...textOf("examples/monitoring/signet.rules.yml").matchAll(/- alert: (\w+)/g)].map(([, name = ""]) => name);
    expect(rules.length).toBeGreaterThan(10);
    expect(rules.filter((name) => !page.includes(`\`${name}\``))).toStrictEqual([]);
    const alarms = [textOf("src/deploy/template.yaml"), textOf("examples/monitoring/cloudwatch.yaml")].flatMap((text) =>
      [...text.matchAll(/^ {2}(\w+):\n {4}Type: AWS::CloudWatch::Alarm$/gm)].map(([, name = ""]) => name),
    );
    expect(alarms.length).toBe(12);
    expect(alarms.filter((name) => !page.includes(`\`${name}\``))).toStrictEqual([]);
  });
});

describe("docs/metrics.md", () => {
  it("has every metric of the server's own, and no other", async () => {
    const own = [...(await exportedMetrics()).keys()].filter((name) => name.startsWith("signet_"));
    const listed = [...textOf("docs/metrics.md").matchAll(/`(signet_\w+)`/g)].map(([, name = ""]) => name);
    expect([...new Set(listed)].sort()).toStrictEqual(own.sort());
  });
});

describe("the example of more alarms in CloudWatch", () => {
  const { Resources } = parseTemplate(textOf("examples/monitoring/cloudwatch.yaml"));
  const filters: readonly string[] = Object.values<{ Type: string; Properties: { FilterPattern: string } }>(Resources)
    .filter(({ Type }) => Type === "AWS::Logs::MetricFilter")
    .map(({ Properties }) => Properties.FilterPattern);

  it("looks for members that lines have, and for codes and events that there are", () => {
    expect(filters).toHaveLength(6);
    const written = new Set([...members(), "level", "code", ...ACCESS_LOG]);
    const asked = filters.flatMap((pattern) => [...pattern.matchAll(/\$\.(\w+)/g)].map(([, name = ""]) => name));
    expect(asked.filter((name) => !written.has(name))).toStrictEqual([]);
    expect(textOf("src/error-status.ts")).toContain("key_unusable:");
    expect(textOf("src/rotation/plan/audit-entry.ts")).toContain('"key.revoked"');
  });

  it("counts refusals of both functions that refuse, and what the API answers for a JWKS that is gone", () => {
    const ofLog = (log: string) =>
      Object.values<{ Type: string; Properties: { LogGroupName: unknown; FilterPattern: string } }>(Resources)
        .filter(
          ({ Type, Properties }) =>
            Type === "AWS::Logs::MetricFilter" && JSON.stringify(Properties.LogGroupName).includes(`"${log}"`),
        )
        .map(({ Properties }) => Properties.FilterPattern);
    expect(ofLog("TokenLog")).toStrictEqual(ofLog("IssuerLog"));
    // What the integration makes of S3's answer for an object that is not there, or that its role may not read.
    const [, answered] = /"403\|404": \{ statusCode: "(\d+)"/.exec(template) ?? [];
    expect(ofLog("ApiLog").join()).toContain(
      `$.route = "/.well-known/jwks.json" && ($.status = "${answered}" || $.status = "5*")`,
    );
    expect(ACCESS_LOG).toEqual(expect.arrayContaining(["route", "status"]));
  });

  it("has an alarm for each of its filters", () => {
    const alarms = JSON.stringify(
      Object.values<{ Type: string }>(Resources).filter(({ Type }) => Type === "AWS::CloudWatch::Alarm"),
    );
    for (const each of Object.values<{ Type: string; Properties: { MetricTransformations: { MetricName: unknown }[] } }>(
      Resources,
    )) {
      if (each.Type !== "AWS::Logs::MetricFilter") continue;
      expect(alarms).toContain(JSON.stringify(each.Properties.MetricTransformations[0]?.MetricName));
    }
  });
});
