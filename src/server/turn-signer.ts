/** The most signatures, and the longest time, that keep everything else waiting. An RS256 signature takes about a millisecond. */
const MAX_SIGNATURES = 64;
const MAX_MS = 10;

interface Signs {
  readonly isRemote?: true | undefined;
  sign(signingInput: string): Buffer | Promise<Buffer>;
}

interface Waiting {
  readonly signingInput: string;
  resolve(signature: Buffer | Promise<Buffer>): void;
  reject(error: unknown): void;
}

/**
 * Signs together what the requests of one turn of the event loop ask for. A signature between two requests finds its code pushed
 * out of the processor's caches: the first one takes 60 us, each that follows at once 25. A signer whose key lies elsewhere is left as
 * it is.
 *
 * @param elapsedMs milliseconds on a clock that never goes back
 */
export function signByTurn<S extends Signs>(signer: S, elapsedMs: () => number = () => performance.now()): S {
  if (signer.isRemote) return signer;
  let waiting: Waiting[] = [];

  // Runs when all requests of the turn were parsed, and before the first of them is answered.
  function signWaiting(): void {
    const [now, began] = [waiting, elapsedMs()];
    let done = 0;
    while (done < now.length && done < MAX_SIGNATURES && elapsedMs() - began < MAX_MS) settle(now[done++] as Waiting);
    waiting = now.slice(done);
    if (waiting.length > 0) setImmediate(signWaiting);
  }

  function sign(signingInput: string): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (waiting.push({ signingInput, resolve, reject }) === 1) queueMicrotask(signWaiting);
    });
  }

  function settle({ signingInput, resolve, reject }: Waiting): void {
    try {
      resolve(signer.sign(signingInput));
    } catch (error) {
      reject(error);
    }
  }

  return Object.freeze({ ...signer, sign });
}
