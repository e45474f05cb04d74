// The page's behaviour: sign in, send a request, show the result.

import { FORGED, call, explain } from "./call.js";
import { byId, element } from "./dom.js";
import { altered, claims, decode } from "./token.js";

const ANONYMOUS = "anonymous";
const settings = await (await fetch("/settings")).json();
let tokens = {};
let sent = 0;

// The caller

const callers = [
  ...Object.entries(settings.users).map(([name, groups]) => [name, groups.length ? `group ${groups.join(", ")}` : "in no group"]),
  [settings.machine, "a machine"],
  [ANONYMOUS, "no token"],
];
document.querySelector(".callers").append(
  ...callers.map(([name, role], index) =>
    element("label", {}, element("input", { type: "radio", name: "caller", value: name, checked: index === 0 }), element("b", {}, name), element("small", {}, role)),
  ),
);
byId("password").value = settings.password;
byId("forgery").append(...Object.entries(FORGED).flatMap(([name, value]) => [`${name}: ${value}`, element("br")]));

const chosen = (name) => document.querySelector(`[name="${name}"]:checked`)?.value;
const caller = () => chosen("caller");
const isUser = () => caller() in settings.users;

function selectCaller() {
  byId("for-user").hidden = !isUser();
  byId("for-machine").hidden = caller() !== settings.machine;
  useTokens({});
  showStatus(caller() === ANONYMOUS ? "Requests have no token." : "Not signed in yet: requests have no token.");
}

async function signIn(event) {
  event.preventDefault();
  const name = caller();
  const [path, form, done] = isUser()
    ? ["/sign-in", { username: name, password: byId("password").value }, `Signed in as ${name}.`]
    : ["/machine", { scope: byId("scope").value }, `A token for ${name}.`];
  const response = await fetch(path, { method: "POST", body: JSON.stringify(form) });
  const body = await response.json();
  // Another caller may have been selected meanwhile.
  if (name !== caller()) return;
  useTokens(response.ok ? body : {});
  showStatus(response.ok ? done : body.message, response.ok ? "good" : "bad");
}

function showStatus(text, state = "") {
  byId("signed-in").textContent = text;
  byId("signed-in").className = state;
}

// The token

function useTokens(issued) {
  tokens = issued.access ? { ...issued, altered: altered(issued.access) } : {};
  byId("token").hidden = !tokens.access;
  document.querySelector('[value="access"]').checked = true;
  document.querySelector('[value="id"]').disabled = !tokens.id;
  showClaims();
}

function showClaims() {
  const token = decode(tokens[chosen("credential")] ?? "");
  byId("claims").replaceChildren(...(token ? terms(claims(token.payload)) : []));
  byId("decoded").textContent = token ? JSON.stringify(token, null, 2) : "";
}

const terms = (pairs, highlighted = () => false) =>
  pairs.flatMap(([name, value]) => [element("dt", {}, name), element(highlighted(name) ? "dd.highlighted" : "dd", {}, value)]);

// The requests

const buttons = settings.routes.map((route) => {
  const button = element("button", { type: "button" }, element("b", {}, route.method), element("code", {}, route.path), element("small", {}, route.needs));
  button.addEventListener("click", () => request(route, button));
  return button;
});
byId("routes").append(...buttons);

async function request(route, button) {
  buttons.forEach((other) => other.removeAttribute("aria-current"));
  button.setAttribute("aria-current", "true");
  byId("result").setAttribute("aria-busy", "true");
  const number = (sent += 1);
  const forge = byId("forge").checked;
  let showResult;
  try {
    const result = await call(settings.gateway, route, tokens[chosen("credential")], forge);
    const logged = await readLog(result.requestId);
    showResult = () => show(result, logged, forge);
  } catch (error) {
    showResult = () => showUnreadable(error);
  }
  // A later request has replaced this one.
  if (number !== sent) return;
  showResult();
  byId("result").removeAttribute("aria-busy");
  // On a narrow screen the result is below the requests.
  if (byId("result").getBoundingClientRect().top > innerHeight / 2) byId("result").scrollIntoView();
}

