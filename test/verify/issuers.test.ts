import { generateKeyPairSync, sign } from "node:crypto";
import type { RequestListener } from "node:http";
import { beforeEach, describe, expect, it } from "vitest";
import { publicJwk } from "../../src/algorithms/jwk.js";
import { algorithmNamed } from "../../src/algorithms/table.js";
import { createVerifier } from "../../src/verify/create-verifier.js";
import type { IssuersVerifierOptions } from "../../src/verify/issuers.js";
import { until } from "../contracts/until.js";
import { testServers } from "./serving.js";

const serving = testServers();
const NOW = 1_800_000_000;
let seconds = 0;

beforeEach(() => {
  seconds = 1_000;
});

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

function keyNamed(kid: string) {
  const { privateKey } = generateKeyPairSync("ed25519");
  return {
    kid,
    jwk: publicJwk(privateKey, algorithmNamed("EdDSA"), kid),
    token(claims: object, header: object = {}) {
      const input = `${encoded({ alg: "EdDSA", kid, typ: "JWT", ...header })}.${encoded({ exp: NOW + 600, aud: "api", ...claims })}`;
      return `${input}.${sign(null, Buffer.from(input), privateKey).toString("base64url")}`;
    },
  };
}

/** An issuer with discovery, whose keys and faults can be changed, and which counts what is asked of it. */
async function issuer() {
  const state = { keys: [] as object[], fault: undefined as RequestListener | undefined, asked: [] as string[], etag: '"1"' };
  const url = await serving((incoming, outgoing) => {
    state.asked.push(incoming.url ?? "");
    if (incoming.url?.endsWith("openid-configuration")) {
      return outgoing.end(JSON.stringify({ issuer: url, jwks_uri: `${url}/keys` }));
    }
    if (state.fault !== undefined) return state.fault(incoming, outgoing);
    if (incoming.headers["if-none-match"] === state.etag) return outgoing.writeHead(304).end();
    outgoing.writeHead(200, { etag: state.etag });
    return outgoing.end(JSON.stringify({ keys: state.keys }));
  });
  const jwksAsked = () => state.asked.filter((path) => path === "/keys").length;
  return { url, state, jwksAsked };
}

const following = (options: { issuer: string | string[] } & Partial<IssuersVerifierOptions>) =>
  // A loop that signs thousands of tokens answers no request meanwhile.
  createVerifier({ audience: "api", clock: () => NOW, elapsed: () => seconds, timeoutMs: 60_000, ...options });

function isRefused(verify: () => unknown): boolean {
  try {
    verify();
    return false;
  } catch {
    return true;
  }
}

/** Tells whether a promise has been settled. */
function settled(promise: Promise<unknown>): () => boolean {
  let isOver = false;
  const end = () => {
    isOver = true;
  };
  promise.then(end, end);
  return () => isOver;
}

/** A fetch that takes as long as `giveUp` lets it. */
function patient() {
  const underWay = new Set<AbortController>();
  const fetch: typeof globalThis.fetch = (input, init) => {
    const stop = new AbortController();
    underWay.add(stop);
    return globalThis.fetch(input, { ...init, signal: stop.signal });
  };
  const giveUp = () => {
    for (const stop of underWay) stop.abort(new DOMException("its time is over", "TimeoutError"));
    underWay.clear();
  };
  return { fetch, giveUp };
}

describe("options that an object inherits", () => {
  it("are checked of every token as its own are", async () => {
    const [{ url, state }, key] = [await issuer(), keyNamed("a")];
    state.keys = [key.jwk];
    const options = Object.assign(Object.create({ scopes: ["admin"] }), { issuer: url, audience: "api", clock: () => NOW });
    await expect(createVerifier(options).verify(key.token({ iss: url }))).rejects.toMatchObject({ code: "token_scope_missing" });
  });
});

