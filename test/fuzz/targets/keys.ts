import { equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { parsePrivateKeyText } from "../../../src/algorithms/private-key-text.js";
import { parsePublicKeyText } from "../../../src/algorithms/public-key-text.js";
import { localSigner } from "../../../src/algorithms/signature.js";
import { createIssuer } from "../../../src/issue/issuer.js";
import { parseKeyPlace } from "../../../src/operator/key-places.js";
import { judgeForeign } from "../../../src/rotation/steps/foreign-keys.js";
import { createVerifier } from "../../../src/verify/create-verifier.js";
import { createVerifier as createWebVerifier } from "../../../src/verify/web/index.js";
import { changed, damaged } from "../grammar/changes.js";
import { der, keyContent, keyOptions, keyPlace, keySet, keySetBytes, keys, SECRETS } from "../grammar/keys.js";
import { ISSUER, tokens } from "../grammar/words.js";
import { type Judgement, judgeError, ours } from "../judge.js";
import { target } from "../target.js";

/** Names of keys are told, so that one can be chosen. */
const HIDDEN: Judgement = { hidden: SECRETS };

async function readBoth(content: string | Buffer, options: Parameters<typeof parsePrivateKeyText>[1] = {}): Promise<void> {
  const found = await ours(() => parsePrivateKeyText(content, options), HIDDEN);
  if (found !== undefined) {
    // What was read signs: nothing half-read leaves the reader.
    const { privateKey, alg } = found;
    const signer = localSigner({ privateKey, alg, kid: "read" });
    const { token } = createIssuer({ signer }).issueSync({ claims: { sub: "a" } });
    equal(createVerifier({ keys: { keys: [signer.publicJwk] }, issuer: null, audience: null }).verify(token).claims.sub, "a");
  }
  const publicPart = await ours(() => parsePublicKeyText(content), HIDDEN);
  if (publicPart !== undefined) ok(publicPart.publicKey.type === "public" && publicPart.algs.length > 0);
}

/** A token of this key, which stays good beside whatever strangers publish. */
const signer = localSigner({ privateKey: keys.ed, alg: "EdDSA", kid: "own" });
const { token: good } = createIssuer({ signer }).issueSync({ claims: { sub: "a" } });
const { token: ofIssuer } = createIssuer({ signer, issuer: ISSUER }).issueSync({ claims: { sub: "a" } });
const discovery = damaged(
  changed(fc.constant({ issuer: ISSUER, jwks_uri: `${ISSUER}/jwks` })).map((each) => JSON.stringify(each)),
);

export const KEY_TARGETS = [
  target("a key as people have it", fc.tuple(keyContent, keyOptions), ([content, options]) => readBoth(content, options)),
  target("a key's DER", fc.tuple(der, keyOptions), ([bytes, options]) => readBoth(bytes, options)),
  target("the name of a key's place", keyPlace, (place) => ours(() => void parseKeyPlace(place), HIDDEN)),
  target("a foreign key set", fc.tuple(keySet, tokens("a")), async ([set, token]) => {
    for (const make of [createVerifier, createWebVerifier]) {
      await ours(async () => void (await make({ keys: set as never, issuer: null, audience: null }).verify(token)), HIDDEN);
    }
  }),
  target(
    "what an issuer publishes",
    fc.tuple(discovery, keySetBytes, fc.constantFrom(200, 200, 200, 304, 404)),
    async ([found, set, status]) => {
      const fetch = async (url: unknown) => {
        const body = String(url).endsWith("openid-configuration") ? found : set;
        return new Response(status === 304 ? null : body, { status, headers: { "content-type": "text/html" } });
      };
      for (const make of [createVerifier, createWebVerifier]) {
        await ours(async () => void (await make({ issuer: ISSUER, audience: null, fetch }).verify(ofIssuer)), HIDDEN);
      }
    },
  ),
  target(
    "a foreign key set that is taken over",
    keySet,
    async (set) => {
      const { keys: list } = (set ?? {}) as { keys?: unknown };
      if (!Array.isArray(list)) return;
      const judged = await ours(() => judgeForeign({ keys: list }), HIDDEN);
      for (const { fault } of judged?.refused ?? []) judgeError(fault, HIDDEN);
      // What is published verifies by itself: no entry of it is one that verifiers refuse.
      for (const { jwk } of judged?.usable ?? []) createVerifier({ keys: { keys: [jwk] }, issuer: null, audience: null });
    },
    { share: 0.3 },
  ),
  target("a foreign key set beside a key that is sound", keySet, async (set) => {
    const { keys: strangers } = (set ?? {}) as { keys?: unknown };
    const list = Array.isArray(strangers) ? strangers.filter((each: { kid?: unknown } | null) => each?.kid !== "own") : [];
    const beside = { keys: [...list, signer.publicJwk] as never };
    for (const make of [createVerifier, createWebVerifier]) {
      const verified = await ours(async () => make({ keys: beside, issuer: null, audience: null }).verify(good), HIDDEN);
      if (list.every((each) => typeof each === "object" && each !== null && !Array.isArray(each)))
        equal(verified?.claims.sub, "a");
    }
  }),
];
