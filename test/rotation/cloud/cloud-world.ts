import { createPublicKey, type JsonWebKey, type KeyObject, verify as verifyBytes } from "node:crypto";
import { publicJwk } from "../../../src/algorithms/jwk.js";
import { algorithmNamed } from "../../../src/algorithms/table.js";
import { type Custodian, holderOf } from "../../../src/custody/contract.js";
import { createKmsCustodian } from "../../../src/custody/kms/custodian.js";
import { createKmsDataKeyCustodian } from "../../../src/custody/kms-data-key/custodian.js";
import { createParameterStoreCustodian } from "../../../src/custody/parameter-store/custodian.js";
import { createSecretsManagerCustodian } from "../../../src/custody/secrets-manager/custodian.js";
import { isSignetError } from "../../../src/errors.js";
import type { Custody } from "../../../src/keyring/key-record.js";
import { parseKeyring } from "../../../src/keyring/parse.js";
import { createManager, type Manager } from "../../../src/rotation/manager.js";
import type { RotationSettings } from "../../../src/rotation/plan/policy.js";
import { createAwsStores } from "../../../src/storage/aws/stores.js";
import { SETTINGS } from "../settings-fixture.js";
import { createClockwork } from "../world/clockwork.js";
import { pooledKey } from "../world/key-pool.js";
import { Violation } from "../world/oracle.js";
import { type Actor, type Ambush, createWire, type Fate } from "../world/wire.js";
import { type Cloud, type CloudClients, createCloud, type Weather, WRAPPING_KEY } from "./cloud.js";
import { type Hand, layHand } from "./hands.js";
import { createCloudOracle } from "./oracle.js";

/** One thing that people, time or bad luck do. */
export type CloudStep =
  | { readonly do: "wait"; readonly seconds: number }
  | { readonly do: "tick" | "rotate" | "revoke" | "crash"; readonly manager: number; readonly which: number }
  | { readonly do: "hand"; readonly hand: Hand; readonly pick: number }
  /** Calls of one service are denied or throttled for a while. */
  | {
      readonly do: "deny";
      readonly service: "kms" | "ssm" | "secretsmanager" | "s3";
      readonly how: "denied" | "throttled";
      readonly seconds: number;
    }
  | { readonly do: "migrate"; readonly manager: number; readonly custody: AwsCustody }
  /** Keys made elsewhere come in: a private one as a standby, or public ones of another issuer. */
  | { readonly do: "import" | "foreign"; readonly manager: number; readonly which: number }
  | { readonly do: "ambush"; readonly ambush: Ambush };

type AwsCustody = Exclude<Custody, "file">;

/** A whole story. */
export interface CloudStory {
  readonly custody: AwsCustody;
  readonly weather: Weather;
  readonly managers: readonly number[];
  readonly issuerSkewSeconds: number;
  /** How often it signs; 1,500 when absent. */
  readonly issuerEverySeconds?: number;
  readonly steps: readonly CloudStep[];
  readonly fates: readonly (readonly [call: number, fate: Fate])[];
  /** How long nothing happens at the end but ticks; 6 when absent. */
  readonly quietDays?: number;
}

const START = 1_800_000_000;
const HOUR = 3_600;
const DAY = 24 * HOUR;
const INSTALLATION = "shop";
const MAX_AGE_SECONDS = HOUR;

const settingsOf = (custody: AwsCustody): RotationSettings => ({
  ...SETTINGS,
  algorithm: "EdDSA",
  custody,
  maxTtlSeconds: DAY,
  policy: { ...SETTINGS.policy, rotateEverySeconds: 4 * DAY },
});

interface ManagerProcess {
  readonly actor: Actor;
  readonly manager: Manager;
  isBusy: boolean;
}

