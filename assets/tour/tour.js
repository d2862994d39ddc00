/* The guided tour of a page: an offer on the first visit, then a card that goes from one thing to the next.

   data: {page, steps: [{name, title, text, places, ask, wait}]}, see pages/ui/tour.py.

   1. What a reader did with the tour of a page stands in localStorage: nothing yet, "over", or the step left at as
      "name n of N". Where the browser keeps nothing, it is remembered until the page is loaded again.
   2. The card and the ring lie over the page in a root of their own and block nothing. Streamlit makes nodes anew at any
      time: what a selector finds is looked up again when the page has changed, and where that lies in every frame.
   3. A step that waits for the reader goes on when what its `wait` finds has changed. Next always works. */

const KEPT = "hetaTour"; // Streamlit may take the component down and put it up anew: the tour goes on there
const MEMORY = "hetaTourMemory";
const LEAVES = 400; // milliseconds after which a component that was taken down is gone for good
const PATIENCE = 8000; // milliseconds to wait for a picture before the tour starts without it
const PAUSE = 1500; // milliseconds to look at what one's own action did
const COUNTS = 500; // milliseconds between two looks at which steps there are
const NAMED = ["class", "hidden", "open", "aria-current", "aria-pressed", "data-key", "data-testid"]; // by selectors
const NARROW = 640; // pixels; the card lies at the bottom
const OVERLAID = 768; // pixels; Streamlit's sidebar lies over the page
const HEADER = 60; // pixels of Streamlit's own at the top
const [GAP, EDGE, AROUND] = [14, 8, 6]; // pixels: card to ring, card to window, ring to element

/* ---- what is remembered ---- */

const keyOf = (page) => `heta.tour.${page}`;

function remembered(page) {
  const own = globalThis[MEMORY]?.[page] ?? null;
  try {
    return localStorage.getItem(keyOf(page)) ?? own;
  } catch {
    return own;
  }
}

function remember(page, value) {
  (globalThis[MEMORY] ??= {})[page] = value;
  try {
    localStorage.setItem(keyOf(page), value);
  } catch {
    // It is offered again after the page is loaded again.
  }
}

/* ---- what is on the page ---- */

/* What selectors found on the page and inside its components, until that changes; of the one card that is open. */
const KNOWN = new Map();
const changes = new MutationObserver(() => KNOWN.clear());

function everywhere(selector) {
  const hosts = [...document.querySelectorAll("[data-testid=stBidiComponentIsolated]")];
  const roots = [document, ...hosts.map((host) => host.shadowRoot).filter(Boolean)];
  for (const root of roots) changes.observe(root, { childList: true, subtree: true, attributes: true, attributeFilter: NAMED });
  return roots.flatMap((root) => [...root.querySelectorAll(selector)]);
}

/* … and what of it is on the screen. */
function found(selector) {
  if (!KNOWN.has(selector)) KNOWN.set(selector, everywhere(selector));
  return KNOWN.get(selector).filter(isSeen);
}

function forget() {
  changes.disconnect();
  KNOWN.clear();
}

/* A closed sidebar stands left of the window. */
function isSeen(node) {
  const box = node.getBoundingClientRect();
  return box.width > 0 && box.height > 0 && box.right > 0 && box.left < innerWidth;
}

function elementsOf(step) {
  for (const place of step.places) {
    const nodes = found(place);
    if (nodes.length) return nodes;
  }
  return [];
}

const isThere = (step) => elementsOf(step).length > 0;

/* What is around all of the nodes. */
function around(nodes) {
  const boxes = nodes.map((node) => node.getBoundingClientRect());
  const of = (side, pick) => pick(...boxes.map((box) => box[side]));
  return { left: of("left", Math.min), top: of("top", Math.min), right: of("right", Math.max), bottom: of("bottom", Math.max) };
}

/* What a reader's action changes, in a few letters. */
const trace = (selector) => found(selector).map((node) => node.dataset.key ?? node.textContent).join("|");

function focused() {
  let node = document.activeElement;
  while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
  return node;
}

/* A root of its own with the style of the component, in the colours of the page. */
function overlay(tour, style) {
  const host = h("div", { style, "data-tour": tour.page });
  const all = h("div");
  host.attachShadow({ mode: "open" }).append(h("style", {}, tour.style), all);
  host.all = all;
  dress(host);
  return host;
}

