// Decodes tokens to show their claims. A client must not base a decision on them: nothing is verified here.

/** Header and payload, or null if the token is not a JWT. */
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
  return new TextDecoder().decode(Uint8Array.from(bytes, (character) => character.charCodeAt(0)));
}

/** The same token with one character of its signature changed. */
export function altered(token) {
  const at = token.length - 100;
  return token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1);
}

// The claims that the filter checks, in that order. The page shows the others in the full payload.
const SHOWN = ["iss", "token_use", "aud", "client_id", "sub", "username", "cognito:username", "cognito:groups", "scope", "exp"];

/** Pairs of claim name and readable value. */
export function claims(payload) {
  return SHOWN.filter((name) => name in payload).map((name) => [name, name === "exp" ? time(payload.exp) : value(payload[name])]);
}

const time = (seconds) => new Date(seconds * 1000).toLocaleTimeString([], { hour12: false });
const value = (claim) => (Array.isArray(claim) ? claim.join(", ") : String(claim));
