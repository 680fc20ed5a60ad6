/** Publishes keys as issuers do, in a process of its own: `/N/jwks.json` and discovery below `/N` for each issuer N. Gets a JWKS as its argument. */
import { createServer } from "node:http";

const jwks = process.argv[2];
const server = createServer(({ url = "" }, answer) => {
  const [, issuer] = url.split("/");
  const base = `http://127.0.0.1:${server.address().port}/${issuer}`;
  answer.setHeader("content-type", "application/json");
  answer.end(url.endsWith("/jwks.json") ? jwks : JSON.stringify({ issuer: base, jwks_uri: `${base}/jwks.json` }));
});
server.listen(0, "127.0.0.1", () => process.stdout.write(`http://127.0.0.1:${server.address().port}\n`));
