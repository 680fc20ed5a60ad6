import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { credentialChain } from "../../src/aws/credential-chain.js";
import { endpointOf, regionIn, type Service } from "../../src/aws/endpoint.js";
import { withProfile } from "../../src/aws/profile-environment.js";
import { scratchDirectories } from "../contracts/scratch.js";

const scratch = scratchDirectories();
const KEYS = "aws_access_key_id = AKIAFILE\naws_secret_access_key = file-secret\n";
let home: string;

beforeEach(async () => {
  home = await scratch();
  await mkdir(join(home, ".aws"));
});

const config = (text: string | Buffer) => writeFile(join(home, ".aws/config"), text);
const credentials = (text: string) => writeFile(join(home, ".aws/credentials"), text);
const found = (more: Record<string, string> = {}) => withProfile({ HOME: home, ...more });
const region = (more?: Record<string, string>) => regionIn(found(more));
const endpoint = (service: Service, more?: Record<string, string>) => endpointOf(service, "eu-west-1", found(more)).href;
const keys = (more: Record<string, string> = {}) => credentialChain({ HOME: home, ...more })();

describe("the region", () => {
  it("is that of the profile, which a variable names, unless a variable says another", async () => {
    await config("[default]\nregion = eu-west-1\n[profile a]\nregion = eu-west-2\n[profile b]\nregion = eu-west-3\n");
    expect(region()).toBe("eu-west-1");
    expect(region({ AWS_PROFILE: "a" })).toBe("eu-west-2");
    expect(region({ AWS_DEFAULT_PROFILE: "b" })).toBe("eu-west-3");
    expect(region({ AWS_PROFILE: "a", AWS_DEFAULT_PROFILE: "b" })).toBe("eu-west-2");
    expect(region({ AWS_PROFILE: "", AWS_REGION: "" })).toBe("eu-west-1");
    expect(region({ AWS_PROFILE: "a", AWS_DEFAULT_REGION: "us-east-1" })).toBe("us-east-1");
  });

  it("may stand in the credentials file, which is above the other one", async () => {
    await config("[profile a]\nregion = eu-west-1");
    await credentials("[a]\nregion = eu-west-2");
    expect(region({ AWS_PROFILE: "a" })).toBe("eu-west-2");
  });

  it("is looked for where variables say that the files are", async () => {
    await writeFile(join(home, "c"), "[default]\nregion = eu-west-1\n");
    expect(region({ AWS_CONFIG_FILE: join(home, "c") })).toBe("eu-west-1");
    expect(region({ AWS_CONFIG_FILE: "~/c" })).toBe("eu-west-1");
    expect(region({ AWS_SHARED_CREDENTIALS_FILE: "~/c" })).toBe("eu-west-1");
    expect(region({ AWS_CONFIG_FILE: join(home, "none"), AWS_SHARED_CREDENTIALS_FILE: join(home, "none") })).toBeUndefined();
  });

  it.each([
    ["a name in quotes", '[profile "a b"]\nregion = eu-west-1', "a b"],
    ["spaces within", "[profile   a]\nregion = eu-west-1", "a"],
    ["[profile default]", "[default]\n[profile default]\nregion = eu-west-1", "default"],
  ])("is that of a section with %s", async (_what, text, name) => {
    await config(text);
    expect(region({ AWS_PROFILE: name })).toBe("eu-west-1");
  });

  it("is read from files of Windows: a byte order mark, UTF-16", async () => {
    const text = "\ufeff[default]\r\nregion = eu-west-1\r\n";
    await config(text);
    expect(region()).toBe("eu-west-1");
    await config(Buffer.from(text, "utf16le"));
    expect(region()).toBe("eu-west-1");
  });

  it("that is none is told with what was expected", async () => {
    await config('[default]\nregion = "eu-west-1"');
    expect(() => found()).toThrow(/region of the AWS profile default is .*expected one such as eu-central-1/);
  });
});

