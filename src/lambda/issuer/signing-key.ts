import { environmentCredentials, noCredentials } from "../../aws/credentials.js";
import { activePath } from "../../aws/names.js";
import { createParameterReader } from "../../aws/ssm.js";
import { createTransport, type TransportOptions } from "../../aws/transport.js";
import type { OpenableKey, Signer } from "../../custody/contract.js";
import { OPENERS } from "../../custody/lambda.js";
import { SignetError } from "../../errors.js";
import { type ActiveKey, createActiveKey } from "../../issue/active-key.js";
import { presentSeconds } from "../../issue/issuer.js";
import { readActiveDocuments } from "../../storage/aws/active-store.js";
import type { Report } from "../shared/report.js";
import type { Environment, Settings } from "../shared/settings.js";

/** Who is told of calls, and who waits for them. */
interface CallWatch extends Pick<TransportOptions, "endsBy" | "onRetry">, Pick<Report, "kmsSigned"> {
  /** Given what confirms the key, where that is due; what was given before may be forgotten. */
  inBackground(confirm: () => void): void;
}

/** The key of a function. */
export interface FunctionKey extends ActiveKey {
  /**
   * What signs in INIT: the key in use. One in KMS, whose every signature is paid for, is stood in for, and the connection to KMS opened.
   * The signature of that is wrong, and its check finds it so.
   */
  openForTrial(): Promise<Signer>;
}

/** What KMS would answer: two integers that are a signature's in form. */
const NO_SIGNATURE = { status: 200, headers: {}, body: '{"Signature":"MAYCAQECAQE="}' };

/** A cold start may wait its turn behind a thousand others at Parameter Store's quota; the function's own timeout comes first. */
const DEADLINE_MS = 55_000;

/** The key that the function signs with. The active document says which custodian holds it. */
export function createSigningKey(settings: Settings, env: Environment, watch: CallWatch): FunctionKey {
  const { installation, region, activeKeyMaxAgeSeconds } = settings;
  const { kmsSigned, endsBy, onRetry, inBackground } = watch;
  const credentials = () => {
    const found = environmentCredentials(env);
    if (found === undefined) throw noCredentials();
    return found;
  };
  const transport = createTransport({ region, credentials, env, deadlineMs: DEADLINE_MS, endsBy, onRetry });
  const parameters = createParameterReader(transport);
  const deps = { transport, installation, onSigned: kmsSigned };
  let opened: { readonly key: OpenableKey; readonly opener: (typeof OPENERS)[number]; readonly signer: Signer };
  const active = createActiveKey(
    {
      read: () => readActiveDocuments(parameters, activePath(installation)),
      open: async (key) => {
        const opener = OPENERS.find(({ recognises }) => recognises(key.material));
        if (opener === undefined)
          throw new SignetError("no_active_key", "the active key is held by a custodian that this function cannot reach");
        const signer = await opener.bind(deps)(key);
        opened = { key, opener, signer };
        return signer;
      },
      maxAgeSeconds: activeKeyMaxAgeSeconds,
      clock: presentSeconds,
    },
    inBackground,
  );
  return Object.freeze({
    ...active,
    async openForTrial() {
      const { key, opener, signer } = opened;
      if (!signer.isRemote) return signer;
      await transport.connect("kms");
      return opener.bind({ transport: { ...transport, call: async () => NO_SIGNATURE }, installation })(key);
    },
  });
}
