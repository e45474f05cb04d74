// Sends one request to the API through the gateway, and returns what CORS lets this page read of the response.

/** Identity headers of a client that pretends to be another user. */
export const FORGED = { "x-jwt-username": "root", "x-jwt-groups": "admin" };

export async function call(gateway, { method, path }, token, forge) {
  const headers = { ...(token && { authorization: `Bearer ${token}` }), ...(forge && FORGED) };
  const response = await fetch(gateway + path, { method, headers, cache: "no-store", credentials: "omit" });
  const body = await response.text();
  return {
    status: response.status,
    phrase: response.statusText,
    challenge: response.headers.get("www-authenticate"),
    requestId: response.headers.get("x-request-id"),
    body,
    upstreamHeaders: response.ok ? JSON.parse(body).headers : null,
  };
}

/** The result in a sentence. */
export function explain({ status, challenge }) {
  if (status < 300) return "Allowed. The API got the request with these headers.";
  if (status === 401) return challenge?.includes("error=") ? "Refused: the token is not valid here." : "Refused: a token is required, and none was sent.";
  if (status === 403) return challenge ? "Refused: the token is valid, but does not meet the rule's requirements." : "Refused: the policy allows no request here.";
  if (status === 503) return "Refused for now: the gateway does not have the issuer's keys.";
  return "Refused.";
}
