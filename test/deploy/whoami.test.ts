import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { parse } from "yaml";

/** What API Gateway's template language does to claims (developer guide, "$util.escapeJavaScript"). */
const escapeJavaScript = (text: string) => text.replace(/[\\"'/]/g, (character) => `\\${character}`).replaceAll("\n", "\\n");

it("the authorizer's example answers JSON, whatever a claim says", async () => {
  const text = (await readFile(new URL("../../src/deploy/authorizer.yaml", import.meta.url), "utf8")).replace(
    /^.*\{\{authorizer\}\}.*$/m,
    "          x",
  );
  const tags = ["Ref", "Sub", "GetAtt", "Equals", "If"].map((name) => ({ tag: `!${name}`, resolve: (value: string) => value }));
  const { Resources } = parse(text, { customTags: tags, logLevel: "silent" });
  const { responses } = Resources.Api.Properties.Body.paths["/whoami"].get["x-amazon-apigateway-integration"];
  const template: string = responses.default.responseTemplates["application/json"];
  const claims: Record<string, string> = { sub: `o'brien","admin":"yes\\\n</script>`, iss: "https://issuer.example" };
  const filled = template.replace(
    /\$util\.escapeJavaScript\(\$context\.authorizer\.(\w+)\)\.replaceAll\("\\\\'","'"\)/g,
    (_, name: string) => escapeJavaScript(claims[name] as string).replaceAll("\\'", "'"),
  );
  expect(filled).not.toContain("$");
  expect(JSON.parse(filled)).toStrictEqual(claims);
});
