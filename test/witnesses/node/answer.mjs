import { createInterface } from "node:readline";

/**
 * Answers JSON lines on stdin with JSON lines on stdout, in order. A handler that throws answers `{ error }`: the witness could
 * not do what was asked, which is something else than a token that it refused.
 *
 * @param {Record<string, (request: any) => unknown>} handlers by the request's `op`
 */
export async function answer(handlers) {
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    process.stdout.write(`${JSON.stringify(await outcome(handlers[request.op], request))}\n`);
  }
}

async function outcome(handler, request) {
  if (handler === undefined) return { error: `does not know how to ${request.op}` };
  try {
    return await handler(request);
  } catch (error) {
    return { error: describe(error) };
  }
}

/** Runs a library's check of a token: what it throws there is its refusal. */
export async function verdict(verify) {
  try {
    return { verified: await verify() };
  } catch (error) {
    return { refused: error.code ?? error.name, why: describe(error) };
  }
}

/** Signs again, with another `jti`, until the signature's r or s begins with a zero byte, where that is asked. */
export async function signUntil({ claims, leadingZero }, sign) {
  if (leadingZero === undefined) return { token: await sign(claims) };
  for (let attempt = 0; attempt < 20_000; attempt++) {
    const token = await sign({ ...claims, jti: `attempt-${attempt}` });
    const signature = Buffer.from(token.split(".")[2], "base64url");
    if (signature[leadingZero === "r" ? 0 : signature.length / 2] === 0) return { token };
  }
  throw new Error(`no ${leadingZero} with a leading zero byte in 20,000 signatures`);
}

function describe(error) {
  return `${error.code ?? error.name}: ${error.message}`;
}
