// panva's oidc-provider: JWT access tokens by RFC 9068, for the resource that the client names (RFC 8707).

const { generateKeyPairSync, randomUUID } = require("node:crypto");
const { createServer } = require("node:https");
const { AUDIENCE, ISSUER, installed, serve, tls } = require("./control.cjs");
const { Provider } = installed("oidc-provider");

function provider() {
  const key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" });
  return new Provider(ISSUER, {
    clients: [
      {
        client_id: "web",
        redirect_uris: ["https://app.example.com/callback"],
        token_endpoint_auth_method: "none",
        grant_types: ["authorization_code"],
      },
      {
        client_id: "machine",
        client_secret: "secret",
        redirect_uris: [],
        response_types: [],
        grant_types: ["client_credentials"],
      },
    ],
    jwks: { keys: [{ ...key, use: "sig", alg: "RS256", kid: randomUUID() }] },
    cookies: { keys: ["a key for the cookies of a test"] },
    scopes: ["openid", "read", "write"],
    features: {
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, resource) => ({
          audience: resource,
          scope: "read write",
          accessTokenFormat: resource === AUDIENCE ? "jwt" : "opaque",
        }),
        useGrantedResource: () => true,
      },
    },
  });
}

let handler = provider().callback();
const server = createServer(tls, (request, response) => handler(request, response));
server.listen(0, "127.0.0.1", () =>
  serve(server.address().port, () => {
    handler = provider().callback();
  }),
);
