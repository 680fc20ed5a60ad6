/** A verifier that follows a JWKS server through what servers do: no good token may be refused while a good copy lives. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { createServer } from "node:http";
import { setImmediate as turnOfTheLoop } from "node:timers/promises";
import { AUDIENCE, makeKeys, signedToken } from "./tokens.mjs";

const { createVerifier } = await import(new URL("../../dist/verify/index.js", import.meta.url).href);

const FLOOD = 100_000;
const FLOOD_SECONDS = 100;
const FAULT_SECONDS = 900;
const REQUEST_BEGINS = "http.client.request.start";
/** Between the last byte of an answer and what the verifier makes of it, both in this process. */
const TURNS = 5;

/** Longer than a busy machine takes for a good answer; and how long a verifier waits that is told nothing in time. */
const [PATIENT_MS, IMPATIENT_MS] = [20_000, 100];

const slow = (answer) => setTimeout(() => answer.end("{}"), 20 * IMPATIENT_MS).unref();

/** What a server may do instead of answering. */
const FAULTS = {
  cut: (answer) => {
    answer.writeHead(200, { "content-length": "1000" });
    answer.write('{"keys":');
    setTimeout(() => answer.destroy(), 10);
  },
  huge: (answer) => answer.end(`{"keys":[${" ".repeat(400_000)}]}`),
  redirect: (answer) => answer.writeHead(302, { location: "https://evil.example/jwks.json" }).end(),
  "error 500": (answer) => answer.writeHead(500).end("{}"),
  "no keys": (answer) => answer.end('{"keys":[]}'),
  "no JSON": (answer) => answer.end("<html>"),
  "nothing at all": (answer) => answer.destroy(),
};

/** A server, a verifier that follows it, and a clock that the proof moves. @param {number} timeoutMs the verifier's, of real time */
async function world(timeoutMs) {
  const [before, , after] = makeKeys();
  /** @type {{ published: any[], fault: any, fetches: number, seconds: number, open: Promise<unknown>[] }} */
  const state = { published: [before], fault: undefined, fetches: 0, seconds: 0, open: [] };
  // Counted where they begin: on a busy machine one may be given up before it has reached the server.
  /** @param {any} message */
  const began = ({ request }) => {
    state.fetches += 1;
    state.open.push(new Promise((resolve) => request.once("close", resolve)));
  };
  subscribe(REQUEST_BEGINS, began);
  const server = createServer((_, answer) => {
    if (state.fault !== undefined) return void state.fault(answer);
    answer.end(JSON.stringify({ keys: state.published.map(({ jwk }) => jwk) }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const issuer = `http://127.0.0.1:${port}`;
  const jwksUrl = `${issuer}/jwks.json`;
  const verifier = createVerifier({ issuer, audience: AUDIENCE, jwksUrl, timeoutMs, elapsed: () => state.seconds });
  const exp = Math.floor(Date.now() / 1000) + 3_600;
  return {
    state,
    before,
    after,
    tokenOf: (key) => signedToken(key, { iss: issuer, aud: AUDIENCE, exp }),
    answerOf: (token) =>
      verifier.verify(token).then(
        () => "accepted",
        (error) => error.code,
      ),
    close() {
      unsubscribe(REQUEST_BEGINS, began);
      server.closeAllConnections();
      server.close();
    },
  };
}

/** @param {{ check: (what: string, isRight: boolean, seen?: unknown) => void }} options */
export async function faults({ check }) {
  const { close, ...each } = await world(PATIENT_MS);
  const old = each.tokenOf(each.before);
  check("the first token is verified by one fetch", (await each.answerOf(old)) === "accepted" && each.state.fetches === 1);
  for (const [name, fault] of Object.entries(FAULTS)) await throughFault({ ...each, old, name, fault, check });
  await throughFlood({ ...each, old, check });
  await throughRotation({ ...each, old, check });
  close();
  await throughSlowness(check);
}

async function throughSlowness(check) {
  const { close, ...each } = await world(IMPATIENT_MS);
  const old = each.tokenOf(each.before);
  // It may be too impatient for a good answer as well, which is not what is tried here.
  for (let time = 0; time < 1_000 && (await each.answerOf(old)) !== "accepted"; time++) each.state.seconds += 11;
  await throughFault({ ...each, old, name: "slow", fault: slow, check });
  close();
}

/** Waits until no lookup in the background goes on. */
async function settled({ open }) {
  do {
    await Promise.all(open.splice(0));
    for (let turn = 0; turn < TURNS; turn++) await turnOfTheLoop();
  } while (open.length > 0);
}

// A token each second: the keys are due after five minutes, and cannot be had.
async function throughFault({ state, answerOf, old, name, fault, check }) {
  const began = state.fetches;
  state.fault = fault;
  let refused = 0;
  for (let second = 0; second < FAULT_SECONDS; second++) {
    state.seconds += 1;
    if ((await answerOf(old)) !== "accepted") refused += 1;
    if (second % 60 === 59) await settled(state);
  }
  const asked = state.fetches - began;
  const isRight = refused === 0 && asked > 1 && asked <= FAULT_SECONDS / 10;
  check(`${name}: no good token is refused in ${FAULT_SECONDS / 60} minutes, ${asked} fetches`, isRight, { refused, asked });
  state.fault = undefined;
  state.seconds += 11;
  await answerOf(old);
  await settled(state);
}

async function throughFlood({ state, before, after, tokenOf, answerOf, old, check }) {
  const [began, from] = [state.fetches, state.seconds];
  let [accepted, refused] = [0, 0];
  for (let made = 0; made < FLOOD; made++) {
    state.seconds = from + Math.floor((made * FLOOD_SECONDS) / FLOOD);
    if (made === FLOOD / 2) state.published = [after, before];
    const madeUp = tokenOf({ ...before, kid: `made-up-${made}`, sign: () => Buffer.alloc(64) });
    if ((await answerOf(madeUp)) === "token_key_unknown") refused += 1;
    if (made % 1_000 === 0 && (await answerOf(old)) === "accepted") accepted += 1;
  }
  const asked = state.fetches - began;
  const isRight = refused === FLOOD && asked <= FLOOD_SECONDS / 10 + 1;
  check(`${FLOOD} made-up kids in ${FLOOD_SECONDS} seconds are refused, by ${asked} fetches`, isRight, { refused, asked });
  check("every good token among them is accepted", accepted === FLOOD / 1_000, accepted);
}

async function throughRotation({ state, after, tokenOf, answerOf, old, check }) {
  state.seconds += 11;
  check("the key that was published in the middle of the flood is known", (await answerOf(tokenOf(after))) === "accepted");
  state.published = [after];
  state.seconds += 311;
  await answerOf(old);
  await settled(state);
  check("a key that has left the JWKS is known no more", (await answerOf(old)) === "token_key_unknown");
  state.fault = FAULTS["error 500"];
  state.seconds += 300 + 3_600 + 11;
  check("the last good keys are not used for ever", (await answerOf(tokenOf(after))) === "jwks_unavailable");
}
