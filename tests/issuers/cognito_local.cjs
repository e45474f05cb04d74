// cognito-local: Cognito's API and hosted sign-in. Its only key is in its package, and always has the same `kid`.

const { generateKeyPairSync } = require("node:crypto");
const { mkdirSync, writeFileSync } = require("node:fs");
const { CERTIFICATE, ISSUER, installed, serve } = require("./control.cjs");

// It reads this file in the current directory, which the test made for it.
mkdirSync(".cognito/db", { recursive: true });
writeFileSync(
  ".cognito/config.json",
  JSON.stringify({
    TokenConfig: { IssuerDomain: ISSUER },
    ServerConfig: { hostname: "127.0.0.1", port: 0, https: true, key: CERTIFICATE, cert: CERTIFICATE },
  }),
);

const secret = installed("cognito-local/lib/keys/cognitoLocal.private.json");
const published = installed("cognito-local/lib/keys/cognitoLocal.public.json");

function replaceKey() {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  secret.pem = privateKey.export({ type: "pkcs8", format: "pem" });
  published.jwk = { ...publicKey.export({ format: "jwk" }), kid: "CognitoLocal", use: "sig", alg: "RS256" };
}

async function start() {
  const logger = installed("pino")({ level: "silent" });
  const { createDefaultServer } = installed("cognito-local/lib/server");
  const server = await (await createDefaultServer(logger)).start();
  serve(server.address().port, replaceKey);
}

start();
