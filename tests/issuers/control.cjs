// What the servers have in common: their modules, their certificate, and the commands from the test.

const { createRequire } = require("node:module");
const { readFileSync } = require("node:fs");
const { createInterface } = require("node:readline");

const { MODULES, CERTIFICATE, ISSUER, AUDIENCE } = process.env;

// Key and certificate are in one file.
const pem = readFileSync(CERTIFICATE);

// Tells the test the port. Each line from the test asks for new signing keys; without the test the server ends.
function serve(port, rotate) {
  createInterface({ input: process.stdin })
    .on("line", async () => {
      await rotate();
      console.log("rotated");
    })
    .on("close", () => process.exit());
  console.log(`port ${port}`);
}

module.exports = {
  AUDIENCE,
  CERTIFICATE,
  ISSUER,
  installed: createRequire(`${MODULES}/`),
  serve,
  tls: { key: pem, cert: pem },
};
