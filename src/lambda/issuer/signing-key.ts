import { environmentCredentials, noCredentials } from "../../aws/credentials.js";
import { activePath } from "../../aws/names.js";
import { createParameterReader } from "../../aws/ssm.js";
import { createTransport } from "../../aws/transport.js";
import type { OnKmsSigned } from "../../custody/kms/sign.js";
import { OPENERS } from "../../custody/lambda.js";
import { SignetError } from "../../errors.js";
import { type ActiveKey, createActiveKey } from "../../issue/active-key.js";
import { presentSeconds } from "../../issue/issuer.js";
import { readActiveDocuments } from "../../storage/aws/active-store.js";
import type { Environment, Settings } from "../shared/settings.js";

/** A cold start may wait its turn behind a thousand others at Parameter Store's quota; the function's own timeout comes first. */
const DEADLINE_MS = 55_000;

/** The key that the function signs with. The active document says which custodian holds it. */
export function createSigningKey(settings: Settings, env: Environment, onKmsSigned: OnKmsSigned): ActiveKey {
  const { installation, region, activeKeyMaxAgeSeconds } = settings;
  const credentials = () => {
    const found = environmentCredentials(env);
    if (found === undefined) throw noCredentials();
    return found;
  };
  const transport = createTransport({ region, credentials, env, deadlineMs: DEADLINE_MS });
  const parameters = createParameterReader(transport);
  const deps = { transport, installation, onSigned: onKmsSigned };
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
