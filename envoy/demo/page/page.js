// What happens when: signing in, calling, showing what came of it.

import { FORGED, call, sentence } from "./call.js";
import { byId, element } from "./dom.js";
import { altered, claims, decode } from "./token.js";

const NOBODY = "nobody";
const settings = await (await fetch("/settings")).json();
let tokens = {};
let asked = 0;

// Who asks

const people = [
  ...Object.entries(settings.users).map(([name, groups]) => [name, groups.length ? `group ${groups.join(", ")}` : "in no group"]),
  [settings.machine, "a machine"],
  [NOBODY, "no token"],
];
document.querySelector(".people").append(
  ...people.map(([name, role], index) =>
    element("label", {}, element("input", { type: "radio", name: "caller", value: name, checked: index === 0 }), element("b", {}, name), element("small", {}, role)),
  ),
);
byId("password").value = settings.password;
byId("forgery").append(...Object.entries(FORGED).flatMap(([name, value]) => [`${name}: ${value}`, element("br")]));

const chosen = (name) => document.querySelector(`[name="${name}"]:checked`)?.value;
const caller = () => chosen("caller");
const isUser = () => caller() in settings.users;

function choose() {
  byId("for-user").hidden = !isUser();
  byId("for-machine").hidden = caller() !== settings.machine;
  hold({});
  stand(caller() === NOBODY ? "Requests carry no token." : "Not signed in yet: requests carry no token.");
}

async function signIn(event) {
  event.preventDefault();
  const name = caller();
  const [path, form, done] = isUser()
    ? ["/sign-in", { username: name, password: byId("password").value }, `Signed in as ${name}.`]
    : ["/machine", { scope: byId("scope").value }, `A token for ${name}.`];
  const answer = await fetch(path, { method: "POST", body: JSON.stringify(form) });
  const told = await answer.json();
  // Somebody else may have been chosen meanwhile.
  if (name !== caller()) return;
  hold(answer.ok ? told : {});
  stand(answer.ok ? done : told.message, answer.ok ? "good" : "bad");
}

function stand(text, mood = "") {
  byId("standing").textContent = text;
  byId("standing").className = mood;
}

// The token

function hold(given) {
  tokens = given.access ? { ...given, altered: altered(given.access) } : {};
  byId("token").hidden = !tokens.access;
  document.querySelector('[value="access"]').checked = true;
  document.querySelector('[value="id"]').disabled = !tokens.id;
  showClaims();
}

function showClaims() {
  const token = decode(tokens[chosen("credential")] ?? "");
  byId("claims").replaceChildren(...(token ? listed(claims(token.payload)) : []));
  byId("whole").textContent = token ? JSON.stringify(token, null, 2) : "";
}

const listed = (pairs, mine = () => false) =>
  pairs.flatMap(([name, value]) => [element("dt", {}, name), element(mine(name) ? "dd.mine" : "dd", {}, value)]);

// What is asked for

const buttons = settings.routes.map((route) => {
  const button = element("button", { type: "button" }, element("b", {}, route.method), element("code", {}, route.path), element("small", {}, route.needs));
  button.addEventListener("click", () => ask(route, button));
  return button;
});
byId("routes").append(...buttons);

async function ask(route, button) {
  buttons.forEach((one) => one.removeAttribute("aria-current"));
  button.setAttribute("aria-current", "true");
  byId("result").setAttribute("aria-busy", "true");
  const latest = (asked += 1);
  const forge = byId("forge").checked;
  let shown;
  try {
    const outcome = await call(settings.gateway, route, tokens[chosen("credential")], forge);
    const logged = await readLog(outcome.requestId);
    shown = () => show(outcome, logged, forge);
  } catch (error) {
    shown = () => showUnreadable(error);
  }
  if (latest !== asked) return;
  shown();
  byId("result").removeAttribute("aria-busy");
  // On a narrow screen it is below the requests.
  if (byId("result").getBoundingClientRect().top > innerHeight / 2) byId("result").scrollIntoView();
}