describe("the files", () => {
  it("of whatever they are made are read, or refused with an error of ours", async () => {
    const line = fc.oneof(
      fc.constantFrom(
        "[default]",
        "[profile a]",
        "[services s]",
        "services = s",
        "region = eu-west-1",
        "kms =",
        "  endpoint_url = http://a",
      ),
      fc.constantFrom(
        "[a",
        "[]",
        "= x",
        "\ufeff",
        "  ",
        "#",
        "[profile 'a]",
        "__proto__ = 1",
        "endpoint_url = nonsense",
        "nonsense",
        "aws_access_key_id = ",
      ),
      fc.string(),
    );
    const file = fc.array(line, { maxLength: 12 }).map((lines) => lines.join("\n"));
    await fc.assert(
      fc.asyncProperty(file, file, fc.constantFrom("default", "a", "toString", "__proto__"), async (first, second, name) => {
        await config(first);
        await credentials(second);
        try {
          found({ AWS_PROFILE: name });
        } catch (error) {
          expect(error).toMatchObject({ name: "SignetError", code: expect.stringMatching(/^(config_invalid|aws_credentials)$/) });
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe("the endpoint of a service", () => {
  const ALL = "[profile a]\nendpoint_url = http://all:1\nservices = s\n[services s]\n";
  it("is the profile's own of that service, else the profile's for all", async () => {
    await config(`${ALL}kms =\n  endpoint_url = http://kms:2\nsecrets_manager =\n  endpoint_url = http://secrets:3\n`);
    const named = { AWS_PROFILE: "a" };
    expect(endpoint("kms", named)).toBe("http://kms:2/");
    expect(endpoint("secretsmanager", named)).toBe("http://secrets:3/");
    expect(endpoint("ssm", named)).toBe("http://all:1/");
    expect(endpoint("kms")).toBe("https://kms.eu-west-1.amazonaws.com/");
  });

  it("of a variable stands above both, also where it is for all services", async () => {
    await config(`${ALL}kms =\n  endpoint_url = http://kms:2\n`);
    const named = { AWS_PROFILE: "a" };
    expect(endpoint("kms", { ...named, AWS_ENDPOINT_URL: "http://variable:1" })).toBe("http://variable:1/");
    expect(endpoint("kms", { ...named, AWS_ENDPOINT_URL_KMS: "http://variable:2" })).toBe("http://variable:2/");
    expect(endpoint("ssm", { ...named, AWS_ENDPOINT_URL_KMS: "http://variable:2" })).toBe("http://all:1/");
  });

  it("is AWS's own where a variable or the profile says that others are ignored", async () => {
    await config(
      `[profile a]\nignore_configured_endpoint_urls = True\nendpoint_url = http://all:1\n[profile b]\nendpoint_url = http://b`,
    );
    const aws = "https://kms.eu-west-1.amazonaws.com/";
    expect(endpoint("kms", { AWS_PROFILE: "a", AWS_ENDPOINT_URL_KMS: "http://variable:2" })).toBe(aws);
    expect(endpoint("kms", { AWS_PROFILE: "b", AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "TRUE" })).toBe(aws);
    expect(endpoint("kms", { AWS_PROFILE: "a", AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "false" })).toBe("http://all:1/");
  });

  it("is one of AWS's others where the profile says so", async () => {
    await config("[default]\nuse_fips_endpoint = true\nuse_dualstack_endpoint = TRUE\n");
    expect(endpoint("kms")).toBe("https://kms-fips.eu-west-1.api.aws/");
    expect(endpoint("kms", { AWS_USE_FIPS_ENDPOINT: "false" })).toBe("https://kms.eu-west-1.api.aws/");
  });

  it.each([
    [
      "a variable",
      {},
      { AWS_ENDPOINT_URL_KMS: "localhost:4566" },
      /AWS_ENDPOINT_URL_KMS is "localhost:4566"; expected a URL such as/,
    ],
    ["a variable for all", {}, { AWS_ENDPOINT_URL: "nonsense" }, /AWS_ENDPOINT_URL is "nonsense"/],
    ["a profile", { text: "[default]\nendpoint_url = nonsense" }, {}, /endpoint_url of the AWS profile default is "nonsense"/],
  ])("that is none is told: in %s", async (_what, { text = "" }: { text?: string }, env, words) => {
    await config(text);
    expect(() => found(env as Record<string, string>)).toThrow(words);
  });
});

describe("credentials", () => {
  it("are those of the profile, the credentials file's first", async () => {
    await config(
      "[profile a]\naws_access_key_id = AKIACONFIG\naws_secret_access_key = s\n[profile b]\naws_access_key_id=AKIAB\naws_secret_access_key=s",
    );
    await credentials(`[a]\n${KEYS}aws_session_token = t\n[default]\n${KEYS}`);
    expect(await keys({ AWS_PROFILE: "a" })).toStrictEqual({
      accessKeyId: "AKIAFILE",
      secretAccessKey: "file-secret",
      sessionToken: "t",
    });
    expect(await keys()).toMatchObject({ accessKeyId: "AKIAFILE", sessionToken: undefined });
    expect(await keys({ AWS_DEFAULT_PROFILE: "b" })).toMatchObject({ accessKeyId: "AKIAB" });
  });

  it("in the environment stand above a profile's, so that `aws configure export-credentials` helps", async () => {
    await credentials(`[a]\n${KEYS}`);
    const env = { AWS_PROFILE: "a", AWS_ACCESS_KEY_ID: "AKIAENV", AWS_SECRET_ACCESS_KEY: "s" };
    expect(await keys(env)).toMatchObject({ accessKeyId: "AKIAENV" });
  });

  it("come from a credential_process, by its program, unless the profile has keys", async () => {
    const answer = { Version: 1, AccessKeyId: "AKIAPROCESS", SecretAccessKey: "s" };
    await writeFile(join(home, "keys.json"), JSON.stringify(answer));
    await config(`[profile a]\ncredential_process = cat ${join(home, "keys.json")}`);
    expect(await keys({ AWS_PROFILE: "a" })).toMatchObject({ accessKeyId: "AKIAPROCESS" });
    await credentials(`[a]\n${KEYS}`);
    expect(await keys({ AWS_PROFILE: "a" })).toMatchObject({ accessKeyId: "AKIAFILE" });
  });

  const ROLE = "[profile r]\nrole_arn = arn:aws:iam::111122223333:role/r\nsource_profile = s\n";
  it.each([
    [
      "half a pair in the environment",
      { env: { AWS_ACCESS_KEY_ID: "a" } },
      /AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not/,
    ],
    ["half a pair in a profile", { text: "[profile r]\naws_access_key_id = a" }, /has no aws_secret_access_key/],
    [
      "a profile that is not there",
      { text: "[profile b]\n" },
      /no AWS profile "r" in .*there are: b.*`aws configure --profile r`/,
    ],
    ["a section without its word", { text: "[r]\nregion = eu-west-1" }, /must be called \[profile r\]/],
    [
      "a line that says nothing",
      { text: `[profile r]\nsecret-in-a-line` },
      /config, line 2, in the section of r: expected name = value$/,
    ],
    ["services that are not there", { text: `[profile r]\nservices = s\n` }, /names services = s, .*no section \[services s\]/],
    [
      "a role with an MFA device",
      { text: `${ROLE}mfa_serial = arn:aws:iam::111122223333:mfa/a\n[profile s]\n${KEYS}` },
      /MFA code.*`eval "\$\(aws configure export-credentials --profile r --format env\)"`/,
    ],
    [
      "a role without its source",
      { text: ROLE },
      /role could not be assumed; `aws sts get-caller-identity --profile r` says why/,
    ],
    [
      "SSO without a login",
      {
        text: "[profile r]\nsso_session = s\nsso_account_id = 1\nsso_role_name = r\n[sso-session s]\nsso_start_url = https://a\nsso_region = eu-west-1",
      },
      /log in: `aws sso login --profile r`/,
    ],
    ["a credential_process that fails", { text: "[profile r]\ncredential_process = false" }, /credential_process failed/],
  ])("that cannot be had are told with what to type: %s", async (_what, given: { text?: string; env?: object }, words) => {
    if (given.text !== undefined) await config(given.text);
    const env = given.env ?? { AWS_PROFILE: "r" };
    const error = await Promise.resolve()
      .then(() => found({ ...env }))
      .then(() => keys({ ...env }))
      .catch((each: Error) => each);
    expect(error).toMatchObject({ name: "SignetError", message: expect.stringMatching(words) });
    expect((error as Error).message).not.toMatch(/secret-in|file-secret/);
  });

  it("in a home folder that is another user's are none, unless they are asked for", async () => {
    // A link to itself cannot be read by any user.
    await symlink("config", join(home, ".aws/config"));
    expect(region()).toBeUndefined();
    expect(() => found({ AWS_PROFILE: "a" })).toThrow(/cannot be read \(ELOOP\)/);
    expect(() => found({ AWS_CONFIG_FILE: "~/.aws/config" })).toThrow(/cannot be read \(ELOOP\)/);
    expect(region({ AWS_CONFIG_FILE: home })).toBeUndefined();
  });
});