/** What a person does, by the words of a tick alone. */
function remedyFor(words: string): ((manager: Manager) => Promise<unknown>) | undefined {
  if (/signet audit begin/.test(words)) return (manager) => manager.beginAudit();
  if (/an old keyring was put back|"blockedBy":"|`signet keys repair` gives up what is lost/.test(words))
    return (manager) => manager.repair({ apply: true });
  return undefined;
}

/** Plays a story and then a quiet time; throws a `Violation` where a promise was broken. */
export async function playCloud(story: CloudStory): Promise<{ tokens: number; calls: number }> {
  const clockwork = createClockwork(START);
  const wire = createWire(clockwork, new Map(story.fates));
  const cloud = createCloud(clockwork, story.weather);
  const oracle = createCloudOracle(clockwork, () => topDocument(cloud)?.kid);
  const denied = new Map<string, { how: "denied" | "throttled"; until: number }>();
  const texts: string[] = [];
  const processes: ManagerProcess[] = [];
  let custody = story.custody;
  let [ids, incarnations, imports] = [0, 0, 0];
  let unexpected: unknown;
  let lastWords = "";

  cloud.onDestroyed = ({ arn, name, value }) => {
    look();
    if (name?.includes("/active/") === true) oracle.documentDeleted(sequenceIn(value ?? "{}"), topDocument(cloud)?.sequence);
    const kid = arn === undefined ? kidIn(value ?? "") : arn.slice(arn.lastIndexOf("/") + 1);
    const hasCopy = [...cloud.parameters.get().values(), ...[...cloud.secrets.get().values()].map((each) => each.value)].some(
      (text) => holdsPrivatePart(text) && kidIn(text) === kid,
    );
    if (arn !== undefined || (!hasCopy && holdsPrivatePart(value ?? ""))) oracle.destroyed(kid);
  };
  const denies = (action: string) => {
    const rule = denied.get(action.split(":")[0] as string);
    return rule !== undefined && clockwork.now() < rule.until ? rule.how : undefined;
  };
  const sleepMs = (actor: Actor) => (ms: number) =>
    new Promise<void>((resolve) => clockwork.at(clockwork.now() + ms / 1_000, () => actor.isDead || resolve()));

  function born(index: number): ManagerProcess {
    const actor: Actor = { name: `manager-${index}.${++incarnations}`, isDead: false };
    const clients = cloud.clientsFor((name, effect) => wire.call(actor, name, effect), denies);
    const stores = {
      ...createAwsStores(clients.parameters, `/signet/${INSTALLATION}/active`, { bucket: clients.bucket, prefix: "" }),
      holder: () => actor.name,
      stateOfHolder: () => "unknown" as const,
      describeHolder: (holder: string) => holder,
    };
    const process: ManagerProcess = {
      actor,
      isBusy: false,
      manager: createManager({
        stores,
        custodians: custodiansOf(clients, sleepMs(actor)),
        settings: settingsOf(custody),
        clock: () => Math.floor(clockwork.now() + (story.managers[index] ?? 0)),
        randomId: () => `key-${++ids}`,
        sleep: (seconds) => sleepMs(actor)(seconds * 1_000),
      }),
    };
    processes[index] = process;
    return process;
  }

  function start(index: number, work: (manager: Manager) => Promise<unknown>): void {
    const at = index % story.managers.length;
    const known = processes[at];
    const mine = known === undefined || known.actor.isDead ? born(at) : known;
    if (mine.isBusy) return;
    mine.isBusy = true;
    work(mine.manager)
      // Every refusal is one of ours; what it leaves is what counts.
      .then((report) => {
        lastWords = JSON.stringify(report);
      })
      .catch((error: unknown) => {
        if (!isSignetError(error)) unexpected ??= error;
        lastWords = String(error);
      })
      .finally(() => {
        mine.isBusy = false;
      });
  }

  const standing = () => {
    const text = cloud.objects.get().get("keyring.json")?.body;
    return text === undefined ? undefined : parseKeyring(text, "keyring.json");
  };

  // Looks at what stands after each second in which something happened.
  let lastText: string | undefined;
  let lastJwks: string | undefined;
  function look(byHand = false): void {
    const text = cloud.objects.get().get("keyring.json")?.body;
    if (text !== undefined && text !== lastText) {
      lastText = text;
      if (!byHand) texts.push(text);
      const keyring = parseKeyring(text, "keyring.json");
      oracle.keyringStands(keyring, byHand);
      const published = keyring.keys.filter(({ publicJwk: jwk, state }) => jwk && state !== "revoked" && state !== "creating");
      if (published.length > 10) unexpected ??= new Violation("more than ten keys are published");
    }
    const jwks = cloud.objects.get().get(".well-known/jwks.json")?.body;
    if (jwks !== lastJwks) {
      lastJwks = jwks;
      if (jwks !== undefined && !byHand) oracle.published(kidsIn(jwks));
    }
  }

  function take(step: CloudStep): void {
    switch (step.do) {
      case "tick":
        start(step.manager, (manager) => manager.tick());
        return;
      case "rotate":
        start(step.manager, (manager) => manager.rotate());
        return;
      case "revoke": {
        const keys = standing()?.keys.filter(({ publicJwk }) => publicJwk !== undefined) ?? [];
        const kid = keys[step.which % Math.max(1, keys.length)]?.publicJwk?.kid;
        if (kid === undefined) return;
        oracle.revoked(kid);
        start(step.manager, (manager) => manager.revoke({ kid, reason: "a story" }));
        return;
      }
      case "crash": {
        const process = processes[step.manager % story.managers.length];
        if (process !== undefined) process.actor.isDead = true;
        return;
      }
      case "hand":
        layHand(step.hand, { cloud, oracle, keyring: standing(), texts, pick: step.pick });
        look(true);
        return;
      case "ambush":
        wire.lieInWait(step.ambush);
        return;
      case "deny":
        denied.set(step.service, { how: step.how, until: clockwork.now() + step.seconds });
        return;
      case "migrate":
        custody = step.custody;
        for (const process of processes) if (process !== undefined) process.actor.isDead = true;
        start(step.manager, (manager) => manager.applySettings({ rotate: true, verifiersAccept: ["EdDSA"] }));
        return;
      case "import":
      case "foreign": {
        const told = step.which % 3 === 0 ? {} : { tokensExpireBy: Math.floor(clockwork.now()) + 10 * DAY };
        const keys = Array.from({ length: 1 + (step.which % 4) }, () => pooledKey(600 + (imports++ % 200)));
        start(step.manager, (manager) => takeIn(manager, step.do, keys, told));
        return;
      }
      case "wait":
    }
  }

  function takeIn(manager: Manager, how: "import" | "foreign", keys: readonly KeyObject[], told: { tokensExpireBy?: number }) {
    const [privateKey] = keys as [KeyObject];
    if (how === "import" && custody !== "kms") {
      return manager.importKey({ privateKey, algorithm: "EdDSA", custody, as: "standby", ...told });
    }
    const jwks = keys.map((key) => publicJwk(key, algorithmNamed("EdDSA"), `foreign-${++ids}`));
    return manager.importForeignKeys({ keys: jwks, ...told });
  }

  const issuer = startCloudIssuer(clockwork, cloud, oracle, story);
  let time = START;
  async function pass(seconds: number): Promise<void> {
    // In slices, so that what stands is looked at often enough.
    for (const end = time + seconds; time < end; ) {
      time = Math.min(end, time + 120);
      await clockwork.advanceTo(time);
      look();
      const broken = oracle.violation() ?? issuer.violation();
      if (broken) throw broken;
      if (unexpected !== undefined) throw unexpected;
    }
  }

  // Whoever founds it tries again until there is a key.
  for (let tries = 0; tries < 30 && topDocument(cloud) === undefined; tries++) {
    start(0, (manager) => manager.tick({ createKeyring: true }));
    await pass(HOUR);
  }
  let sinceTick = 0;
  for (const step of story.steps) {
    take(step);
    let left = step.do === "wait" ? step.seconds : 30;
    while (left > 0) {
      const part = Math.min(left, 3 * HOUR - sinceTick);
      await pass(part);
      left -= part;
      sinceTick += part;
      if (sinceTick >= 3 * HOUR) {
        sinceTick = 0;
        start(0, (manager) => manager.tick());
      }
    }
  }

  // Quiet: nothing fails any more, and ticks go on for days.
  wire.heal();
  denied.clear();
  await pass(DAY);
  for (const process of processes) if (process !== undefined) process.actor.isDead = true;
  await help();
  for (let quiet = 0; quiet < (story.quietDays ?? 6) * DAY; quiet += 6 * HOUR) {
    start(0, (manager) => manager.tick());
    await pass(6 * HOUR);
    // What was written beyond the log's last line is seen once the log gets there.
    if (remedyFor(lastWords) !== undefined) await help();
  }
  await assertSound().catch((error: unknown) => {
    throw new Violation(`${(error as Error).message}; the last tick said: ${lastWords}`);
  });
  return { tokens: oracle.tokens(), calls: wire.count() };

  async function help(): Promise<void> {
    for (let tries = 0; tries < 6; tries++) {
      start(0, (manager) => manager.tick());
      await pass(HOUR);
      const remedy = remedyFor(lastWords);
      if (remedy === undefined) return;
      start(0, remedy);
      await pass(HOUR);
    }
  }

  async function assertSound(): Promise<void> {
    const keyring = standing();
    if (keyring === undefined) throw new Violation("there is no keyring");
    const active = keyring.keys.filter(({ state }) => state === "active");
    if (active.length !== 1) throw new Violation(`${active.length} keys are active at the end`);
    const top = topDocument(cloud);
    if (top?.kid !== active[0]?.publicJwk?.kid) throw new Violation("the active document is not the active key's at the end");
    const jwks = kidsIn(cloud.objects.get().get(".well-known/jwks.json")?.body ?? '{"keys":[]}');
    if (!jwks.includes(top?.kid ?? "")) throw new Violation("the key that signs is not published at the end");
    if (jwks.includes("planted")) throw new Violation("a planted key is still published at the end");
    const isFull = jwks.length === 10 && lastWords.includes('"jwks_full"');
    if (keyring.keys.every(({ state }) => state !== "pending") && !isFull) throw new Violation("there is no standby at the end");
    if (keyring.activation !== null) throw new Violation("an activation is left unconfirmed at the end");
    if (!(await issuer.signsNow())) throw new Violation("nobody can sign at the end");
  }
}

type Oracle = ReturnType<typeof createCloudOracle>;

/** An issuer's warm process, which reads, opens and signs for real; each token is verified by the JWKS of that moment. */
function startCloudIssuer(clockwork: ReturnType<typeof createClockwork>, cloud: Cloud, oracle: Oracle, story: CloudStory) {
  const clients = cloud.clientsFor(
    async (_, effect) => effect(false),
    () => undefined,
  );
  const custodians = custodiansOf(clients, async () => undefined);
  const clock = (): number => Math.floor(clockwork.now() + story.issuerSkewSeconds);
  let known:
    | {
        kid: string;
        sequence: number;
        maxTtlSeconds: number;
        confirmedAt: number;
        sign: (input: string) => Buffer | Promise<Buffer>;
      }
    | undefined;
  let violation: Violation | undefined;

  async function refresh(): Promise<void> {
    const top = topDocument(cloud, story.weather.staleSeconds);
    if (top === undefined || (known !== undefined && top.sequence < known.sequence)) return;
    if (known?.sequence === top.sequence && known.kid === top.kid) {
      known = { ...known, confirmedAt: clock() };
      return;
    }
    const custodian = holderOf(custodians, top.material);
    const signer = await custodian?.open(top).catch(() => undefined);
    if (signer === undefined) return;
    const { kid, sequence, maxTtlSeconds } = top;
    known = { kid, sequence, maxTtlSeconds, confirmedAt: clock(), sign: (input) => signer.sign(input) };
  }

  // A signature of Ed25519 is always the same: most were checked before.
  const checked = new Map<string, boolean>();
  function verifies(jwk: JsonWebKey, signature: Buffer): boolean {
    const name = `${jwk.x} ${signature.toString("base64")}`;
    const before = checked.get(name);
    if (before !== undefined) return before;
    const isRight = verifyBytes(null, Buffer.from("header.payload"), createPublicKey({ key: jwk, format: "jwk" }), signature);
    checked.set(name, isRight);
    return isRight;
  }

  async function signsNow(): Promise<boolean> {
    await refresh();
    return use();
  }

  async function use(): Promise<boolean> {
    if (known === undefined || clock() - known.confirmedAt >= MAX_AGE_SECONDS) return false;
    const { kid, maxTtlSeconds } = known;
    const expiresAt = clock() + maxTtlSeconds;
    const signature = await Promise.resolve(known.sign("header.payload")).catch(() => undefined);
    if (signature === undefined) return false;
    const jwk = keysIn(cloud.objects.get().get(".well-known/jwks.json")?.body).find((key) => key.kid === kid);
    oracle.signed(kid, expiresAt);
    if (jwk !== undefined && !verifies(jwk, signature)) violation ??= new Violation(`a token of ${kid} does not verify`);
    return true;
  }

  const everySeconds = story.issuerEverySeconds ?? 1_500;
  const wake = (): void => {
    void use().then(refresh).then(use);
    clockwork.at(clockwork.now() + everySeconds, wake);
  };
  clockwork.at(clockwork.now() + everySeconds, wake);
  return { signsNow, violation: () => violation };
}

function custodiansOf(
  { kms, parameters, secrets }: CloudClients,
  sleep: (ms: number) => Promise<unknown>,
): Readonly<Record<Custody, Custodian>> {
  const path = `/signet/${INSTALLATION}/keys`;
  return {
    kms: createKmsCustodian({ kms, installation: INSTALLATION, sleep }),
    "parameter-store": pooled(createParameterStoreCustodian({ parameters, path, sleep })),
    "secrets-manager": pooled(createSecretsManagerCustodian({ secrets, prefix: `signet/${INSTALLATION}/keys/`, sleep })),
    "kms-data-key": createKmsDataKeyCustodian({ kms, parameters, path, kmsKey: WRAPPING_KEY, installation: INSTALLATION, sleep }),
  };
}

// A key that this process makes takes real time, which this world does not have: one that is there already is taken over.
function pooled(custodian: ReturnType<typeof createParameterStoreCustodian>): Custodian {
  const number = (id: string): number => Number(id.slice(id.lastIndexOf("-") + 1));
  return {
    ...custodian,
    create: (id, algorithm) => custodian.importKey(id, pooledKey(300 + (number(id) % 300)), algorithm),
  };
}

interface Document {
  readonly sequence: number;
  readonly kid: string;
  readonly maxTtlSeconds: number;
  readonly alg: "EdDSA";
  readonly material: never;
}

function topDocument(cloud: Cloud, late = 0): Document | undefined {
  const documents = [...cloud.parameters.get(late)].flatMap(([name, text]) =>
    name.includes("/active/") ? [JSON.parse(text) as Document] : [],
  );
  return documents.sort((a, b) => b.sequence - a.sequence)[0];
}

function keysIn(text: string | undefined): (JsonWebKey & { kid: string })[] {
  return text === undefined ? [] : JSON.parse(text).keys;
}

function sequenceIn(text: string): number {
  return (JSON.parse(text) as Document).sequence;
}

function kidsIn(text: string): string[] {
  return keysIn(text).map(({ kid }) => kid);
}

function holdsPrivatePart(text: string): boolean {
  return text.includes('"pkcs8"') || text.includes('"wrapped"');
}

function kidIn(text: string): string | undefined {
  return /"kid":"([^"]+)"/.exec(text)?.[1];
}
