// One request to the API, through the gateway, and what of the answer a page of another origin may read.

/** What a client sends that would like to be somebody else. */
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
    reached: response.ok ? JSON.parse(body).headers : null,
  };
}

/** The outcome in a sentence. */
export function sentence({ status, challenge }) {
  if (status < 300) return "Let through. The API answered, and this is what it saw.";
  if (status === 401) return challenge?.includes("error=") ? "Refused: this token is no good here." : "Refused: this asks for a token, and none came.";
  if (status === 403) return challenge ? "Refused: the token is good, but does not give this right." : "Refused: the rules let nobody through here.";
  if (status === 503) return "Refused for now: the gateway cannot decide without the issuer's keys.";
  return "Refused.";
}
