// oauth2-mock-server: signs what the client asks for.

const { CERTIFICATE, ISSUER, installed, serve } = require("./control.cjs");
const { OAuth2Server } = installed("oauth2-mock-server");

async function start() {
  const server = new OAuth2Server(CERTIFICATE, CERTIFICATE);
  await server.issuer.keys.generate("ES256");
  await server.start(0, "127.0.0.1");
  server.issuer.url = ISSUER;
  // It signs with its keys in turn, and has no way to withdraw one.
  let newest;
  const next = server.issuer.keys.get.bind(server.issuer.keys);
  server.issuer.keys.get = (kid) => next(kid ?? newest);
  serve(server.address().port, async () => {
    newest = (await server.issuer.keys.generate("ES256")).kid;
  });
}

start();
