import { type JudgedFetch, judgedByText } from "./judged-by-text.js";

/** Where there is no Node the runtime connects, and does not say where to: what is judged is the URL's text. The build puts this in place. */
export const judgedFetch: JudgedFetch = (url, init, issuers) => judgedByText(globalThis.fetch)(url, init, issuers);
