import { describe, expect, it } from "vitest";
import { openApiDocument } from "../../src/http/openapi.js";
import { ANSWERS, REQUESTS } from "../../src/http/openapi-examples.js";
import { ISSUER, routesFor } from "./routes-fixture.js";

interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly examples: object }>> };
}

interface Document {
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, { readonly examples?: readonly object[] }>> };
}

const document = openApiDocument("1.0.0") as Document;
const operations = Object.values(document.paths).flatMap((path) => Object.values(path));

describe("the API's document", () => {
  it("has for each operation one of its tags, and for each tag an operation", () => {
    const used = operations.flatMap(({ tags }) => tags);
    expect(used).toHaveLength(operations.length);
    expect([...new Set(used)].sort()).toStrictEqual(document.tags.map(({ name }) => name).sort());
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
  });

  it("has an example of each request, and of each answer that has a name", () => {
    const sent = operations.filter(({ requestBody }) => requestBody !== undefined);
    expect(sent.map(({ operationId }) => operationId)).toStrictEqual(Object.keys(REQUESTS));
    for (const { requestBody } of sent)
      for (const { examples } of Object.values(requestBody?.content ?? {})) expect(Object.keys(examples)).not.toStrictEqual([]);
    const { schemas } = document.components;
    expect(Object.keys(schemas).filter((name) => schemas[name]?.examples === undefined)).toStrictEqual([
      ...["IssueRequest", "BatchRequest", "VerifyRequest", "DecodeRequest", "TokenRequest"],
    ]);
  });
});

describe("an example of the API's document", () => {
  const { ask, post, secret } = routesFor();
  const send = (fields: Readonly<Record<string, unknown>>) => {
    const body = new URLSearchParams(fields as Record<string, string>).toString();
    return ask("/token", { method: "POST", body, headers: { "content-type": "application/x-www-form-urlencoded" } });
  };
  const membersOf = async (answer: Response) => Object.keys((await answer.json()) as object).sort();

  it.each([
    ["/issue", REQUESTS.issue.one.value, ANSWERS.IssuedToken],
    ["/issue", REQUESTS.issue.several.value, ANSWERS.BatchAnswer],
    ["/encode", REQUESTS.encode.claims.value, ANSWERS.IssuedToken],
  ])("of %s is granted: %j", async (path, value, answered) => {
    const answer = await post(path, value);
    expect([answer.status, await membersOf(answer)]).toStrictEqual([200, Object.keys(answered)]);
  });

  it("of a batch has for each of its requests a token", async () => {
    const { results } = (await (await post("/issue", REQUESTS.issue.several.value)).json()) as { results: object[] };
    expect(results.map((each) => Object.keys(each))).toStrictEqual([["token"], ["token"]]);
  });

  it.each(Object.values(REQUESTS.verify).map(({ value }) => value))(
    "of /verify is answered for a token that is one: %j",
    async (value) => {
      const { token } = (await (await post("/issue", REQUESTS.issue.one.value)).json()) as { token: string };
      const answer = await post("/verify", { ...value, token });
      expect([answer.status, await membersOf(answer)]).toStrictEqual([200, ["claims", "header"]]);
    },
  );

  it("of /verify without an audience would be refused", async () => {
    const { audience: _, ...without } = REQUESTS.verify.audience.value;
    expect(await (await post("/verify", without)).json()).toMatchObject({ code: "invalid_request", field: "audience" });
  });

  it("of /decode is understood, and refused for its host alone", async () => {
    const { value } = REQUESTS.decode.other;
    expect(await (await post("/decode", value)).json()).toMatchObject({ code: "jwks_url_refused" });
    const { token } = (await (await post("/issue", REQUESTS.issue.one.value)).json()) as { token: string };
    const answer = await post("/decode", { ...value, token, jwksUri: `${ISSUER}/.well-known/jwks.json` });
    expect([answer.status, await answer.json()]).toMatchObject([200, { sub: "alice", iss: ISSUER }]);
  });

  it("of /token by a secret is granted, with the members of the answer but those of an exchange", async () => {
    const answer = await send({ ...REQUESTS.token.secret.value, client_secret: secret });
    const { issued_token_type: _, ...granted } = ANSWERS.AccessToken;
    expect([answer.status, await membersOf(answer)]).toStrictEqual([200, Object.keys(granted).sort()]);
  });

  it.each([
    ["assertion", "invalid_client"],
    ["grant", "invalid_grant"],
    ["exchange", "invalid_client"],
  ] as const)("of /token by other means (%s) is understood: what is refused is its token or secret", async (name, error) => {
    const refused = (await (await send(REQUESTS.token[name].value)).json()) as { error: string };
    expect([refused.error, Object.keys(refused)]).toStrictEqual([error, Object.keys(ANSWERS.OAuthError)]);
  });

  it("of a failure is what is answered", async () => {
    const narrow = routesFor({ limits: { allowedAudiences: ["other"] } });
    const { type, title, status, detail, code, field } = (await (
      await narrow.post("/issue", REQUESTS.issue.one.value)
    ).json()) as typeof ANSWERS.Problem;
    expect({ type, title, status, detail, code, field }).toStrictEqual(ANSWERS.Problem);
  });
});