// The result

function mark(id, state, text) {
  byId(id).className = state;
  byId(id).querySelector("span").textContent = text;
}

mark("at-page", "", location.host);
mark("at-gateway", "", new URL(settings.gateway).host);

function show(result, { reason, preflight }, forge) {
  const allowed = result.status < 300;
  const decision = reason ?? (allowed ? "allowed" : "refused");
  mark("at-gateway", allowed ? "passed" : "stopped", preflight ? `preflight ✓ · ${decision}` : decision);
  mark("at-api", allowed ? "passed" : "not-reached", allowed ? "answered" : "not called");
  const summary = element(
    "div.decision",
    {},
    element(`span.status.${allowed ? "good" : "bad"}`, {}, `${result.status} ${result.phrase}`),
    element("span", {}, explain(result)),
  );
  byId("answer").replaceChildren(summary, ...(allowed ? upstreamRequest(result.upstreamHeaders, forge) : refusal(result)));
}

function refusal({ challenge, body }) {
  return [
    element("h3", {}, "WWW-Authenticate"),
    element("div.box", {}, element("code", { id: "challenge" }, challenge ?? "none: no token would be accepted")),
    element("h3", {}, "Body"),
    element("div.box", {}, element("code", {}, body)),
  ];
}

const isIdentity = (name) => name.startsWith("x-jwt-");

function upstreamRequest(headers, forge) {
  const names = Object.keys(headers);
  const list = (selected) => terms(selected.map((name) => [name, short(headers[name])]), isIdentity);
  const identity = names.filter(isIdentity);
  const others = names.filter((name) => !isIdentity(name));
  const box = identity.length ? element("dl", { id: "identity" }, ...list(identity)) : element("code", {}, "no identity header");
  return [
    element("h3", {}, "Headers that reached the API"),
    element("div.box", {}, box),
    ...(forge ? [element("p.hint", {}, FORGERY_REMOVED)] : []),
    element("details", {}, element("summary", {}, `and ${others.length} others`), element("dl", { id: "others" }, ...list(others))),
  ];
}

const FORGERY_REMOVED = "The filter removes identity headers from every request, then sets them from the token's claims.";
const short = (value) => (value.length > 100 ? `${value.slice(0, 48)}… (${value.length} characters)` : value);

function showUnreadable(error) {
  mark("at-gateway", "stopped", "no answer");
  mark("at-api", "not-reached", "unknown");
  byId("answer").replaceChildren(
    element("p.status.bad", {}, "No response that this page can read"),
    element("p.hint", {}, `Either nothing listens at ${settings.gateway}, or the response has no CORS headers. ${error.message}`),
  );
}

// The access log

/** The reason of a request in the access log, and whether a preflight came before it. */
async function readLog(requestId) {
  if (!settings.log) return {};
  const entries = (await (await fetch(`/log?request_id=${encodeURIComponent(requestId ?? "")}`)).json()).reverse();
  byId("log").querySelector("tbody").replaceChildren(...entries.map((entry) => row(entry, entry.request_id === requestId)));
  byId("log").hidden = !entries.length;
  const index = entries.findIndex((entry) => entry.request_id === requestId);
  const previous = entries[index + 1];
  return { reason: entries[index]?.reason, preflight: index >= 0 && previous?.reason === "preflight" && previous.path === entries[index].path };
}

function row({ time, method, path, status, reason, rule, provider }, highlighted) {
  const cells = [time.slice(11, 19), `${method} ${path}`, status, reason, rule, provider].map((text) => element("td", {}, String(text ?? "")));
  cells[2].classList.add(status < 300 ? "good" : "bad");
  return element(highlighted ? "tr.highlighted" : "tr", {}, ...cells);
}

document.querySelector(".callers").addEventListener("change", selectCaller);
byId("sign-in").addEventListener("submit", (event) => signIn(event).catch((error) => showStatus(error.message, "bad")));
document.querySelector(".choice").addEventListener("change", showClaims);
selectCaller();
