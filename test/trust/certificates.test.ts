import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer, type Server } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestKey } from "../verify/tokens.js";
import { answerTo, jwksOf, keyOf, proofBy, proofsOf, reasonFor } from "./fixture.js";

const pem = (name: string) => readFileSync(join(import.meta.dirname, "../cli/certificates", name), "utf8");
const CA = pem("local.cert.pem");

let key: TestKey;
let server: Server;
let url: string;
beforeAll(async () => {
  key = await keyOf("ES256");
  server = createServer({ cert: CA, key: pem("local.key.pem") }, (_, response) => void response.end(JSON.stringify(jwksOf(key))));
  await once(server.listen(0, "127.0.0.1"), "listening");
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const rule = (more: object = {}) => ({
  issuer: "cluster",
  jwksUrl: `${url}/openid/v1/jwks`,
  privateNetwork: true,
  claims: { sub: { prefix: "repo:acme/" } },
  maxAgeSeconds: 3_600,
  ...more,
});
const token = () => proofBy(key, { iss: "cluster" });

describe("the certificates of a rule", () => {
  it("are what its server's is checked with", async () => {
    const read: string[] = [];
    const readCa = async (path: string) => {
      read.push(path);
      return CA;
    };
    expect(await answerTo(proofsOf({ pod: { trusts: [rule({ caFile: "/ca.pem" })] } }, { readCa }), token())).toBe(
      "pod trusts.0",
    );
    expect(read).toStrictEqual(["/ca.pem"]);
  });

  it("are those of a URL whose scheme is in capitals, too", async () => {
    const loud = rule({ caFile: "/ca.pem", jwksUrl: `${url.replace("https:", "HTTPS:")}/jwks` });
    expect(await answerTo(proofsOf({ pod: { trusts: [loud] } }, { readCa: async () => CA }), token())).toBe("pod trusts.0");
    const proxy = `HTTPS://127.0.0.1:${new URL(url).port}`;
    // It is asked over TLS, and its certificate is not one of the system's.
    expect(await reasonFor(proofsOf({ pod: { trusts: [rule({ proxy })] } }), token())).toMatch(/SELF_SIGNED|CERT/);
  });

  it("are the system's where it names none", async () => {
    expect(await reasonFor(proofsOf({ pod: { trusts: [rule()] } }), token())).toMatch(/SELF_SIGNED|CERT/);
  });

  it.each<[string, () => Promise<string | undefined>, RegExp]>([
    ["another authority's", async () => pem("first.cert.pem"), /SELF_SIGNED|CERT/],
    ["no certificates", async () => "", /reached|CERT|SELF_SIGNED/],
    ["not there", async () => undefined, /the file of caFile is not there/],
    ["unreadable", () => Promise.reject(new Error("EACCES")), /cannot be read/],
  ])("that are %s refuse its own callers alone", async (_what, readCa, words) => {
    const other = { ...rule(), jwksUrl: undefined, jwks: jwksOf(key), issuer: "other" };
    const proofs = proofsOf({ pod: { trusts: [rule({ caFile: "/ca.pem" })] }, other: { trusts: [other] } }, { readCa });
    expect(await reasonFor(proofs, token())).toMatch(words);
    expect(await answerTo(proofs, token())).toBe("jwks_unavailable");
    expect(await answerTo(proofs, proofBy(key, { iss: "other" }))).toBe("other trusts.0");
  });

  it("hold behind a proxy as well", async () => {
    const targets: string[] = [];
    const proxy = createHttpServer().on("connect", (request, client) => {
      targets.push(request.url ?? "");
      const there = connect(Number(new URL(url).port), "127.0.0.1", () => client.write("HTTP/1.1 200 OK\r\n\r\n"));
      client.pipe(there).pipe(client);
      client.on("error", () => there.destroy());
      there.on("error", () => client.destroy());
    });
    await once(proxy.listen(0, "127.0.0.1"), "listening");
    // Nothing listens at this port; the proxy alone knows what is meant.
    const jwksUrl = "https://127.0.0.1:9/jwks";
    const more = { jwksUrl, caFile: "/ca.pem", proxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` };
    const proved = (ca: string) => answerTo(proofsOf({ pod: { trusts: [rule(more)] } }, { readCa: async () => ca }), token());
    expect(await proved(CA)).toBe("pod trusts.0");
    expect(await proved(pem("second.cert.pem"))).toBe("jwks_unavailable");
    expect(targets).toStrictEqual(Array(2).fill("127.0.0.1:9"));
    proxy.close();
  });
});
