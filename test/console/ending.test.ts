import { once } from "node:events";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { afterEach, expect, it } from "vitest";
import { folderIssuer } from "../../src/console/folder-issuer.js";
import { issuerFolders } from "../cli/issuer-folders.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { until } from "../contracts/until.js";
import { clockByHand, consoleAt, consoleOf, surroundingsAt } from "./fixture.js";

const issuerAt = issuerFolders(scratchDirectories(), ["--issuer", "https://issuer.example"]);

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});
async function connected(port: number, text = ""): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  sockets.push(socket);
  await once(socket, "connect");
  socket.write(text);
  return socket;
}

/** Asks as the page does, and goes away as soon as it is told to. */
function asking(port: number, path: string, session: string, body: string, length = body.length) {
  const headers = { "content-type": "application/json", "signet-session": session, "content-length": length };
  const sent = request({ host: "127.0.0.1", port, path, method: "POST", headers, agent: false });
  sent.on("error", () => undefined);
  sent.write(body);
  if (length === body.length) sent.end();
  return sent;
}

it("is not kept by connections that are silent, or have sent half a request", async () => {
  const page = await consoleAt(await issuerAt(), { clock: clockByHand() });
  const silent = await connected(page.port);
  const half = await connected(page.port, `POST /api/keys HTTP/1.1\r\nHost: 127.0.0.1:${page.port}\r\n`);
  const ended = [once(silent, "close"), once(half, "close")];
  // The server has seen both.
  expect((await page.ask("/")).status).toBe(200);
  expect(await page.close()).toBe(true);
  await Promise.all(ended);
});

it("ends half a minute later where a request does not end, and says so", async () => {
  const clock = clockByHand();
  const page = await consoleAt(await issuerAt(), { clock });
  const session = await page.enter();
  const slow = asking(page.port, "/api/verify", session, "{", 100);
  expect((await page.call("/api/keys")).status).toBe(200);
  const closed = page.close();
  await until("the end", () => {
    clock.move(10_000);
    return slow.destroyed;
  });
  expect(await closed).toBe(false);
});

it("waits for a change whose page has gone, and says which it is", async () => {
  const surroundings = surroundingsAt(await issuerAt());
  const issuer = await folderIssuer(surroundings, undefined, () => undefined);
  let finish: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const clock = clockByHand();
  const page = await consoleOf(
    {
      ...issuer,
      changer: async (onStep) => {
        const changer = await issuer.changer(onStep);
        return {
          ...changer,
          async rotate(wanted) {
            if (wanted?.dryRun === true) return changer.rotate(wanted);
            onStep("begin");
            await gate;
            return changer.rotate(wanted);
          },
        };
      },
    },
    { surroundings, clock },
  );
  const session = await page.enter();
  const { json } = await page.call("/api/preview", { change: "rotate" });
  expect(page.underWay()).toBeNull();
  const left = asking(page.port, "/api/change", session, JSON.stringify({ preview: json.preview }));
  await until("the change", () => page.underWay()?.steps.length === 1);
  expect(page.underWay()).toMatchObject({ change: { change: "rotate" }, steps: ["begin"] });
  left.destroy();
  // A page that was loaded again sees it.
  expect((await page.call("/api/keys")).json.underWay).toStrictEqual({ change: "rotate", steps: ["begin"] });
  let isClosed = false;
  const closed = page.close().then((isFinished) => {
    isClosed = true;
    return isFinished;
  });
  const stopped = connect(page.port, "127.0.0.1");
  await once(stopped, "error");
  clock.move(600_000);
  expect(isClosed).toBe(false);
  finish();
  expect(await closed).toBe(true);
  expect(page.underWay()).toBeNull();
});

it("takes 64 connections, and no more", async () => {
  const page = await consoleAt(await issuerAt(), { clock: clockByHand() });
  for (let opened = 0; opened < 64; opened++) await connected(page.port);
  const more = await connected(page.port);
  await once(more, "close");
  expect(sockets.filter(({ destroyed }) => destroyed)).toStrictEqual([more]);
  await page.close();
});
