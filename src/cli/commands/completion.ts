import type { Command } from "commander";
import { ALGORITHM_NAMES } from "../../algorithms/table.js";
import { CONFIG_MEMBERS } from "../../config/schema.js";
import { ownMember } from "../../encoding/own-member.js";
import { SignetError } from "../../errors.js";
import { PARTY_IDS } from "../../relying-parties/ids.js";
import { membersIn } from "../../settings/shape.js";
import { PRESET_NAMES } from "../../settings/trusts.js";
import type { CommonOptions } from "../context.js";
import type { Output } from "../output.js";

const SHELLS = ["bash", "zsh", "fish"];

/** `signet completion SHELL`: prints a script that completes commands, options and values. */
export function completion(program: Command, shell: string, output: Output, options: CommonOptions = {}): void {
  const words = wordsByCommand(program);
  const write = ownMember({ bash: bashScript, zsh: zshScript, fish: fishScript }, shell);
  if (write === undefined) throw new SignetError("usage", "completion is made for bash, zsh or fish");
  const script = write(words);
  if (options.json === true) output.json({ shell, script });
  else output.exact(script);
}

type Words = ReadonlyMap<string, readonly string[]>;

/** What may follow an option whose values are listed: it means the same with every command. */
const VALUES: Words = new Map([
  ...membersIn(CONFIG_MEMBERS).flatMap(({ member: { flag, enum: values } }): [string, readonly string[]][] =>
    flag === undefined || values === undefined ? [] : [[flag, values]],
  ),
  ["--as", ["standby", "active"]],
  ["--verifiers-accept", ALGORITHM_NAMES],
  ["--for", PARTY_IDS],
  ["--trust", PRESET_NAMES],
]);

/** What a command takes where its arguments are listed. */
const ARGUMENTS: Words = new Map([
  ["completion", SHELLS],
  ["template", ["authorizer"]],
]);

/** What a command takes where the issuer decides: what `signet __values` answers. */
const ASKED: ReadonlyMap<string, string> = new Map([
  ["keys revoke", "kids"],
  ["keys expire", "kids"],
  ["keys pem", "kids"],
  ["callers rotate", "callers"],
  ["callers remove", "callers"],
  ["callers trust", "callers"],
  ["callers untrust", "callers"],
  ["callers disable", "callers"],
  ["callers enable", "callers"],
  ["callers test", "callers"],
]);

function valueCases(line: (flag: string, values: string) => string): string {
  return [...VALUES].map(([flag, values]) => line(flag, values.join(" "))).join("\n");
}

// By the words before the cursor, "keys import": what may follow.
function wordsByCommand(program: Command): Words {
  const words = new Map<string, readonly string[]>();
  const visit = (command: Command, path: string): void => {
    const shown = command.commands.filter((child) => !child.name().startsWith("__"));
    const options = command.options.filter(({ hidden }) => !hidden).map((option) => option.long ?? option.short ?? "");
    const given = path === "help" ? program.commands.map((child) => child.name()) : (ARGUMENTS.get(path) ?? []);
    words.set(path, [
      ...shown.map((child) => child.name()),
      ...given.filter((each) => !each.startsWith("__")),
      ...options,
      "--help",
    ]);
    for (const child of shown) visit(child, path === "" ? child.name() : `${path} ${child.name()}`);
  };
  visit(program, "");
  return words;
}

function cases(words: Words, line: (path: string, known: string, asked: string | undefined) => string): string {
  // The longest path first: `keys ` begins every path below it.
  const longestFirst = [...words].sort(([left], [right]) => right.length - left.length);
  return longestFirst.map(([path, known]) => line(path, known.join(" "), ASKED.get(path))).join("\n");
}

function pattern(path: string): string {
  return `"${path}"${path === "" ? "" : `|"${path} "*`}`;
}

// A kid is whatever its issuer wrote, and `compgen -W` expands its words, commands in them as well: it gets none that we have not written.
function bashScript(words: Words): string {
  const line = (path: string, known: string, asked?: string) =>
    `    ${pattern(path)}) known="${known}"${asked === undefined ? "" : ` asked=${asked}`} ;;`;
  return `# bash completion for signet: source <(signet completion bash)
_signet() {
  local cur="\${COMP_WORDS[COMP_CWORD]}"
  case "\${COMP_WORDS[COMP_CWORD-1]}" in
${valueCases((flag, values) => `    ${flag}) COMPREPLY=($(compgen -W "${values}" -- "$cur")); return ;;`)}
  esac
  local word at=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) at="\${at:+$at }$word" ;; esac
  done
  local known="" asked=""
  case "$at" in
${cases(words, line)}
  esac
  COMPREPLY=($(compgen -W "$known" -- "$cur"))
  [ -n "$asked" ] || return 0
  local value quoted
  while IFS= read -r value; do
    [[ "$value" == "$cur"* ]] || continue
    printf -v quoted %q "$value"
    COMPREPLY+=("$quoted")
  done < <("\${COMP_WORDS[0]}" __values "$asked" 2>/dev/null)
}
complete -o default -F _signet signet`;
}

function zshScript(words: Words): string {
  const line = (path: string, known: string, asked?: string) => {
    const values = asked === undefined ? "" : ` \${(f)"$("$words[1]" __values ${asked} 2>/dev/null)"}`;
    return `    ${pattern(path)}) compadd -- ${known}${values} ;;`;
  };
  return `#compdef signet
# zsh completion for signet: source <(signet completion zsh)
_signet() {
  case "$words[CURRENT-1]" in
${valueCases((flag, values) => `    ${flag}) compadd -- ${values}; return ;;`)}
  esac
  local at="" word
  for word in "\${(@)words[2,CURRENT-1]}"; do
    [[ "$word" == -* ]] || at="\${at:+$at }$word"
  done
  case "$at" in
${cases(words, line)}
  esac
  _files
}
compdef _signet signet`;
}

function fishScript(words: Words): string {
  const lines = [...words].flatMap(([path, following]) =>
    following.map((word) => `complete -c signet -n '__signet_at "${path}"' ${fishWord(word)}`),
  );
  const asked = [...ASKED].map(
    ([path, what]) => `complete -c signet -n '__signet_at "${path}"' -f -a '(signet __values ${what} 2>/dev/null)'`,
  );
  return `# fish completion for signet: signet completion fish | source
function __signet_at
  set -l path (string match -v -- '-*' (commandline -opc)[2..-1])
  test "$path" = "$argv[1]"
end
${[...lines, ...asked].join("\n")}`;
}

function fishWord(word: string): string {
  if (!word.startsWith("--")) return `-f -a ${word}`;
  const values = VALUES.get(word);
  return `-l ${word.slice(2)}${values === undefined ? "" : ` -x -a "${values.join(" ")}"`}`;
}
