import { CLIENT_CREDENTIALS, JWT_BEARER, TOKEN_EXCHANGE } from "../keyring/documents.js";
import { CLIENT_ASSERTION } from "./token-endpoint/client-authentication.js";
import { ISSUED, TAKEN } from "./token-endpoint/exchange.js";

/** A request as the API's document shows it. */
interface RequestExample {
  readonly summary: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/** Requests by the names that they have among those of their route. */
export type RequestExamples = Readonly<Record<string, RequestExample>>;

/** Stands for a token: it is none. */
const TOKEN = "eyJhbGciOiJFUzI1NiIsImtpZCI6Ii4uLiJ9...";
const CLAIMS = { sub: "alice", aud: "my-api" };
const [JWT] = TAKEN;
const [ACCESS_TOKEN] = ISSUED;
const [NOW, END] = [1_900_000_000, 1_900_000_600];

/** What is sent, by the operation. */
export const REQUESTS = {
  issue: {
    one: { summary: "One token", value: { claims: CLAIMS, ttl: 600, setIat: true } },
    several: {
      summary: "Several: what is wrong with one does not stop the others",
      value: { requests: [{ claims: CLAIMS }, { claims: { sub: "bob", aud: "my-api" }, ttl: 60 }] },
    },
  },
  encode: { claims: { summary: "Claims as they are", value: { userId: "alice", role: "reader" } } },
  verify: {
    audience: { summary: "A token for my-api", value: { token: TOKEN, audience: "my-api" } },
    anybody: { summary: "A token for anybody", value: { token: TOKEN, audience: null } },
  },
  decode: {
    other: {
      summary: "A token of another issuer",
      value: { jwksUri: "https://idp.example/.well-known/jwks.json", token: TOKEN },
    },
  },
  token: {
    secret: {
      summary: "Client credentials, by a secret (here client_secret_post; or Basic)",
      value: { grant_type: CLIENT_CREDENTIALS, client_id: "web", client_secret: "signet_...", audience: "my-api" },
    },
    assertion: {
      summary: "Client credentials, by a token that proves the client",
      value: {
        grant_type: CLIENT_CREDENTIALS,
        client_assertion_type: CLIENT_ASSERTION,
        client_assertion: TOKEN,
        audience: "my-api",
      },
    },
    grant: { summary: "A token as the grant", value: { grant_type: JWT_BEARER, assertion: TOKEN, audience: "my-api" } },
    exchange: {
      summary: "A token that is exchanged",
      value: {
        grant_type: TOKEN_EXCHANGE,
        client_id: "web",
        client_secret: "signet_...",
        subject_token: TOKEN,
        subject_token_type: JWT,
        audience: "my-api",
      },
    },
  },
} satisfies Readonly<Record<string, RequestExamples>>;

/** What is answered, by the schema. */
export const ANSWERS = {
  IssuedToken: { token: TOKEN },
  BatchAnswer: {
    results: [
      { token: TOKEN },
      {
        error: {
          code: "ttl_exceeds_limit",
          message: "ttl is beyond the limit maxTtlSeconds: a token may live 300 seconds",
          field: "ttl",
        },
      },
    ],
  },
  VerifiedToken: {
    header: { alg: "ES256", kid: "S1kDJBOc5XROWiLTSfE6Es3_ZqHV0Iim05u3QguPZRk", typ: "JWT" },
    claims: { ...CLAIMS, iss: "https://issuer.example", iat: NOW, exp: END },
  },
  AccessToken: { access_token: TOKEN, issued_token_type: ACCESS_TOKEN, token_type: "Bearer", expires_in: 600 },
  OAuthError: { error: "invalid_target", error_description: "the claim aud is not among allowedAudiences" },
  Problem: {
    type: "about:blank",
    title: "Forbidden",
    status: 403,
    detail: "the claim aud is not among allowedAudiences",
    code: "audience_not_allowed",
    field: "claims.aud",
  },
  Jwks: {
    keys: [
      {
        kty: "EC",
        use: "sig",
        alg: "ES256",
        kid: "S1kDJBOc5XROWiLTSfE6Es3_ZqHV0Iim05u3QguPZRk",
        crv: "P-256",
        x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
      },
    ],
  },
  Status: { status: "ok" },
} as const;