describe("a verifier by the issuer's URL", () => {
  it("finds the keys by discovery, verifies, and then waits for nothing", async () => {
    const [key, { url, state, jwksAsked }] = [keyNamed("a"), await issuer()];
    state.keys = [key.jwk];
    const verifier = following({ issuer: url });
    expect(() => verifier.verifySync(key.token({ iss: url }))).toThrow("await ready()");
    await verifier.ready();
    expect(verifier.verifySync(key.token({ iss: url, sub: "s" })).claims.sub).toBe("s");
    expect((await verifier.verify(key.token({ iss: url }))).header.kid).toBe("a");
    expect(jwksAsked()).toBe(1);
  });

  it("asks once, however many tokens wait for the first keys", async () => {
    const [key, { url, state, jwksAsked }] = [keyNamed("a"), await issuer()];
    state.keys = [key.jwk];
    const verifier = following({ issuer: url, jwksUrl: `${url}/keys` });
    await Promise.all(Array.from({ length: 100 }, () => verifier.verify(key.token({ iss: url }))));
    expect(jwksAsked()).toBe(1);
  });

  it("follows a rotation, drops a key that has left, and takes an unchanged answer for what it is", async () => {
    const [old, next, { url, state, jwksAsked }] = [keyNamed("old"), keyNamed("next"), await issuer()];
    state.keys = [old.jwk];
    const verifier = following({ issuer: url });
    await verifier.ready();
    seconds += 20;
    [state.keys, state.etag] = [[old.jwk, next.jwk], '"2"'];
    // A key that is not known yet is looked for.
    await verifier.verify(next.token({ iss: url }));
    await verifier.verify(old.token({ iss: url }));
    [state.keys, state.etag] = [[next.jwk], '"3"'];
    seconds += 301;
    // Still by the old copy, and in the background a new one.
    await verifier.verify(old.token({ iss: url }));
    await until("the keys without the old one", () => isRefused(() => verifier.verifySync(old.token({ iss: url }))));
    await expect(verifier.verify(old.token({ iss: url }))).rejects.toMatchObject({ code: "token_key_unknown" });
    seconds += 301;
    await verifier.verify(next.token({ iss: url }));
    await until("a question by the ETag", () => jwksAsked() === 4);
    await verifier.verify(next.token({ iss: url }));
    expect(jwksAsked()).toBe(4);
  });

  it("takes no key that was withdrawn while no token came: whoever comes first waits, and so do all who come with them", async () => {
    const [old, next, { url, state, jwksAsked }] = [keyNamed("old"), keyNamed("next"), await issuer()];
    state.keys = [old.jwk];
    const verifier = following({ issuer: url });
    await verifier.ready();
    [state.keys, state.etag] = [[next.jwk], '"2"'];
    for (const away of [601, 3_000]) {
      seconds += away;
      const before = jwksAsked();
      const both = [1, 2].map((id) => verifier.verify(old.token({ iss: url, jti: String(id) })));
      for (const each of await Promise.allSettled(both)) expect(each).toMatchObject({ reason: { code: "token_key_unknown" } });
      await verifier.verify(next.token({ iss: url }));
      expect(jwksAsked()).toBe(before + 1);
      [state.keys, state.etag] = [[old.jwk, next.jwk], '"3"'];
      seconds += 11;
      await verifier.verify(old.token({ iss: url }));
      [state.keys, state.etag] = [[next.jwk], '"4"'];
    }
  });

  it("asks again where the answer was under way while the process stood still", async () => {
    const [old, next, url] = [keyNamed("old"), keyNamed("next"), "https://issuer.example"];
    let keys = [old.jwk];
    let whileAsked = () => undefined as unknown;
    const fetch: typeof globalThis.fetch = async () => {
      const answer = Response.json({ keys });
      whileAsked();
      return answer;
    };
    const verifier = following({ issuer: url, jwksUrl: `${url}/keys`, fetch });
    whileAsked = () => {
      whileAsked = () => undefined;
      keys = [next.jwk];
      seconds += 6 * 3_600;
    };
    await expect(verifier.verify(old.token({ iss: url }))).rejects.toMatchObject({ code: "token_key_unknown" });
    await verifier.verify(next.token({ iss: url }));
  });

  // RFC 9110 section 8.8.3: an ETag names a text of one URL.
  it("takes no ETag of the old place's for keys that have moved to another one", async () => {
    const [old, next, url] = [keyNamed("old"), keyNamed("next"), "https://issuer.example"];
    let place = `${url}/keys/1`;
    const fetch: typeof globalThis.fetch = async (asked, init) => {
      if (String(asked).endsWith("openid-configuration")) return Response.json({ issuer: url, jwks_uri: place });
      const headers = { etag: '"1"' };
      if (new Headers(init?.headers).get("if-none-match") === headers.etag) return new Response(null, { status: 304, headers });
      return Response.json({ keys: [asked === `${url}/keys/1` ? old.jwk : next.jwk] }, { headers });
    };
    const verifier = following({ issuer: url, fetch });
    await verifier.verify(old.token({ iss: url }));
    place = `${url}/keys/2`;
    seconds += 4_000;
    await expect(verifier.verify(old.token({ iss: url }))).rejects.toMatchObject({ code: "token_key_unknown" });
    await verifier.verify(next.token({ iss: url }));
  });

  it("asks no more than once in ten seconds, however many keys are made up", async () => {
    const [key, { url, state, jwksAsked }] = [keyNamed("a"), await issuer()];
    state.keys = [key.jwk];
    const verifier = following({ issuer: url });
    await verifier.ready();
    const [, payload, signature] = key.token({ iss: url }).split(".");
    const forged = (index: number) => `${encoded({ alg: "EdDSA", kid: `made-up-${index}` })}.${payload}.${signature}`;
    for (let round = 0; round < 3; round++) {
      const flood = Array.from({ length: 2_000 }, (_, index) => verifier.verify(forged(index)));
      for (const each of await Promise.allSettled(flood)) expect(each).toMatchObject({ reason: { code: "token_key_unknown" } });
      await verifier.verify(key.token({ iss: url }));
      seconds += 3;
    }
    expect(jwksAsked()).toBe(1);
    seconds += 10;
    await Promise.allSettled(Array.from({ length: 2_000 }, (_, index) => verifier.verify(forged(index))));
    expect(jwksAsked()).toBe(2);
  });

  it("tries first keys again at once where a fetch that took longer than a second has failed", async () => {
    const [key, url] = [keyNamed("a"), "https://issuer.example"];
    let isUp = false;
    const fetch: typeof globalThis.fetch = async () => {
      if (isUp) return Response.json({ keys: [key.jwk] });
      seconds += 2;
      throw new Error("down");
    };
    const verifier = following({ issuer: url, jwksUrl: `${url}/keys`, fetch });
    await expect(verifier.verify(key.token({ iss: url }))).rejects.toMatchObject({ code: "jwks_unavailable" });
    isUp = true;
    await verifier.verify(key.token({ iss: url }));
  });

  it.each<[string, RequestListener, isLasting?: true]>([
    ["500", (_, answer) => answer.writeHead(500).end()],
    ["nothing", () => undefined],
    [
      "half an answer",
      (incoming, answer) => {
        answer.writeHead(200, { "content-length": "1000" });
        answer.write("{", () => incoming.socket.destroy());
      },
    ],
    ["a redirect", (_, answer) => answer.writeHead(302, { location: "/elsewhere" }).end(), true],
    ["too much", (_, answer) => answer.end(`{"keys":[${'{"a":1},'.repeat(40_000)}{}]}`), true],
    ["no keys", (_, answer) => answer.end('{"keys":[]}'), true],
    [
      "damaged keys",
      (_, answer) => answer.end('{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA","alg":"EdDSA","kid":"a"}]}'),
      true,
    ],
    ["a cut connection", (incoming) => incoming.socket.destroy()],
  ])("uses the last good keys for a bounded time where the issuer answers %s", async (answer, fault, isLasting) => {
    const [key, { url, state, jwksAsked }] = [keyNamed("a"), await issuer()];
    state.keys = [key.jwk];
    const { fetch, giveUp } = patient();
    const verifier = following({ issuer: url, fetch });
    await verifier.ready();
    state.fault = fault;
    for (const more of [301, 60, 3_000]) {
      seconds += more;
      const before = jwksAsked();
      // In the background, once what was under way has ended; where nobody asked for long, before it answers.
      await until("another try", async () => {
        const verified = verifier.verify(key.token({ iss: url }));
        const isOver = settled(verified);
        await until("an answer", () => {
          if (answer === "nothing" && jwksAsked() > before) giveUp();
          return isOver();
        });
        await verified;
        return jwksAsked() > before;
      });
      if (answer === "nothing") giveUp();
    }
    seconds += 900;
    const code = isLasting ? "jwks_misconfigured" : "jwks_unavailable";
    const refused = expect(verifier.verify(key.token({ iss: url }))).rejects.toMatchObject({ code });
    if (answer === "nothing") {
      const isOver = settled(refused);
      await until("the refusal", () => {
        giveUp();
        return isOver();
      });
    }
    await refused;
    state.fault = undefined;
    seconds += 10;
    await expect(verifier.verify(key.token({ iss: url }))).resolves.toBeDefined();
  });

  it("keeps several issuers apart: no issuer's key speaks for another", async () => {
    const [ours, theirs] = [await issuer(), await issuer()];
    const [a, b] = [keyNamed("k"), keyNamed("k")];
    [ours.state.keys, theirs.state.keys] = [[a.jwk], [b.jwk]];
    const verifier = following({ issuer: [ours.url, theirs.url] });
    await verifier.verify(a.token({ iss: ours.url }));
    await verifier.verify(b.token({ iss: theirs.url }));
    await expect(verifier.verify(b.token({ iss: ours.url }))).rejects.toMatchObject({ code: "token_signature_invalid" });
    const asked = ours.jwksAsked() + theirs.jwksAsked();
    await expect(verifier.verify(a.token({ iss: "https://evil.example" }))).rejects.toMatchObject({
      code: "token_issuer_refused",
    });
    expect(ours.jwksAsked() + theirs.jwksAsked()).toBe(asked);
  });

  it.each([
    [{ issuer: "nowhere" }, "issuer"],
    [{ issuer: [] }, "issuer"],
    [{ issuer: "https://a.example", audience: undefined }, "audience"],
    [{ issuer: "https://a.example", scopes: ["a b"] }, "scopes"],
    [{ issuer: "https://a.example", refreshSeconds: -1 }, "refreshSeconds"],
    [{ issuer: ["https://a.example", "https://b.example"], jwksUrl: "https://a.example/keys" }, "jwksUrl"],
    [{ issuer: "https://a.example", maxAgeSeconds: 0.5 }, "maxAgeSeconds"],
  ])("is not made of %o", (options, words) => {
    expect(() => following(options as never)).toThrow(words);
  });
});

