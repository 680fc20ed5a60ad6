// MCP's TypeScript SDK, old and new: clients call a tool of a small MCP server, which says where tokens come from and nothing else.
import { randomUUID } from "node:crypto";
import * as fresh from "@modelcontextprotocol/client";
import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from "@modelcontextprotocol/client";
import * as old from "@modelcontextprotocol/sdk/client/auth-extensions.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { InvalidTokenError } from "@modelcontextprotocol/sdk/server/auth/errors.js";
import { requireBearerAuth } from "@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import express from "express";
import { doSteps, foreignToken } from "./oauth.mjs";

const SDKS = {
  1: { Client, Transport: StreamableHTTPClientTransport, ...old },
  2: { Client: NewClient, Transport: NewTransport, ...fresh },
};
const { createVerifier } = await import(new URL("../../../dist/verify/index.js", import.meta.url).href);
const METADATA = "/.well-known/oauth-protected-resource/mcp";

await doSteps(async (step) => {
  const sdk = SDKS[step.sdk];
  const server = await serveMcp(step.issuer);
  try {
    const authProvider = providerOf(sdk, step);
    const client = new sdk.Client({ name: "witness", version: "1.0.0" });
    await client.connect(new sdk.Transport(new URL(server.url), { authProvider }));
    const { content } = await client.callTool({ name: "whoami", arguments: {} });
    const { access_token: token } = authProvider.tokens();
    await client.close();
    return { token, claims: JSON.parse(content[0].text), audience: server.url };
  } finally {
    server.close();
  }
});

function providerOf({ ClientCredentialsProvider, PrivateKeyJwtProvider, CrossAppAccessProvider }, step) {
  const { issuer: expectedIssuer, client: clientId, secret: clientSecret, key, scope } = step;
  if (step.grant === "assertion") {
    return new CrossAppAccessProvider({ expectedIssuer, clientId, clientSecret, assertion: () => foreignToken(step) });
  }
  if (step.authentication === "private key") {
    return new PrivateKeyJwtProvider({ expectedIssuer, clientId, privateKey: key.jwk, algorithm: key.alg, scope });
  }
  return new ClientCredentialsProvider({ expectedIssuer, clientId, clientSecret, scope });
}

/** An MCP server with one tool, which answers the claims of the token that it was called with. */
async function serveMcp(issuer) {
  const app = express();
  const listening = await new Promise((resolve) => {
    const server = app.listen(0, "localhost", () => resolve(server));
  });
  const origin = `http://localhost:${listening.address().port}`;
  const url = `${origin}/mcp`;
  const { verify } = createVerifier({ issuer, audience: url, types: ["at+jwt"] });
  const verifyAccessToken = async (token) => {
    const { claims } = await Promise.resolve(verify(token)).catch((error) => {
      throw new InvalidTokenError(error.code);
    });
    return { token, clientId: claims.client_id, scopes: (claims.scope ?? "").split(" "), expiresAt: claims.exp, extra: claims };
  };
  const guard = requireBearerAuth({ verifier: { verifyAccessToken }, resourceMetadataUrl: `${origin}${METADATA}` });
  app.get(METADATA, (_request, response) => response.json({ resource: url, authorization_servers: [issuer] }));
  const transports = new Map();
  app.all("/mcp", guard, express.json(), async (request, response) => {
    const known = transports.get(request.headers["mcp-session-id"]);
    const transport = known ?? newTransport(transports);
    if (known === undefined) await mcpServer().connect(transport);
    await transport.handleRequest(request, response, request.body);
  });
  return {
    url,
    close() {
      listening.close();
      listening.closeAllConnections();
    },
  };
}

function newTransport(transports) {
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (id) => transports.set(id, transport),
  });
  return transport;
}

function mcpServer() {
  const server = new McpServer({ name: "whoami", version: "1.0.0" });
  server.registerTool("whoami", { description: "The claims of the caller's token." }, ({ authInfo }) => ({
    content: [{ type: "text", text: JSON.stringify(authInfo?.extra) }],
  }));
  return server;
}