// What comes of it

function mark(id, state, text) {
  byId(id).className = state;
  byId(id).querySelector("span").textContent = text;
}

mark("at-page", "", location.host);
mark("at-gateway", "", new URL(settings.gateway).host);

function show(outcome, { reason, preflight }, forge) {
  const good = outcome.status < 300;
  const decision = reason ?? (good ? "allowed" : "refused");
  mark("at-gateway", good ? "passed" : "stopped", preflight ? `preflight ✓ · ${decision}` : decision);
  mark("at-api", good ? "passed" : "unreached", good ? "answered" : "was not asked");
  const verdict = element(
    "div.verdict",
    {},
    element(`span.status.${good ? "good" : "bad"}`, {}, `${outcome.status} ${outcome.phrase}`),
    element("span", {}, sentence(outcome)),
  );
  byId("answer").replaceChildren(verdict, ...(good ? arrived(outcome.reached, forge) : refused(outcome)));
}

function refused({ challenge, body }) {
  return [
    element("h3", {}, "WWW-Authenticate"),
    element("div.box", {}, element("code", { id: "challenge" }, challenge ?? "none: no other token would help")),
    element("h3", {}, "Body"),
    element("div.box", {}, element("code", {}, body)),
  ];
}

const isIdentity = (name) => name.startsWith("x-jwt-");

function arrived(headers, forge) {
  const names = Object.keys(headers);
  const list = (chosen) => listed(chosen.map((name) => [name, short(headers[name])]), isIdentity);
  const identity = names.filter(isIdentity);
  const others = names.filter((name) => !isIdentity(name));
  const box = identity.length ? element("dl", { id: "identity" }, ...list(identity)) : element("code", {}, "no identity header");
  return [
    element("h3", {}, "Headers that reached the API"),
    element("div.box", {}, box),
    ...(forge ? [element("p.hint", {}, FORGERY)] : []),
    element("details", {}, element("summary", {}, `and ${others.length} others`), element("dl", { id: "others" }, ...list(others))),
  ];
}

const FORGERY = "What was forged is gone: the filter removes such headers from every request, then sets what the token proves.";
const short = (value) => (value.length > 100 ? `${value.slice(0, 48)}… (${value.length} letters)` : value);

function showUnreadable(error) {
  mark("at-gateway", "stopped", "no answer");
  mark("at-api", "unreached", "unknown");
  byId("answer").replaceChildren(
    element("p.status.bad", {}, "No answer that this page may read"),
    element("p.hint", {}, `Either nothing listens at ${settings.gateway}, or the answer has no CORS headers. ${error.message}`),
  );
}

// What the operator sees

/** What the log says of a request, and whether a preflight came before it. */
async function readLog(requestId) {
  if (!settings.log) return {};
  const entries = (await (await fetch(`/log?request_id=${encodeURIComponent(requestId ?? "")}`)).json()).reverse();
  byId("log").querySelector("tbody").replaceChildren(...entries.map((entry) => row(entry, entry.request_id === requestId)));
  byId("log").hidden = !entries.length;
  const at = entries.findIndex((entry) => entry.request_id === requestId);
  const before = entries[at + 1];
  return { reason: entries[at]?.reason, preflight: at >= 0 && before?.reason === "preflight" && before.path === entries[at].path };
}

function row({ time, method, path, status, reason, rule, provider }, mine) {
  const cells = [time.slice(11, 19), `${method} ${path}`, status, reason, rule, provider].map((text) => element("td", {}, String(text ?? "")));
  cells[2].classList.add(status < 300 ? "good" : "bad");
  return element(mine ? "tr.mine" : "tr", {}, ...cells);
}

document.querySelector(".people").addEventListener("change", choose);
byId("sign-in").addEventListener("submit", (event) => signIn(event).catch((error) => stand(error.message, "bad")));
document.querySelector(".choice").addEventListener("change", showClaims);
choose();
