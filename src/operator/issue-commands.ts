import { asArgument } from "../encoding/shell-argument.js";
import { visible } from "../errors.js";
import type { IssueRequest } from "../issue/request.js";

/** How a token is asked for elsewhere. */
export interface IssueCommand {
  readonly name: "signet" | "curl" | "AWS CLI" | "Node" | "Python" | "Go" | "Java";
  /** To be pasted as it is: in a shell, or as a program of that language. */
  readonly text: string;
}

/** Where a request is sent. */
export type IssuePlace =
  /** A server, which is shown a caller's secret. */
  | { readonly url: string }
  /** A function of Lambda; its alias is the caller. */
  | { readonly functionArn: string; readonly alias?: string | undefined };

/** How the command is called, and for which issuer. */
interface CommandWords {
  readonly self: string;
  /** As `--config` takes it; absent for the present folder. */
  readonly config?: string | undefined;
  /** Who asks. The command itself issues within the issuer's limits alone, unless it asks a stack. */
  readonly caller?: string | undefined;
}

/** The same request as a command of a shell, and as a program in the languages that are asked about most. */
export function issueCommands(request: IssueRequest, place: IssuePlace, words: CommandWords): readonly IssueCommand[] {
  // Within ASCII no shell, terminal or language reads a text in two ways, and nothing in it can be seen wrongly.
  const body = asciiJson(request);
  const named: IssueCommand[] = signetCommand(request, place, words).map((text) => ({ name: "signet", text }));
  return [...named, ...("url" in place ? byServer(body, place.url) : byFunction(body, place))];
}

function signetCommand(request: IssueRequest, place: IssuePlace, { self, config, caller }: CommandWords): readonly string[] {
  const isServer = "url" in place;
  if (isServer && caller !== undefined) return [];
  const { claims, ttl, setIat, setNbf, setJti, typ } = request;
  const where = config === undefined ? [] : ["--config", asArgument(visible(config))];
  const who = caller === undefined ? [] : ["--caller", asArgument(caller)];
  const parts = [
    ...[self, isServer ? "issue" : "token", "--claims", asArgument(asciiJson(claims))],
    ...(ttl === undefined ? [] : ["--ttl", `${ttl}s`]),
    ...(setIat === true ? ["--iat"] : []),
    ...(setNbf === true ? ["--nbf"] : []),
    ...(setJti === true ? ["--jti"] : []),
    ...(typ === undefined ? [] : ["--typ", asArgument(visible(typ))]),
    ...where,
    ...who,
  ];
  return [parts.join(" ")];
}

function byServer(body: string, url: string): readonly IssueCommand[] {
  const target = `${url.replace(/\/$/, "")}/issue`;
  const literal = JSON.stringify(body);
  return [
    {
      name: "curl",
      text: `curl -sS ${asArgument(target)} -H "Authorization: Bearer $CALLER_SECRET" -H 'Content-Type: application/json' -d ${asArgument(body)}`,
    },
    {
      name: "Node",
      text: [
        `const answer = await fetch(${asciiJson(target)}, {`,
        '  method: "POST",',
        '  headers: { authorization: `Bearer ${process.env.CALLER_SECRET}`, "content-type": "application/json" },',
        `  body: ${literal},`,
        "});",
        "const body = await answer.json();",
        "if (!answer.ok) throw new Error(`${body.code}: ${body.detail}`);",
        "console.log(body.token);",
      ].join("\n"),
    },
    {
      name: "Python",
      text: [
        "import json, os, urllib.request",
        "",
        "request = urllib.request.Request(",
        `    ${asciiJson(target)},`,
        `    data=${literal}.encode(),`,
        '    headers={"Authorization": f"Bearer {os.environ[\'CALLER_SECRET\']}", "Content-Type": "application/json"},',
        ")",
        "with urllib.request.urlopen(request) as answer:",
        '    print(json.load(answer)["token"])',
      ].join("\n"),
    },
    { name: "Go", text: goProgram(asciiJson(target), literal) },
    { name: "Java", text: javaProgram(asciiJson(target), literal) },
  ];
}

function goProgram(url: string, body: string): string {
  return [
    "package main",
    "",
    "import (",
    ...["encoding/json", "fmt", "log", "net/http", "os", "strings"].map((name) => `\t"${name}"`),
    ")",
    "",
    "func main() {",
    `\trequest, err := http.NewRequest("POST", ${url}, strings.NewReader(${body}))`,
    "\tif err != nil {\n\t\tlog.Fatal(err)\n\t}",
    '\trequest.Header.Set("Authorization", "Bearer "+os.Getenv("CALLER_SECRET"))',
    '\trequest.Header.Set("Content-Type", "application/json")',
    "\tresponse, err := http.DefaultClient.Do(request)",
    "\tif err != nil {\n\t\tlog.Fatal(err)\n\t}",
    "\tdefer response.Body.Close()",
    "\tvar answer struct{ Token, Code, Detail string }",
    "\tif err := json.NewDecoder(response.Body).Decode(&answer); err != nil {\n\t\tlog.Fatal(err)\n\t}",
    '\tif response.StatusCode != http.StatusOK {\n\t\tlog.Fatalf("%s: %s", answer.Code, answer.Detail)\n\t}',
    "\tfmt.Println(answer.Token)",
    "}",
  ].join("\n");
}

