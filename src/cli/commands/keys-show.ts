import type { PublicJwk } from "../../algorithms/jwk.js";
import { publicKeyFromJwk } from "../../algorithms/jwk.js";
import { dateInWords } from "../../encoding/times-in-words.js";
import { SignetError } from "../../errors.js";
import { activeRecord } from "../../keyring/keyring.js";
import { keyringMissing } from "../../operator/load-installation.js";
import { nextKeys, publishedStandbys } from "../../rotation/plan/successor.js";
import type { CommonOptions, Context } from "../context.js";
import { managerFor, paintState } from "../key-report.js";
import { openInstallation } from "../open-installation.js";

/** `signet keys explain`: for each key why it is where it is, and when it moves next. */
export async function keysExplain(context: Context, options: CommonOptions): Promise<void> {
  const manager = await managerFor(context, await openInstallation(context, options));
  const explanations = await manager.explain();
  if (options.json === true) context.output.json({ keys: explanations });
  else
    for (const { kid, state, words } of explanations)
      context.output.sentence(`${kid} (${paintState(context.output, state)}): ${words}`);
}

export interface PemOptions extends CommonOptions {
  readonly current?: boolean;
  readonly next?: boolean;
}

/** `signet keys pem`: the public keys for verifiers that hold pasted PEMs, one slot for each. */
export async function keysPem(context: Context, options: PemOptions): Promise<void> {
  const installation = await openInstallation(context, options);
  const found = await installation.stores.keyring.read();
  if (found === undefined) throw keyringMissing(installation);
  const { policy } = found.keyring;
  const next = nextKeys(found.keyring)[0] ?? publishedStandbys(found.keyring)[0];
  const both = options.current !== true && options.next !== true;
  const chosen = [
    ...(both || options.current === true ? [{ slot: "current", record: activeRecord(found.keyring) }] : []),
    ...(both || options.next === true ? [{ slot: "next", record: next }] : []),
  ];
  const pems = chosen.map(({ slot, record }) => {
    if (record?.publicJwk === undefined)
      throw new SignetError("key_not_found", `there is no ${slot} key yet: run \`signet keys tick\``);
    return { slot, kid: record.publicJwk.kid, alg: record.alg, pem: pemOf(record.publicJwk) };
  });
  const notBefore = next?.publishedAt === undefined ? null : next.publishedAt + policy.publishAheadSeconds;
  if (options.json === true) return context.output.json({ keys: pems, nextSignsNotBefore: notBefore });
  for (const { slot, kid, alg, pem } of pems) {
    context.output.note(`${slot}: ${kid} (${alg})`);
    context.output.exact(pem);
  }
  if (notBefore === null) return;
  const ready = dateInWords(notBefore);
  context.output.note(`the next key does not sign before ${ready}, unless the current one is revoked: paste it before`);
}

function pemOf(jwk: PublicJwk): string {
  return publicKeyFromJwk(jwk).export({ format: "pem", type: "spki" }).toString().trimEnd();
}
