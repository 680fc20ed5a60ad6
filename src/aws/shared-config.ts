import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { asArgument } from "../encoding/shell-argument.js";
import { SignetError } from "../errors.js";
import type { Environment } from "./endpoint.js";
import { type IniSection, parseIni } from "./ini.js";

/** What the files of AWS's own tools say for one who calls. */
export interface Profile {
  readonly name: string;
  /** Whether a variable names it; else it is `default`, which need not be there. */
  readonly isNamed: boolean;
  readonly files: SharedFiles;
  /** The value of a name; that of the credentials file stands above that of the config file. */
  value(name: string): string | undefined;
  /** The value of a name in the section `services` that the profile names, for one service: `secrets_manager`. */
  ofService(service: string, name: string): string | undefined;
}

/** Where they are. */
interface SharedFiles {
  readonly config: string;
  readonly credentials: string;
}

/**
 * Reads the profile that the environment names as the AWS CLI does: `AWS_PROFILE` (or `AWS_DEFAULT_PROFILE`), else `default`, in
 * `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE`, else in `~/.aws`. It reads the files each time: they are small, and a new login
 * changes them.
 *
 * @throws SignetError `aws_credentials` for a profile that is not there and a file that cannot be read, `config_invalid` for one that is odd
 */
export function sharedProfile(env: Environment): Profile {
  const files = sharedFiles(env);
  const named = env.AWS_PROFILE || env.AWS_DEFAULT_PROFILE;
  const name = named || "default";
  const config = sectionsOf(files.config, Boolean(named || env.AWS_CONFIG_FILE));
  const credentials = sectionsOf(files.credentials, Boolean(named || env.AWS_SHARED_CREDENTIALS_FILE));
  const [inConfig, inCredentials] = [profileIn(config, name), credentials.get(name)];
  if (named && inConfig === undefined && inCredentials === undefined) throw noProfile(name, files, config, credentials);
  assertPlain(inConfig, name, files.config);
  assertPlain(inCredentials, name, files.credentials);
  const textOf = (section: IniSection | undefined, key: string) => {
    const value = section?.values.get(key);
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const value = (key: string) => textOf(inCredentials, key) ?? textOf(inConfig, key);
  return {
    name,
    isNamed: Boolean(named),
    files,
    value,
    ofService(service, key) {
      const chosen = value("services");
      if (chosen === undefined) return undefined;
      const section = titled(config, "services", chosen);
      if (section === undefined) throw noServices(name, chosen, files.config);
      assertPlain(section, `services ${chosen}`, files.config);
      const nested = section.values.get(service);
      return typeof nested === "object" ? nested.get(key) || undefined : undefined;
    },
  };
}

function sharedFiles(env: Environment): SharedFiles {
  const home = env.HOME || env.USERPROFILE || homedir();
  const place = (path: string | undefined, name: string) =>
    path ? path.replace(/^~(?=[/\\]|$)/, () => home) : join(home, ".aws", name);
  return {
    config: place(env.AWS_CONFIG_FILE, "config"),
    credentials: place(env.AWS_SHARED_CREDENTIALS_FILE, "credentials"),
  };
}

function sectionsOf(file: string, isAsked: boolean): ReadonlyMap<string, IniSection> {
  try {
    // As the AWS CLI: a named pipe is no such file, and would be waited for.
    if (!statSync(file).isFile()) return new Map();
    const bytes = readFileSync(file);
    // A byte order mark goes; PowerShell writes UTF-16.
    return parseIni(new TextDecoder(bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : "utf-8").decode(bytes));
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    // A service may run with the home folder of another user: what is not asked for by name may be out of its reach.
    if (!isAsked || code === "ENOENT" || code === "ENOTDIR") return new Map();
    throw new SignetError("aws_credentials", `${file} cannot be read (${code}): AWS's tools keep profiles there`, {
      cause: error,
    });
  }
}

/** `[profile x]` of the config file; only `default` needs no word before it. */
function profileIn(sections: ReadonlyMap<string, IniSection>, name: string): IniSection | undefined {
  return titled(sections, "profile", name) ?? (name === "default" ? sections.get(name) : undefined);
}

function titled(sections: ReadonlyMap<string, IniSection>, kind: string, name: string): IniSection | undefined {
  for (const [title, section] of sections) if (nameIn(title, kind) === name) return section;
  return undefined;
}

/** The name in a title such as `profile x` or `profile "x y"`. */
function nameIn(title: string, kind: string): string | undefined {
  if (!title.startsWith(kind) || !/^\s/.test(title.slice(kind.length))) return undefined;
  const name = title.slice(kind.length).trim();
  return /^(["']).*\1$/s.test(name) ? name.slice(1, -1) : name;
}

function assertPlain(section: IniSection | undefined, name: string, file: string): void {
  const [line] = section?.oddLines ?? [];
  if (line === undefined) return;
  // The line itself is not shown: it may hold a secret.
  throw new SignetError("config_invalid", `${file}, line ${line}, in the section of ${name}: expected name = value`);
}

function noProfile(
  name: string,
  files: SharedFiles,
  config: ReadonlyMap<string, IniSection>,
  credentials: ReadonlyMap<string, IniSection>,
): SignetError {
  const looked = `there is no AWS profile ${JSON.stringify(name)} in ${files.config} or ${files.credentials}`;
  if (config.has(name)) {
    return new SignetError("aws_credentials", `${looked}: in ${files.config} its section must be called [profile ${name}]`);
  }
  const names = [...config.keys()].map((title) => nameIn(title, "profile") ?? (title === "default" ? title : ""));
  const known = [...new Set([...names, ...credentials.keys()])].filter((each) => each !== "").slice(0, 10);
  const others = known.length === 0 ? "" : ` (there are: ${known.join(", ")})`;
  const words = `${looked}${others}; name one of them in AWS_PROFILE, unset it, or make this one: \`aws configure --profile ${asArgument(name)}\``;
  return new SignetError("aws_credentials", words);
}

function noServices(profile: string, services: string, file: string): SignetError {
  return new SignetError(
    "config_invalid",
    `the AWS profile ${JSON.stringify(profile)} names services = ${services}, and ${file} has no section [services ${services}]`,
  );
}
