import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../contracts/until.js";
import { routesFor } from "../http/routes-fixture.js";
import { listening, sent } from "./raw.js";

const { handle, secret } = routesFor();
let running: Awaited<ReturnType<typeof listening>>;

beforeAll(async () => {
  running = await listening(handle);
});
afterAll(() => void running.server.close());

const HOST = "host: issuer.example\r\n";
const JSON_TYPE = "content-type: application/json\r\n";
const BODY = '{"claims":{}}';

function posted(headers: string, { path = "/issue", body = BODY } = {}) {
  const head = `POST ${path} HTTP/1.1\r\nconnection: close\r\nauthorization: Bearer ${secret}\r\n${headers}`;
  return sent(running.port, `${head}content-length: ${body.length}\r\n\r\n${body}`);
}

function inChunks(coding: string) {
  const head = `POST /issue HTTP/1.1\r\nconnection: close\r\nauthorization: Bearer ${secret}\r\n${HOST}${JSON_TYPE}`;
  return sent(running.port, `${head}transfer-encoding: ${coding}\r\n\r\n${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`);
}

describe("a request that two readers could take for two", () => {
  it.each([
    ["two hosts", `${HOST}host: other.example\r\n`],
    ["two hosts in another spelling", `${HOST}HOST: other.example\r\n`],
    ["the same host twice", HOST + HOST],
  ])("is refused for %s (RFC 9112 section 3.2), and its connection ends", async (_what, hosts) => {
    const { status, answer } = await posted(hosts + JSON_TYPE);
    expect(status).toBe(400);
    expect(answer).toMatch(/connection: close/i);
    await until("the line of its log", () => running.answered.at(-1)?.context.log.code === "invalid_request");
  });

  it.each([
    ["gzip, chunked", 501],
    ["deflate,chunked", 501],
    ["xchunked", 400],
    ["chunked, gzip", 400],
    ["chunked;a=b", 400],
  ])("is refused for the transfer coding %s", async (coding, status) => {
    expect((await inChunks(coding)).status).toBe(status);
  });

  it("is served in chunks", async () => {
    expect((await inChunks("chunked")).status).toBe(200);
    expect((await inChunks("Chunked")).status).toBe(200);
  });
});

describe("a body that is not what it looks like", () => {
  it.each([
    "content-type: application/json; charset=utf-16\r\n",
    "content-type: application/json; charset=utf-8; charset=utf-16\r\n",
    "content-type: application/json; charset=utf-8; charset=utf-8\r\n",
    "content-type: application/json; charset =utf-16\r\n",
    "content-type: application/json; charset\r\n",
    "content-type: application/json; =x\r\n",
    "content-type: application/json, application/json\r\n",
    JSON_TYPE + JSON_TYPE,
    `${JSON_TYPE}content-encoding: gzip\r\n`,
    `${JSON_TYPE}content-encoding: identity, br\r\n`,
    `${JSON_TYPE}content-encoding: identity\r\ncontent-encoding: gzip\r\n`,
  ])("is refused for its headers: %j", async (headers) => {
    for (const path of ["/issue", "/encode", "/verify", "/decode"])
      expect((await posted(HOST + headers, { path })).status).toBe(415);
    const form = headers.replaceAll("application/json", "application/x-www-form-urlencoded");
    expect((await posted(HOST + form, { path: "/token", body: "grant_type=client_credentials" })).status).toBe(415);
  });

  it.each([
    "content-type: application/json\r\n",
    "content-type: application/json;\r\n",
    "content-type: Application/JSON ; Charset=UTF-8\r\n",
    'content-type: application/json; charset="utf-8"\r\n',
    'content-type: application/json; profile="a;b=\\"c"; charset=utf-8\r\n',
    `${JSON_TYPE}content-encoding: identity\r\n`,
    `${JSON_TYPE}content-encoding:\r\n`,
  ])("is read with %j", async (headers) => {
    expect((await posted(HOST + headers)).status).toBe(200);
  });
});
