import { describe, expect, it } from "vitest";
import { claimsOf, ISSUER, NOW, routesFor } from "./routes-fixture.js";

const FORM = { "content-type": "application/x-www-form-urlencoded" };

function basic(id: string, secret: string): Record<string, string> {
  return { ...FORM, authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}` };
}

describe("POST /token", () => {
  const { ask, secret, expired } = routesFor();
  const grant = (body: string, headers: Record<string, string> = basic("web", secret)) =>
    ask("/token", { method: "POST", body, headers });

  it.each([
    ["client_secret_basic", "grant_type=client_credentials", basic("web", secret)],
    ["client_secret_post", `grant_type=client_credentials&client_id=web&client_secret=${secret}`, FORM],
  ])("gives a client its token by %s", async (_way, body, headers) => {
    const answer = await grant(body, headers);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const { access_token: token, ...rest } = (await answer.json()) as { access_token: string };
    expect(rest).toStrictEqual({ token_type: "Bearer", expires_in: 900 });
    const { jti, ...claims } = claimsOf(token);
    expect(claims).toStrictEqual({ sub: "web", client_id: "web", iss: ISSUER, iat: NOW, exp: NOW + 900 });
    expect(jti).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("gives an RFC 9068 access token where the caller's limits allow the type", async () => {
    const typed = routesFor({ own: { allowedTypes: ["at+jwt"], allowedAudiences: ["api"], allowedClaims: ["aud", "scope"] } });
    const headers = basic("web", typed.secret);
    const answer = await typed.ask("/token", { method: "POST", headers, body: "grant_type=client_credentials&scope=read+write" });
    const { access_token: token, scope } = (await answer.json()) as { access_token: string; scope: string };
    expect(scope).toBe("read write");
    expect(JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString())).toMatchObject({ typ: "at+jwt" });
    expect(claimsOf(token)).toMatchObject({ aud: "api", scope: "read write", client_id: "web", sub: "web" });
  });

  it.each([
    ["a wrong secret", "grant_type=client_credentials", basic("web", "nonsense"), 401, "invalid_client"],
    ["an expired secret", "grant_type=client_credentials", basic("web", expired), 401, "invalid_client"],
    ["another client's name", "grant_type=client_credentials", basic("admin", secret), 401, "invalid_client"],
    ["no client", "grant_type=client_credentials", FORM, 401, "invalid_client"],
    ["Basic that is none", "grant_type=client_credentials", { ...FORM, authorization: "Basic ???" }, 401, "invalid_client"],
    ["another grant", "grant_type=password&username=a", basic("web", secret), 400, "unsupported_grant_type"],
    ["no grant", "", basic("web", secret), 400, "invalid_request"],
    [
      "two ways of authentication in one request",
      "grant_type=client_credentials&client_assertion=a",
      basic("web", secret),
      400,
      "invalid_request",
    ],
    [
      "an assertion beside a secret",
      `grant_type=client_credentials&client_id=web&client_secret=${secret}&client_assertion=a`,
      FORM,
      400,
      "invalid_request",
    ],
    ["a parameter given twice", "grant_type=client_credentials&scope=a&scope=b", basic("web", secret), 400, "invalid_request"],
    [
      "two ways at once",
      `grant_type=client_credentials&client_id=web&client_secret=${secret}`,
      basic("web", secret),
      400,
      "invalid_request",
    ],
    ["JSON", "{}", { ...basic("web", secret), "content-type": "application/json" }, 415, "invalid_request"],
  ])("refuses %s", async (_name, body, headers, status, error) => {
    const answer = await grant(body, headers);
    expect([answer.status, ((await answer.json()) as { error: string }).error]).toStrictEqual([status, error]);
    if (status === 401) expect(answer.headers.get("www-authenticate")).toBe('Basic realm="signet"');
  });

  const GRANT = "grant_type=client_credentials";

  it("takes a parameter without a value as left out, as RFC 6749 has it", async () => {
    const answer = await grant(`${GRANT}&scope=&client_secret=&client_assertion=&x`);
    expect(answer.status).toBe(200);
    expect(Object.keys((await answer.json()) as object)).not.toContain("scope");
  });

  it.each([
    ["an empty audience", `${GRANT}&audience=`, "invalid_request"],
    ["an empty resource", `${GRANT}&resource=`, "invalid_request"],
    ["a parameter given twice, once empty", `${GRANT}&scope=&scope=a`, "invalid_request"],
    ["a name without a value", `${GRANT}&audience`, "invalid_request"],
    ["a value without a name", `${GRANT}&=api`, "invalid_request"],
    ["an empty parameter", `${GRANT}&`, "invalid_request"],
    ["an unknown parameter given twice", `${GRANT}&x=1&x=2`, "invalid_request"],
    ["a parameter given twice in two spellings", `${GRANT}&scope=a&%73cope=b`, "invalid_request"],
    ["broken percent encoding in a value", `${GRANT}&audience=%zz`, "invalid_request"],
    ["broken percent encoding in a name", `${GRANT}&%=1`, "invalid_request"],
    ["percent encoding that hides invalid UTF-8", `${GRANT}&audience=%ff`, "invalid_request"],
    ["twenty-one parameters", `${GRANT}&${Array.from({ length: 20 }, (_, at) => `p${at}=1`).join("&")}`, "invalid_request"],
    ["client_id beside Basic of another client", `${GRANT}&client_id=admin`, "invalid_request"],
    ["a scope with two spaces", `${GRANT}&scope=a++b`, "invalid_scope"],
    ["a scope with a quote", `${GRANT}&scope=a%22`, "invalid_scope"],
    ["a resource that is no absolute URI", `${GRANT}&resource=/api`, "invalid_target"],
    ["a resource with a fragment", `${GRANT}&resource=https://api.example/%23x`, "invalid_target"],
    ["an audience with a line feed", `${GRANT}&audience=a%0ab`, "invalid_target"],
    ["an audience and another resource", `${GRANT}&audience=a&resource=https://b.example`, "invalid_target"],
  ])("refuses %s, which it would have to ignore or to guess at", async (_name, body, error) => {
    const answer = await grant(body);
    expect([answer.status, ((await answer.json()) as { error: string }).error]).toStrictEqual([400, error]);
  });

  it.each([
    ["the client's own client_id beside Basic", `${GRANT}&client_id=web`],
    ["twenty parameters", `${GRANT}&${Array.from({ length: 19 }, (_, at) => `p${at}=1`).join("&")}`],
    ["a resource that is the audience", `${GRANT}&audience=https://b.example&resource=https%3A%2F%2Fb.example`],
    ["a resource on an IPv6 address", `${GRANT}&resource=https://[2001:db8::1]:8443/api?x=1`],
  ])("takes %s", async (_name, body) => {
    expect((await grant(body)).status).toBe(200);
  });

  it.each([
    ["no colon", Buffer.from("web").toString("base64")],
    ["broken percent encoding", Buffer.from(`web:%zz`).toString("base64")],
    ["invalid UTF-8", Buffer.from([0x77, 0x3a, 0xff]).toString("base64")],
    ["base64 with bits to spare", "d2ViOg="],
  ])("takes Basic credentials with %s for none", async (_name, encoded) => {
    const answer = await grant(GRANT, { ...FORM, authorization: `Basic ${encoded}` });
    expect([answer.status, ((await answer.json()) as { error: string }).error]).toStrictEqual([401, "invalid_client"]);
  });

  it("takes no parameters from the URL", async () => {
    const answer = await ask("/token?scope=a", { method: "POST", body: GRANT, headers: basic("web", secret) });
    expect([answer.status, ((await answer.json()) as { error: string }).error]).toStrictEqual([400, "invalid_request"]);
  });

  it("reads no form of a client that shows a wrong secret", async () => {
    const body = new ReadableStream({ pull: () => Promise.reject(new Error("it was read")) }, { highWaterMark: 0 });
    const answer = await ask("/token", { method: "POST", body, headers: basic("web", "no"), duplex: "half" } as RequestInit);
    expect(answer.status).toBe(401);
  });

  it.each([
    ["audience", "audience=other", "invalid_target"],
    ["scope", "audience=api&scope=admin", "invalid_scope"],
  ])("holds a client to its caller's limits in %s", async (_name, more, error) => {
    const limited = routesFor({ own: { allowedAudiences: ["api"], allowedClaims: ["aud"] } });
    const headers = basic("web", limited.secret);
    const answer = await limited.ask("/token", { method: "POST", headers, body: `grant_type=client_credentials&${more}` });
    expect([answer.status, ((await answer.json()) as { error: string }).error]).toStrictEqual([400, error]);
  });
});
