import { environmentCredentials, noCredentials } from "../../aws/credentials.js";
import { activePath } from "../../aws/names.js";
import { createParameterReader } from "../../aws/ssm.js";
import { createTransport, type TransportOptions } from "../../aws/transport.js";
import { OPENERS } from "../../custody/lambda.js";
import { SignetError } from "../../errors.js";
import { type ActiveKey, createActiveKey } from "../../issue/active-key.js";
import { presentSeconds } from "../../issue/issuer.js";
import { readActiveDocuments } from "../../storage/aws/active-store.js";
import type { Report } from "../shared/report.js";
import type { Environment, Settings } from "../shared/settings.js";

/** Who is told of calls, and who waits for them. */
interface CallWatch extends Pick<TransportOptions, "endsBy" | "onRetry">, Pick<Report, "kmsSigned"> {}

/** A cold start may wait its turn behind a thousand others at Parameter Store's quota; the function's own timeout comes first. */
const DEADLINE_MS = 55_000;

/** The key that the function signs with. The active document says which custodian holds it. */
export function createSigningKey(settings: Settings, env: Environment, { kmsSigned, endsBy, onRetry }: CallWatch): ActiveKey {
  const { installation, region, activeKeyMaxAgeSeconds } = settings;
  const credentials = () => {
    const found = environmentCredentials(env);
    if (found === undefined) throw noCredentials();
    return found;
  };
  const transport = createTransport({ region, credentials, env, deadlineMs: DEADLINE_MS, endsBy, onRetry });
  const parameters = createParameterReader(transport);
  const deps = { transport, installation, onSigned: kmsSigned };
  return createActiveKey({
    read: () => readActiveDocuments(parameters, activePath(installation)),
    open: async (key) => {
      const opener = OPENERS.find(({ recognises }) => recognises(key.material));
      if (opener !== undefined) return opener.bind(deps)(key);
      throw new SignetError("no_active_key", "the active key is held by a custodian that this function cannot reach");
    },
    maxAgeSeconds: activeKeyMaxAgeSeconds,
    clock: presentSeconds,
  });
}
