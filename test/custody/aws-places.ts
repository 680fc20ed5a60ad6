import { afterAll, beforeAll } from "vitest";
import { createKms } from "../../src/aws/kms.js";
import { createSecretsManager } from "../../src/aws/secrets-manager.js";
import { createParameterStore } from "../../src/aws/ssm.js";
import { createTransport, type Transport } from "../../src/aws/transport.js";
import type { AwsDeps } from "../../src/custody/facts.js";
import { FAKE_CREDENTIALS, startFakeAws } from "../fakes/aws/fake-aws.mjs";

/** A fake AWS for the tests of a file, and places in it that none of them has used. */
export function awsPlaces() {
  let aws: Awaited<ReturnType<typeof startFakeAws>>;
  let transport: Transport;
  let places = 0;

  beforeAll(async () => {
    aws = await startFakeAws({ isDirect: true });
    // A busy machine takes as long as it takes.
    const patience = { deadlineMs: 120_000, attemptMs: 60_000 };
    transport = createTransport({ region: "eu-central-1", credentials: () => FAKE_CREDENTIALS, env: aws.env, ...patience });
  });

  afterAll(async () => {
    transport.close();
    await aws.close();
  });

  return {
    get aws() {
      return aws;
    },
    get transport() {
      return transport;
    },
    /** What a custodian in AWS works with, over a transport. */
    place(over = transport): AwsDeps {
      places += 1;
      const installation = `place-${places}`;
      return {
        transport: over,
        kms: createKms(over),
        parameters: createParameterStore(over),
        secrets: createSecretsManager(over),
        installation,
        path: `/signet/${installation}/keys`,
        prefix: `signet/${installation}/keys/`,
        sleep: async () => undefined,
      };
    },
  };
}
