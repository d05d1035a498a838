// What moves on a page: the newest drawing is laid over the old one node by node, so focus, selection and what is being
// typed stay; ages count on between; silence for LOST_MS is a lost connection, and is said across the whole page.
"use strict";

const MINE = new URL(document.currentScript.src).searchParams.get("v");
const LOST_MS = 2500;
const AGAIN_MS = 500;
const live = document.getElementById("live");
const lost = document.getElementById("lost");
let heardAt = Date.now();
let ahead = 0; // the server's clock less ours, in ms
let source = null;

function listen() {
  if (!live || document.hidden) return;
  if (source) source.close();
  const of = encodeURIComponent(live.dataset.of);
  source = new EventSource(`/stream?page=${live.dataset.page}&of=${of}`);
  source.addEventListener("hello", (event) => {
    const told = JSON.parse(event.data);
    ahead = told.now * 1000 - Date.now();
    hear();
    if (MINE !== told.version) location.reload();
  });
  source.addEventListener("beat", (event) => {
    ahead = Number(event.data) * 1000 - Date.now();
    hear();
  });
  source.addEventListener("page", (event) => {
    hear();
    show(event.data);
  });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, AGAIN_MS);
  });
}

function hear() {
  heardAt = Date.now();
  if (!lost.hidden) {
    lost.hidden = true;
    document.body.classList.remove("is-lost");
  }
}

function loss() {
  if (!live || document.hidden || Date.now() - heardAt < LOST_MS || !lost.hidden) return;
  const at = new Date(heardAt + ahead);
  const clock = at.toLocaleTimeString("en-GB", { timeZone: "America/New_York" });
  document.getElementById("lost-since").textContent = `Nothing was heard since ${clock} ET.`;
  lost.hidden = false;
  document.body.classList.add("is-lost");
  fetch(location.pathname).then((answer) => {
    if (answer.status === 401) {
      document.getElementById("lost-why").textContent = "You are logged out: holdfast panel, at a shell, prints a link.";
    }
  }, () => {});
}

function show(html) {
  const fresh = document.createElement("div");
  fresh.innerHTML = html;
  lay(live, fresh);
  const strip = live.querySelector("[data-account]"); // another mode or account is another page
  if (strip && strip.dataset.account !== document.body.dataset.account) location.reload();
  sign();
  tick();
  document.dispatchEvent(new Event("shown"));
}

// Make `old` like `fresh`, child by child. What a chart or a person filled stays.
function lay(old, fresh) {
  const before = [...old.childNodes];
  const after = [...fresh.childNodes];
  after.forEach((node, place) => {
    const there = before[place];
    if (!there) old.append(node);
    else if (there.nodeType !== node.nodeType || there.nodeName !== node.nodeName) there.replaceWith(node);
    else if (node.nodeType !== Node.ELEMENT_NODE) { if (there.data !== node.data) there.data = node.data; }
    else if (!there.isEqualNode(node)) layElement(there, node);
  });
  before.slice(after.length).forEach((node) => node.remove());
}

function layElement(there, node) {
  for (const { name, value } of [...node.attributes]) if (there.getAttribute(name) !== value) there.setAttribute(name, value);
  for (const { name } of [...there.attributes]) {
    if (!node.hasAttribute(name) && !(there.matches("input") && name === "value") && name !== "open") there.removeAttribute(name);
  }
  if (there.dataset.chart || there.matches("[data-keep]")) return;
  if (there.id === "lines") laySequence(there, node);
  else lay(there, node);
}

// A list that grows at its head: known lines stay where they are, new ones come before them.
function laySequence(there, node) {
  const known = new Set([...there.children].map((line) => line.dataset.sequence));
  const fresh = [...node.children];
  const kept = new Set(fresh.map((line) => line.dataset.sequence));
  [...there.children].forEach((line) => { if (!kept.has(line.dataset.sequence)) line.remove(); });
  fresh.filter((line) => !known.has(line.dataset.sequence)).reverse().forEach((line) => there.prepend(arrived(line)));
}

function arrived(node) {
  if (node.classList) node.classList.add("is-new");
  return node;
}

function span(seconds) {
  if (seconds < 10) return `${Math.max(seconds, 0).toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(seconds / 3600);
  if (minutes < 120) return `${minutes} min`;
  return hours < 48 ? `${hours} h ${String(minutes % 60).padStart(2, "0")} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

function tick() {
  const now = Date.now() + ahead;
  document.querySelectorAll(".age[data-at]").forEach((age) => {
    const seconds = (now - Number(age.dataset.at)) / 1000;
    const limit = age.dataset.limit;
    const isStale = limit !== undefined && seconds > Number(limit);
    const words = limit === undefined ? span(seconds) : isStale ? `stale, ${span(seconds)} old` : `${span(seconds)} old`;
    if (age.textContent !== words) age.textContent = words;
    age.classList.toggle("stale", isStale);
    const card = age.closest(".card");
    if (card && age.parentElement.tagName === "H2") card.classList.toggle("is-stale", isStale);
  });
  loss();
}

// Forms in what is drawn for everybody get this session's token here.
function sign() {
  document.querySelectorAll("input[data-token]").forEach((input) => { input.value = live.dataset.token; });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select")) return;
  const link = document.querySelector(`a[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (link) link.click();
});
addEventListener("pageshow", (event) => { if (event.persisted) { heardAt = Date.now(); listen(); } });
document.addEventListener("visibilitychange", () => {
  if (document.hidden) { if (source) source.close(); return; }
  heardAt = Date.now();
  listen();
});
sign();
tick();
setInterval(tick, 250);
listen();
