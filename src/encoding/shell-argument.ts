/** A text as one argument of a POSIX shell, for commands that are to be pasted. What a stranger has chosen is quoted: a shell would run it. */
export function asArgument(text: string): string {
  return /^[\w.@+:/-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
