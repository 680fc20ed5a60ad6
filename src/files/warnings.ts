type Tell = (words: string) => void;

let tell: Tell = (words) => process.emitWarning(words, "SignetWarning");
const warned = new Set<string>();

/** Decides who hears of files that are read, but that another user could have changed. Default: `process.emitWarning`. */
export function tellFileWarningsTo(listener: Tell): void {
  tell = listener;
}

/** Warns of a file, once a process: a server reads it again every second. */
export function warnOfFile(words: string): void {
  if (warned.has(words)) return;
  warned.add(words);
  tell(words);
}
