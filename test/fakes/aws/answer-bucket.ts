import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** What a custom resource answers CloudFormation, and how it was sent. */
export interface ResourceAnswer {
  readonly Status: string;
  readonly Reason?: string;
  readonly PhysicalResourceId?: string;
  readonly Data?: Readonly<Record<string, string>>;
  readonly method: string | undefined;
  readonly type: string | undefined;
  readonly bytes: number;
}

/** CloudFormation's bucket that takes what custom resources answer. */
export async function startAnswerBucket() {
  const answers: ResourceAnswer[] = [];
  let refusals = 0;
  const server = createServer((incoming, outgoing) => {
    let text = "";
    incoming.on("data", (chunk) => {
      text += chunk;
    });
    incoming.on("end", () => {
      const isRefused = refusals > 0;
      if (isRefused) refusals -= 1;
      else
        answers.push({
          ...JSON.parse(text),
          method: incoming.method,
          type: incoming.headers["content-type"],
          bytes: text.length,
        });
      outgoing.writeHead(isRefused ? 503 : 200).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answers,
    /** The next so many answers are refused. */
    refuse(times: number) {
      refusals = times;
    },
    clear() {
      answers.length = 0;
      refusals = 0;
    },
    close: () => void server.close(),
  };
}