function dress(host) {
  const app = document.querySelector(".stApp") ?? document.body;
  const { backgroundColor, color, fontFamily } = getComputedStyle(app);
  host.all.className = isDark(app) ? "dark" : "";
  for (const [name, value] of [["--ground", backgroundColor], ["--text", color], ["--font", fontFamily]]) host.style.setProperty(name, value);
}

/* ---- the offer ---- */

function offer(tour) {
  const before = remembered(tour.page);
  const main = document.querySelector("[data-testid=stMain]");
  if (before === "over" || tour.card || !main) return withdraw(tour);
  const place = before?.split(" ").slice(1).join(" ");
  if (tour.offered?.isConnected && tour.offered.place === place) return dress(tour.offered);
  withdraw(tour);
  const wide = (text) => h("span", { class: "wide" }, text);
  const title = place ? ["Go on", wide(" with the tour"), ` (${place})`] : ["One-minute tour"];
  const begin = h("button", { type: "button", class: "strong", onclick: () => start(tour, before?.split(" ")[0]) }, ...title);
  const decline = h("button", { type: "button", class: "bare", onclick: () => over(tour) }, "No, thanks");
  const told = place ? [] : [wide("New here?")];
  tour.offered = overlay(tour, "position: relative; z-index: 999990; align-self: stretch; height: 0");
  tour.offered.place = place;
  tour.offered.all.append(h("div", { class: "above" }, h("div", { class: "offer", role: "group", "aria-label": "A tour of this page" }, ...told, begin, decline)));
  main.prepend(tour.offered);
}

function withdraw(tour) {
  tour.offered?.remove();
  tour.offered = null;
}

/* Ended, skipped or declined: not offered again. */
function over(tour) {
  const hadFocus = tour.offered?.shadowRoot.activeElement;
  remember(tour.page, "over");
  withdraw(tour);
  close(tour);
  if (hadFocus) goHome([tour.again]);
}

/* The focus goes to the first of these that is on the screen, else to the page, and never nowhere. */
function goHome(nodes) {
  const homes = [...nodes, document.querySelector("[data-testid=stMain]")];
  homes.find((node) => node?.isConnected && node !== document.body && isSeen(node))?.focus({ preventScroll: true });
}

/* ---- the card ---- */

function start(tour, name) {
  if (tour.card) return tour.card.focus();
  tour.back = focused();
  withdraw(tour);
  if (innerWidth <= OVERLAID) document.querySelector("[data-testid=stSidebarCollapseButton] button")?.click();
  build(tour);
  const wanted = tour.steps.find((step) => step.name === name) ?? tour.steps[0];
  const end = performance.now() + PATIENCE;
  const look = () => {
    if (!tour.card) return;
    if (!isThere(wanted) && performance.now() < end) return void requestAnimationFrame(look);
    const k = tour.steps.indexOf(wanted);
    const there = [...tour.steps.slice(k), ...tour.steps.slice(0, k)].find(isThere);
    show(tour, there ?? wanted);
    tour.card.focus({ preventScroll: true });
    follow(tour);
  };
  look();
}

function build(tour) {
  const button = (name, title, onclick) => h("button", { type: "button", class: name, onclick }, title);
  const part = {
    count: h("span"),
    title: h("h2", { id: "title" }),
    text: h("p", { id: "text" }),
    ask: h("p", { class: "ask" }),
    skip: button("bare", "Skip", () => over(tour)),
    back: button("", "Back", () => go(tour, -1)),
    next: button("strong", "Next", () => go(tour, 1)),
  };
  // Heard when it changes; when the card is focused first, its name and description are.
  const says = h("div", { "aria-live": "polite", "aria-atomic": "true" }, part.title, part.text, part.ask);
  const bar = h("div", { class: "bar" }, part.count, part.skip, part.back, part.next);
  const named = { role: "dialog", "aria-modal": "false", "aria-labelledby": "title", "aria-describedby": "text", tabindex: -1 };
  tour.card = h("div", { class: "card", hidden: "", ...named, onkeydown: (e) => pressed(tour, e) }, says, bar);
  tour.ring = h("div", { class: "ring", hidden: "", "aria-hidden": "true" });
  tour.part = part;
  tour.over = overlay(tour, "position: fixed; top: 0; left: 0; width: 0; height: 0; z-index: 1000010");
  tour.over.all.append(tour.ring, tour.card);
  document.body.append(tour.over);
  // Escape with nothing in focus; anywhere else on the page the key has its own meaning.
  tour.onPageKey = (e) => e.key === "Escape" && e.target.matches?.("body, .stApp, .stMain") && close(tour);
  document.addEventListener("keydown", tour.onPageKey);
}