describe("what a token must say besides", () => {
  const key = keyNamed("a");
  const verifier = (more: object) =>
    createVerifier({ keys: { keys: [key.jwk] }, issuer: null, audience: "api", clock: () => NOW, ...more });

  it.each([
    [{ requiredClaims: ["tenant"] }, { tenant: null }, undefined],
    [{ requiredClaims: ["tenant"] }, {}, "token_claim_missing"],
    [{ requiredClaims: ["toString"] }, {}, "token_claim_missing"],
    [{ scopes: ["read", "write"] }, { scope: "write admin read" }, undefined],
    [{ scopes: ["read"] }, { scp: ["read"] }, undefined],
    [{ scopes: ["read"] }, { scope: "reader" }, "token_scope_missing"],
    [{ scopes: ["read"] }, { scope: ["read"] }, undefined],
    [{ scopes: ["read"] }, { scope: "", scp: ["read"] }, "token_scope_missing"],
    [{ maxAgeSeconds: 100 }, { iat: NOW - 160 }, undefined],
    [{ maxAgeSeconds: 100 }, { iat: NOW - 161 }, "token_too_old"],
    [{ maxAgeSeconds: 100 }, {}, "token_too_old"],
  ])("%o of %o: %s", (options, claims, code) => {
    const verify = () => verifier(options).verify(key.token(claims));
    if (code === undefined) expect(verify().claims).toMatchObject(claims);
    else expect(verify).toThrow(expect.objectContaining({ code }));
  });
});
