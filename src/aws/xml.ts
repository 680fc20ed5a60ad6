/** An element of an answer in XML. Attributes are left out: the services that are called set none but a namespace. */
export interface XmlElement {
  readonly name: string;
  /** What stands directly within it, entities resolved. */
  readonly text: string;
  readonly children: readonly XmlElement[];
}

interface Open {
  readonly name: string;
  text: string;
  readonly children: XmlElement[];
}

/** A declaration, a tag or a text. What else XML has, such as a document type or CDATA, no answer of AWS contains. */
const TOKEN = /<\?[^<>]*\?>|<(\/?)([A-Za-z][\w.-]*)([^<>]*)>|([^<>]+)/gy;
const ENTITIES = new Map([
  ["lt", "<"],
  ["gt", ">"],
  ["amp", "&"],
  ["quot", '"'],
  ["apos", "'"],
]);
const MAX_CODE_POINT = 0x10ffff;

/**
 * Reads an answer in XML.
 *
 * @returns its outermost element; nothing where it is no XML, or not whole
 */
export function parseXml(text: string): XmlElement | undefined {
  const document: Open = { name: "", text: "", children: [] };
  const open = [document];
  let end = 0;
  for (const { 0: token, 1: slash, 2: name, 3: rest = "", 4: words, index } of text.matchAll(TOKEN)) {
    const within = open.at(-1) as Open;
    end = index + token.length;
    if (words !== undefined) within.text += resolved(words);
    else if (name === undefined) continue;
    else if (slash === "/") {
      if (open.length === 1 || within.name !== name) return undefined;
      open.pop();
    } else {
      const element: Open = { name, text: "", children: [] };
      within.children.push(element);
      if (!rest.endsWith("/")) open.push(element);
    }
  }
  const isWhole = end === text.length && open.length === 1 && document.children.length === 1 && document.text.trim() === "";
  return isWhole ? document.children[0] : undefined;
}

/** The first element of a name within another one. */
export function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((child) => child.name === name);
}

/** The text of the first element of a name; empty where there is none. */
export function textOf(element: XmlElement | undefined, name: string): string {
  return childOf(element, name)?.text ?? "";
}

/** The entries of a list, as the query protocol writes one. */
export function membersOf(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return (childOf(element, name)?.children ?? []).filter((child) => child.name === "member");
}

function resolved(text: string): string {
  return text.replace(/&(?:#x([\da-fA-F]{1,6})|#(\d{1,7})|(\w{2,4}));/g, (whole, hex, decimal, name) => {
    if (name !== undefined) return ENTITIES.get(name) ?? whole;
    const point = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return point <= MAX_CODE_POINT ? String.fromCodePoint(point) : whole;
  });
}