function pressed(tour, e) {
  if (e.ctrlKey || e.metaKey || e.altKey || e.shiftKey) return;
  if (e.key === "Escape") close(tour);
  else if (e.key === "ArrowRight") go(tour, 1);
  else if (e.key === "ArrowLeft") go(tour, -1);
  else return;
  e.preventDefault();
  e.stopPropagation();
}

/* The next step that is on the page; after the last the tour is over. */
function go(tour, by) {
  const k = tour.steps.indexOf(tour.step);
  const way = by > 0 ? tour.steps.slice(k + 1) : tour.steps.slice(0, k).reverse();
  const to = way.find(isThere);
  if (to) show(tour, to);
  else if (by > 0) over(tour);
}

function show(tour, step) {
  const { part, card } = tour;
  Object.assign(tour, { step, before: step.wait && trace(step.wait), done: null });
  part.title.textContent = step.title;
  part.text.textContent = step.text;
  part.ask.hidden = !step.ask;
  part.ask.textContent = step.ask;
  card.hidden = false;
  count(tour);
  bringIntoView(tour);
}

/* Steps whose element is not there are left out of the count as well. */
function count(tour) {
  const { part, step } = tour;
  const there = tour.steps.filter((one) => one === step || isThere(one));
  const k = there.indexOf(step);
  const place = `${k + 1} of ${there.length}`;
  tour.counted = performance.now();
  const isAtSkip = tour.over.shadowRoot.activeElement === part.skip;
  if (part.count.textContent === place && tour.kept === step.name) return;
  tour.kept = step.name;
  part.count.textContent = place;
  part.back.setAttribute("aria-disabled", k === 0); // `disabled` would throw the focus away, and the card's keys with it
  part.next.textContent = k === there.length - 1 ? "Done" : "Next";
  part.skip.hidden = k === there.length - 1;
  if (part.skip.hidden && isAtSkip) part.next.focus();
  remember(tour.page, `${step.name} ${place}`);
}

