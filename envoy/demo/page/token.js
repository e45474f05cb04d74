// Tokens, as far as a client may look into them: to show what they say, never to decide anything by it.

/** Header and payload, or null for what is no JWT. */
export function decode(token) {
  try {
    const [header, payload] = token.split(".").slice(0, 2).map((part) => JSON.parse(text(part)));
    return { header, payload };
  } catch {
    return null;
  }
}

function text(base64url) {
  const bytes = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return new TextDecoder().decode(Uint8Array.from(bytes, (letter) => letter.charCodeAt(0)));
}

/** The same token with one letter of its signature changed. */
export function altered(token) {
  const at = token.length - 100;
  return token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1);
}

// What decides, in the order in which it does. The rest is in the whole.
const TOLD = ["iss", "token_use", "aud", "client_id", "sub", "username", "cognito:username", "cognito:groups", "scope", "exp"];

/** Pairs of a claim's name and its value as one reads it. */
export function claims(payload) {
  return TOLD.filter((name) => name in payload).map((name) => [name, name === "exp" ? time(payload.exp) : value(payload[name])]);
}

const time = (seconds) => new Date(seconds * 1000).toLocaleTimeString([], { hour12: false });
const value = (claim) => (Array.isArray(claim) ? claim.join(", ") : String(claim));