function javaProgram(url: string, body: string): string {
  return [
    "import com.nimbusds.jose.util.JSONObjectUtils;",
    ...["URI", "http.HttpClient", "http.HttpRequest", "http.HttpResponse.BodyHandlers"].map((name) => `import java.net.${name};`),
    "",
    "public class Issue {",
    "  public static void main(String[] arguments) throws Exception {",
    `    var request = HttpRequest.newBuilder(URI.create(${url}))`,
    '        .header("Authorization", "Bearer " + System.getenv("CALLER_SECRET"))',
    '        .header("Content-Type", "application/json")',
    `        .POST(HttpRequest.BodyPublishers.ofString(${body}))`,
    "        .build();",
    "    var response = HttpClient.newHttpClient().send(request, BodyHandlers.ofString());",
    "    var answer = JSONObjectUtils.parse(response.body());",
    "    if (response.statusCode() != 200) {",
    '      throw new IllegalStateException(answer.get("code") + ": " + answer.get("detail"));',
    "    }",
    '    System.out.println(answer.get("token"));',
    "  }",
    "}",
  ].join("\n");
}

function byFunction(
  body: string,
  { functionArn, alias }: { functionArn: string; alias?: string | undefined },
): readonly IssueCommand[] {
  const name = alias === undefined ? functionArn : `${functionArn}:${alias}`;
  const region = functionArn.split(":")[3] ?? "";
  const literal = JSON.stringify(body);
  return [
    {
      name: "AWS CLI",
      text: `aws lambda invoke --function-name ${asArgument(name)} --region ${asArgument(region)} --cli-binary-format raw-in-base64-out --payload ${asArgument(body)} /dev/stdout`,
    },
    {
      name: "Node",
      text: [
        'import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";',
        "",
        `const lambda = new LambdaClient({ region: ${asciiJson(region)} });`,
        "const { FunctionError, Payload } = await lambda.send(",
        `  new InvokeCommand({ FunctionName: ${asciiJson(name)}, Payload: ${literal} }),`,
        ");",
        "const answer = JSON.parse(Payload.transformToString());",
        "if (FunctionError) throw new Error(`${answer.errorType}: ${answer.errorMessage}`);",
        "console.log(answer.token);",
      ].join("\n"),
    },
    {
      name: "Python",
      text: [
        "import json",
        "",
        "import boto3",
        "",
        `function = boto3.client("lambda", region_name=${asciiJson(region)})`,
        `answer = function.invoke(FunctionName=${asciiJson(name)}, Payload=${literal})`,
        'body = json.load(answer["Payload"])',
        'if "FunctionError" in answer:',
        "    raise SystemExit(f\"{body['errorType']}: {body['errorMessage']}\")",
        'print(body["token"])',
      ].join("\n"),
    },
    { name: "Go", text: goInvocation(asciiJson(region), asciiJson(name), literal) },
    { name: "Java", text: javaInvocation(asciiJson(region), asciiJson(name), literal) },
  ];
}

function goInvocation(region: string, name: string, body: string): string {
  return [
    "package main",
    "",
    "import (",
    '\t"context"\n\t"encoding/json"\n\t"fmt"\n\t"log"\n',
    '\t"github.com/aws/aws-sdk-go-v2/aws"',
    '\t"github.com/aws/aws-sdk-go-v2/config"',
    '\t"github.com/aws/aws-sdk-go-v2/service/lambda"',
    ")",
    "",
    "func main() {",
    "\tctx := context.Background()",
    `\tsettings, err := config.LoadDefaultConfig(ctx, config.WithRegion(${region}))`,
    "\tif err != nil {\n\t\tlog.Fatal(err)\n\t}",
    "\tanswer, err := lambda.NewFromConfig(settings).Invoke(ctx, &lambda.InvokeInput{",
    `\t\tFunctionName: aws.String(${name}),`,
    `\t\tPayload:      []byte(${body}),`,
    "\t})",
    "\tif err != nil {\n\t\tlog.Fatal(err)\n\t}",
    "\tvar issued struct{ Token, ErrorType, ErrorMessage string }",
    "\tif err := json.Unmarshal(answer.Payload, &issued); err != nil {\n\t\tlog.Fatal(err)\n\t}",
    '\tif answer.FunctionError != nil {\n\t\tlog.Fatalf("%s: %s", issued.ErrorType, issued.ErrorMessage)\n\t}',
    "\tfmt.Println(issued.Token)",
    "}",
  ].join("\n");
}

function javaInvocation(region: string, name: string, body: string): string {
  return [
    "import com.nimbusds.jose.util.JSONObjectUtils;",
    ...["core.SdkBytes", "regions.Region", "services.lambda.LambdaClient"].map(
      (each) => `import software.amazon.awssdk.${each};`,
    ),
    "",
    "public class Invoke {",
    "  public static void main(String[] arguments) throws Exception {",
    `    try (var lambda = LambdaClient.builder().region(Region.of(${region})).build()) {`,
    "      var response = lambda.invoke(request -> request",
    `          .functionName(${name})`,
    `          .payload(SdkBytes.fromUtf8String(${body})));`,
    "      var answer = JSONObjectUtils.parse(response.payload().asUtf8String());",
    "      if (response.functionError() != null) {",
    '        throw new IllegalStateException(answer.get("errorType") + ": " + answer.get("errorMessage"));',
    "      }",
    '      System.out.println(answer.get("token"));',
    "    }",
    "  }",
    "}",
  ].join("\n");
}

/** JSON of ASCII alone. Within a further JSON.stringify it is a literal of JavaScript, Python, Go and Java. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