/* Scroll only if the element is not in sight, and settle on which side of it the card will lie. */
function bringIntoView(tour) {
  tour.side = "corner";
  const nodes = elementsOf(tour.step);
  if (!nodes.length) return;
  const box = around(nodes);
  const isNarrow = innerWidth <= NARROW;
  const [top, bottom] = [HEADER + EDGE, innerHeight - EDGE - (isNarrow ? tour.card.offsetHeight + 2 * EDGE : 0)];
  const scroller = nodes[0].closest("[data-testid=stSidebarContent]") ?? document.querySelector("[data-testid=stMain]");
  const [height, room] = [box.bottom - box.top, bottom - top];
  const isInSight = box.top >= top - EDGE && box.bottom <= bottom;
  const wanted = isInSight ? 0 : box.top - top - Math.max(0, (room - height) / 2);
  const by = scroller ? Math.max(-scroller.scrollTop, Math.min(scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop, wanted)) : 0;
  if (by) scroller.scrollBy({ top: by, behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth" });
  if (!isNarrow) tour.side = sideOf({ ...box, top: box.top - by, bottom: box.bottom - by }, tour.card);
}

function sideOf(box, { offsetWidth, offsetHeight }) {
  const [w, hgt] = [offsetWidth + GAP + EDGE, offsetHeight + GAP + EDGE];
  if (box.bottom + hgt <= innerHeight) return "below";
  if (box.right + w <= innerWidth) return "right";
  if (box.left - w >= 0) return "left";
  return box.top - hgt >= 0 ? "above" : "corner";
}

/* Every frame: where the element is now, whether the reader has done what was asked, how many steps there are. */
function follow(tour) {
  if (!tour.card) return;
  look(tour);
  if (!tour.card) return;
  const nodes = elementsOf(tour.step);
  draw(tour, nodes.length ? around(nodes) : null);
  if (performance.now() - tour.counted > COUNTS) {
    KNOWN.clear(); // a component's own root comes without a change of the page
    count(tour);
  }
  requestAnimationFrame(() => follow(tour));
}

function look(tour) {
  const { wait } = tour.step;
  if (!wait) return;
  const seen = trace(wait);
  if (seen !== tour.before) {
    tour.before = seen;
    if (seen) tour.done = performance.now();
    if (seen && tour.part.ask.textContent !== DONE) tour.part.ask.textContent = DONE;
  }
  if (tour.done !== null && performance.now() - tour.done > PAUSE) go(tour, 1);
}

const DONE = "✓ Done";

function draw(tour, box) {
  const { ring, card } = tour;
  ring.hidden = !box;
  if (box) {
    const [left, right] = [Math.max(2, box.left - AROUND), Math.min(innerWidth - 2, box.right + AROUND)];
    put(ring, left, box.top - AROUND, `width: ${right - left}px; height: ${box.bottom - box.top + 2 * AROUND}px`);
  }
  const [w, hgt] = [card.offsetWidth, card.offsetHeight];
  const corner = [innerWidth - w - EDGE, innerHeight - hgt - EDGE];
  const places = {
    below: () => [box.left, box.bottom + GAP],
    above: () => [box.left, box.top - GAP - hgt],
    right: () => [box.right + GAP, box.top - AROUND],
    left: () => [box.left - GAP - w, box.top - AROUND],
  };
  const [x, y] = box && innerWidth > NARROW && places[tour.side] ? places[tour.side]() : corner;
  put(card, Math.max(EDGE, Math.min(corner[0], x)), Math.max(EDGE, Math.min(corner[1], y)));
}

function put(node, left, top, more = "") {
  const style = `left: ${left.toFixed(1)}px; top: ${top.toFixed(1)}px; ${more}`;
  if (node.placed !== style) node.style.cssText = node.placed = style;
}

/* The card goes; unless the tour is over, the offer says where it goes on. */
function close(tour) {
  if (!tour.card) return;
  const hadFocus = tour.over.shadowRoot.activeElement !== null;
  document.removeEventListener("keydown", tour.onPageKey);
  tour.over.remove();
  Object.assign(tour, { card: null, ring: null, over: null, part: null, kept: null });
  forget();
  offer(tour);
  if (hadFocus) goHome([tour.back, tour.again, tour.offered?.all.querySelector("button")]);
}

/* ---- the component ---- */

/* Another page, or one without a tour: what is open is left where it is, to go on there later. */
function leave(tour) {
  if (tour.card) {
    document.removeEventListener("keydown", tour.onPageKey);
    tour.over.remove();
    tour.card = null;
    forget();
  }
  withdraw(tour);
  if (globalThis[KEPT] === tour) globalThis[KEPT] = null;
}

function tourOf(data) {
  const kept = globalThis[KEPT];
  if (kept?.page === data.page) return kept;
  if (kept) leave(kept);
  return (globalThis[KEPT] = { page: data.page });
}

/* An address with ?tour=1 starts it, once: what was asked for leaves the address. */
function isAskedFor() {
  const address = new URL(location.href);
  if (address.searchParams.get("tour") !== "1") return false;
  address.searchParams.delete("tour");
  history.replaceState(history.state, "", address);
  return true;
}

export default function ({ data, parentElement }) {
  const tour = tourOf(data);
  clearTimeout(tour.leaving);
  tour.steps = data.steps;
  tour.style ??= parentElement.getRootNode().querySelector("style").textContent;
  const home = parentElement.querySelector(".tour-again");
  if (!home.firstElementChild) home.append(h("button", { type: "button" }, "Take the tour"));
  tour.again = home.firstElementChild;
  tour.again.onclick = () => start(tour);
  if (tour.over) dress(tour.over);
  if (isAskedFor()) start(tour);
  else offer(tour);
  return () => (tour.leaving = setTimeout(() => tour.again.isConnected || leave(tour), LEAVES));
}
