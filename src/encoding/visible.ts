// Controls (C0, C1, DEL), line and paragraph separators, marks that turn the direction of text round, what has no width, half characters.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * A text as one line that a terminal shows and does not obey: what would move the cursor, begin another line or turn words round is
 * shown by its number, as JSON writes it. Names, reasons and claims come from anybody.
 */
export function visible(text: string): string {
  return text.replace(UNSEEN, (character) => {
    let shown = "";
    for (let unit = 0; unit < character.length; unit++) shown += `\\u${character.charCodeAt(unit).toString(16).padStart(4, "0")}`;
    return shown;
  });
}
