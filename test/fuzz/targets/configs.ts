import { ok } from "node:assert/strict";
import fc from "fast-check";
import { endpointOf } from "../../../src/aws/endpoint.js";
import { unknownVariables } from "../../../src/config/environment.js";
import { checkConfig } from "../../../src/config/load.js";
import { parseStrictJson } from "../../../src/encoding/strict-json.js";
import { createAuthorizer } from "../../../src/lambda/authorizer/authorizer.js";
import { createDecoderHandler } from "../../../src/lambda/decoder/decoder.js";
import { managerSettingsOf } from "../../../src/lambda/key-manager/settings.js";
import { settingsOf } from "../../../src/lambda/shared/settings.js";
import { config, configText, environment, flags, functionVariables } from "../grammar/configs.js";
import { text } from "../grammar/words.js";
import { judgeLine, ours } from "../judge.js";
import { target } from "../target.js";

const FILE = "/etc/signet/signet.json";
const write = (line: string) => judgeLine(line);

export const CONFIG_TARGETS = [
  target("the text of a config", fc.tuple(configText, environment), ([text, env]) =>
    ours(() => void checkConfig(parseStrictJson(text, FILE), FILE, { env, text, onDoubt: () => undefined })),
  ),
  target("a config under variables and flags", fc.tuple(config, environment, flags), async ([members, env, given]) => {
    const checked = await ours(() => checkConfig(members, FILE, { env, flags: given, onDoubt: () => undefined }));
    if (checked === undefined) return;
    // What was accepted is what the shape says, whatever names it came under.
    ok(checked.directory.startsWith("/") && Number.isSafeInteger(checked.limits.maxTtlSeconds) && Object.isFrozen(checked));
    for (const words of unknownVariables(env)) ok(words.length < 300);
  }),
  target("where AWS is", fc.tuple(text, text), async ([region, endpoint]) => {
    const env = { AWS_ENDPOINT_URL: endpoint, AWS_USE_DUALSTACK_ENDPOINT: "true" };
    for (const service of ["kms", "s3"] as const) await ours(() => void endpointOf(service, region, env));
  }),
  target("the variables of the functions", functionVariables, async (env) => {
    const log = { ...env, AWS_LAMBDA_LOG_FORMAT: "JSON" };
    await ours(() => void settingsOf(log));
    await ours(() => void managerSettingsOf(log));
    await ours(() => void createDecoderHandler(log, write));
    // Where it can start it fetches keys at once: of nobody but this machine.
    await ours(() => void createAuthorizer({ ...log, SIGNET_ISSUER: "http://127.0.0.1:9" }, write));
  }),
];
