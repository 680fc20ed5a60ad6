import { CUSTODIES, namesIn } from "../../custody/registry.js";
import { SignetError } from "../../errors.js";
import { type Ceiling, ceilingOf, costs, idleTicksYear, PRICES } from "../../operator/prices.js";
import type { Context } from "../context.js";
import { table } from "../table.js";
import { algorithmGiven } from "../typed.js";

export interface CostOptions {
  readonly tokens?: string;
  readonly algorithm?: string;
  readonly json?: boolean;
}

const MAX_TOKENS = 1_000_000_000_000;

/** `signet cost`: what each custodian in AWS costs a month. */
export async function cost({ output }: Context, options: CostOptions): Promise<void> {
  const tokens = tokensOf(options.tokens ?? "1000000");
  const algorithm = algorithmGiven(options.algorithm ?? "ES256", "--algorithm");
  const found = costs(tokens, algorithm);
  const ceiling = ceilingOf(tokens, algorithm);
  if (options.json === true) {
    const about = { tokens, algorithm: algorithm.name, currency: "USD", pricesReadOn: PRICES.readOn };
    output.json({ ...about, costs: found, ceiling, idleTicksYear: idleTicksYear() });
    return;
  }
  const dollars = (amount: number): string => `$${amount.toFixed(2)}`;
  const rows = found.map((each) => [
    each.custody,
    ...[each.key, each.signatures, each.lambda, each.total, each.withStandby].map(dollars),
  ]);
  for (const line of table(["custody", "a key", "signatures", "Lambda", "with one key", "and a standby"], rows, {
    columns: output.columns,
  }))
    output.data(line);
  output.note(
    `${tokens.toLocaleString("en")} ${algorithm.name} tokens a month, an invocation each (arm64, 128 MB; 512 MB where KMS signs); prices of us-east-1, read on ${PRICES.readOn}`,
  );
  output.note(`the key manager as a function, ticking every hour with nothing to do: $${idleTicksYear().toFixed(2)} a year`);
  for (const line of ceilingInWords(ceiling, algorithm.name)) output.note(line);
  const without = CUSTODIES.filter(({ lacks }) => lacks?.includes(algorithm.kty));
  if (without.length > 0) output.note(`${namesIn(without)} has no ${algorithm.name}; the others have`);
}

function ceilingInWords({ custodies, signaturesPerSecond, tokensPerSecond, isReached, better }: Ceiling, alg: string): string[] {
  const most = signaturesPerSecond.toLocaleString("en");
  const rate = tokensPerSecond.toLocaleString("en", { maximumSignificantDigits: 2 });
  const ceiling = `${custodies.join(" and ")} signs at most ${most} ${alg} tokens a second in an account and region: KMS's default quota, which all who sign there share`;
  const said = `${ceiling}. These are ${rate} a second on average${isReached ? ", too many for it" : ""}`;
  if (better === undefined) return [said];
  const when = isReached ? "here" : "beyond that, or where the price of signatures counts";
  return [
    said,
    `${better} is the better choice ${when}: it signs in the function's memory, without that ceiling and without a price for each token; the private key is in that memory then`,
  ];
}

function tokensOf(text: string): number {
  const tokens = /^\d{1,13}$/.test(text.replace(/[_,]/g, "")) ? Number(text.replace(/[_,]/g, "")) : -1;
  if (tokens >= 0 && tokens <= MAX_TOKENS) return tokens;
  throw new SignetError("usage", "--tokens takes a whole number: --tokens 1000000");
}
