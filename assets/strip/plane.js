/* The gate plane: every token at (Transition, strength), both logarithmic, so that the score, their product, grows towards
   the upper right and is the same along every falling line. It lies below the ranking and is drawn only while it is open.

   1. `drawPlane` draws axes, lines of equal score and points anew: after a result, a weight, another width; marking follows.
   2. `markPlane` marks the token that the card is about: after every pin and preview.
   What is exactly zero has no place on a logarithmic axis: it stands on an edge of its own. */

const PLANE = { left: 66, right: 16, top: 42, bottom: 46, edge: 26, radius: 5.5, many: 300, labels: 5, reach: 24 }; // px
const DECADES = [0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8]; // shares of the score
const LEVELS = DECADES.flatMap((share) => [3 * share, share]);
const MOST_LEVELS = 7; // on a phone fewer

function buildPlane(ui) {
  const draw = () => (drawPlane(ui), markPlane(ui));
  const toggle = () => ((ui.planeOpen = !ui.planeOpen), draw());
  ui.el.planeToggle = h("button", { type: "button", class: "planetoggle", "data-key": "plane", "aria-expanded": "false", onclick: toggle }, h("span", {}, "Gate and strength"), h("small", {}, "why a score is high or low"));
  ui.el.planeBody = h("div", { class: "planebody", hidden: "" });
  ui.planeOpen = false;
  ui.planeWidth = 0;
  new ResizeObserver(() => {
    if (ui.planeOpen && ui.el.planeBody.clientWidth !== ui.planeWidth) draw();
  }).observe(ui.el.planeBody);
  return h("section", { class: "plane", "aria-label": "Gate and strength" }, ui.el.planeToggle, ui.el.planeBody);
}

function drawPlane(ui) {
  const { planeToggle: toggle, planeBody: body } = ui.el;
  toggle.setAttribute("aria-expanded", String(ui.planeOpen));
  body.hidden = !ui.planeOpen;
  ui.plane = null;
  toggle.parentElement.hidden = ui.view?.is_gated === false; // there is no gate to draw
  if (!ui.planeOpen || !ui.view?.is_gated) return body.replaceChildren();
  if (!ui.final) return body.replaceChildren(h("p", {}, notYet(ui)));
  keepFocus(ui, () => {
    ui.planeWidth = body.clientWidth;
    const plane = layOut(ui, Math.max(280, ui.planeWidth));
    ui.plane = plane;
    plane.over = shape("g", { class: "over" });
    plane.names = shape("g", { class: "names" });
    plane.nodes = [];
    for (const point of plane.points) plane.nodes[point.i] = pointNode(ui, point);
    const nodes = plane.order.map((i) => plane.nodes[i]);
    const name = `Gate and strength of ${ui.view.n_context} ${scoredNames(ui)[1]}. Arrow keys go from rank to rank, Enter pins.`;
    const drawing = shape("svg", { role: "group", "aria-label": name, width: plane.width, height: plane.height, onkeydown: (e) => planeKey(ui, e), onclick: (e) => pressNear(ui, e) }, ...planeFrame(plane), ...planeAxes(plane), ...scoreLines(plane), ...cornerNames(plane), shape("g", { class: "points" }, ...nodes), plane.over, plane.names);
    body.replaceChildren(...planeWords(ui, plane), drawing, h("p", { class: "zeros" }, ...countZeros(ui, plane)));
  });
}

function notYet(ui) {
  const missing = ["transition", "hessian", "kl"].filter((name) => !ui.view[name]).map((name) => words(ui, name).title);
  return `Not known yet: ${missing.join(" and ")}. The picture follows when all three are there.`;
}

/* Where everything stands: the axes over what is above zero, the edges for what is zero, the points by rank. */
function layOut(ui, width) {
  const height = Math.round(Math.min(460, Math.max(330, 0.58 * width)));
  const points = ui.view.transition.map((_, i) => ({ i, ...termsOf(ui, i), share: ui.final.shares[i] }));
  const [closed, weak] = [points.some((p) => p.gate === 0), points.some((p) => p.strength === 0)];
  const box = { left: PLANE.left + (closed ? PLANE.edge : 0), right: width - PLANE.right, top: PLANE.top, bottom: height - PLANE.bottom - (weak ? PLANE.edge : 0) };
  const above = (name) => points.map((p) => p[name]).filter((value) => value > 0);
  const axis = (name, from, to) => logAxis(above(name).length ? above(name) : [1], from, to);
  const [x, y] = [axis("gate", box.left, box.right), axis("strength", box.bottom, box.top)];
  for (const p of points) {
    p.x = p.gate > 0 ? x.at(p.gate) : box.left - PLANE.edge / 2;
    p.y = p.strength > 0 ? y.at(p.strength) : box.bottom + PLANE.edge / 2;
  }
  return { width, height, box, x, y, points, closed, weak, order: ui.final.order, total: ui.final.total, n: points.length };
}

function planeFrame({ box, closed, weak, width }) {
  const parts = [shape("rect", { class: "field", x: box.left, y: box.top, width: box.right - box.left, height: box.bottom - box.top })];
  const edge = (props, x, y) => parts.push(shape("rect", { class: "edgeband", ...props }), shape("text", { x, y, class: "tick", "text-anchor": "middle" }, "0"));
  const [left, base] = [box.left - (closed ? PLANE.edge : 0), box.bottom + (weak ? PLANE.edge : 0)];
  if (closed) edge({ x: left, y: box.top, width: PLANE.edge - 3, height: base - box.top }, left + PLANE.edge / 2, base + 15);
  if (weak) edge({ x: left, y: box.bottom + 3, width: width - PLANE.right - left, height: PLANE.edge - 3 }, left - 10, box.bottom + PLANE.edge / 2 + 5);
  return parts;
}

function planeAxes({ box, x, y, width, height, weak, closed }) {
  const base = box.bottom + (weak ? PLANE.edge : 0);
  const left = box.left - (closed ? PLANE.edge : 0);
  const across = logTicks(x, Math.floor((box.right - box.left) / 56)).map((value) => [
    shape("line", { class: "grid", x1: x.at(value), x2: x.at(value), y1: box.top, y2: box.bottom }),
    shape("text", { class: "tick", x: x.at(value), y: base + 15, "text-anchor": "middle" }, tickLabel(value)),
  ]);
  const up = logTicks(y, Math.floor((box.bottom - box.top) / 32)).map((value) => [
    shape("line", { class: "grid", x1: box.left, x2: box.right, y1: y.at(value), y2: y.at(value) }),
    shape("text", { class: "tick", x: left - 6, y: y.at(value) + 4, "text-anchor": "end" }, tickLabel(value)),
  ]);
  const middle = (box.top + box.bottom) / 2;
  return [
    ...across.flat(),
    ...up.flat(),
    shape("text", { class: "axis", x: (left + width - PLANE.right) / 2, y: height - 8, "text-anchor": "middle" }, "Transition: how much of it is read →"),
    shape("text", { class: "axis", x: 0, y: 0, "text-anchor": "middle", transform: `translate(12 ${middle}) rotate(-90)` }, "strength →"),
  ];
}

/* Lines along which the score is the same, with their share of all scores. */
function scoreLines({ box, x, y, total }) {
  const ends = (share) => {
    const log = Math.log10(share * total); // x + y along the line
    return { share, log, low: Math.max(x.low, log - y.high), high: Math.min(x.high, log - y.low) };
  };
  const crossing = (shares) => shares.map(ends).filter(({ low, high }) => high - low > 0.1 * (x.high - x.low));
  const most = box.right - box.left < 400 ? MOST_LEVELS - 3 : MOST_LEVELS;
  const all = crossing(LEVELS);
  const found = [];
  for (const { share, log, low, high } of (all.length > most ? crossing(DECADES) : all).slice(0, most)) {
    const [x1, y1, x2, y2] = [x.place(low), y.place(log - low), x.place(high), y.place(log - high)];
    const isTop = y1 < box.top + 1;
    const told = { class: "level", x: isTop ? x1 : box.left + 4, y: isTop ? box.top - 6 : Math.min(y1 + 15, box.bottom - 20), "text-anchor": isTop ? "middle" : "start", "data-share": share };
    found.push(shape("g", {}, shape("line", { class: "iso", x1, x2, y1, y2 }), shape("text", told, percent(share, share < 0.01 ? Math.ceil(-Math.log10(share) - 2) : 0))));
  }
  return found;
}

function cornerNames({ box }) {
  const name = (x, y, anchor, text, tip) => shape("text", { class: "corner", x, y, "text-anchor": anchor, "data-tip": tip }, text);
  return [
    name(box.right, box.top - 24, "end", "evidence", "Much of it is read, and much hangs on it."),
    name(box.right - 6, box.bottom - 7, "end", "read but inert", "Much of it is read, but little hangs on it: moving or masking it hardly changes what is predicted."),
    name(box.left, box.top - 24, "start", "strong but unread", "Much would hang on it, but little of it flows through attention to the place that answers."),
    name(box.left + 6, box.bottom - 7, "start", "neither", "Little of it is read, and little hangs on it."),
  ];
}

function pointNode(ui, point) {
  const { i, gate, strength, share } = point;
  const side = SIDES[sideOf(ui, i)] ?? "";
  const told = `${quoted(short(ui.view.labels[i]))}: ${percent(share)} of the score, rank ${ui.final.rank[i]} of ${ui.view.n_context}; Transition ${precise(gate)} × strength ${precise(strength)}${side ? `; Δ ${effectOf(ui, i)}` : ""}`;
  const radius = ui.view.n_context > PLANE.many ? PLANE.radius * 0.7 : PLANE.radius;
  const first = ui.final.shares[ui.final.order[0]];
  const place = { class: `pt ${side}`, cx: point.x.toFixed(2), cy: point.y.toFixed(2), r: radius };
  const values = { "data-i": i, "data-key": `p${i}`, "data-gate": gate, "data-strength": strength, "data-score": point.score };
  const node = shape("circle", { ...place, ...values, role: "button", tabindex: -1, "aria-label": told, "data-tip": told });
  node.style.setProperty("--v", first > 0 ? (share / first).toFixed(4) : 0);
  return node;
}

/* The token in the card, or each of those that are read as one piece: a ring, and where one is pinned its name and the
   error of its strength. */
function markPlane(ui) {
  const { plane } = ui;
  if (!plane) return;
  const looked = ui.pin ?? ui.hover;
  const isRead = looked !== null && !ui.alone && isSeveral(ui.unitOf[looked]);
  const members = new Set(looked === null ? [] : isRead ? membersOf(ui.unitOf[looked]) : [looked]);
  const isPin = (i) => ui.pin !== null && members.has(i);
  plane.nodes.forEach((node, i) => {
    node.classList.toggle("pin", isPin(i));
    node.classList.toggle("look", ui.pin === null && members.has(i));
    node.setAttribute("aria-pressed", String(isPin(i)));
    node.setAttribute("tabindex", i === (looked ?? plane.order[0]) ? "0" : "-1");
  });
  const points = [...members].map((i) => plane.points[i]);
  const rings = points.map(({ x, y }) => shape("circle", { class: "ring", cx: x, cy: y, r: PLANE.radius + 3 }));
  plane.over.replaceChildren(...(ui.pin !== null && points.length === 1 ? errorBar(plane, points[0]) : []), ...rings);
  namePoints(ui, plane);
}

/* ± one standard error of the strength; where the lower end is at zero or below, the bar runs to the edge, open. */
function errorBar({ y, box }, { x, strength, error }) {
  if (!error || strength === 0) return [];
  const end = (at) => shape("line", { class: "whisker", x1: x - 5, x2: x + 5, y1: at, y2: at });
  const [high, isOpen] = [Math.max(box.top, y.at(strength + error)), strength - error <= 0];
  const low = isOpen ? box.bottom : Math.min(box.bottom, y.at(strength - error));
  const bar = shape("line", { class: "whisker", x1: x, x2: x, y1: low, y2: high, "data-error": error });
  return [bar, end(high), ...(isOpen ? [] : [end(low)])];
}

/* The names of the highest and of the pinned one, each where it covers no other name and as few points as can be. */
function namePoints(ui, plane) {
  const named = plane.order.slice(0, PLANE.labels).filter((i) => plane.points[i].score > 0);
  if (ui.pin !== null && !named.includes(ui.pin)) named.push(ui.pin);
  const texts = named.map((i) => shape("text", { "data-name": i, class: ui.pin === i ? "strong" : null }, short(ui.view.labels[i], 18)));
  plane.names.replaceChildren(...texts);
  const taken = [];
  texts.forEach((text, k) => {
    const found = freePlace(plane, plane.points[named[k]], ui.pin, text.getComputedTextLength(), taken);
    if (!found && named[k] !== ui.pin) return text.remove();
    const box = found ?? { x: plane.points[named[k]].x + 10, y: plane.points[named[k]].y - 8 };
    text.setAttribute("x", box.x);
    text.setAttribute("y", box.y + 12);
    if (found) taken.push(found);
  });
}

function freePlace({ points, box, width }, { i, x, y }, pinned, wide, taken) {
  const [high, away] = [17, PLANE.radius + (i === pinned ? 7 : 4)];
  const sides = [[x + away, y - 8], [x - away - wide, y - 8], [x - wide / 2, y - away - high], [x - wide / 2, y + away], [x + 5, y - away - high + 2], [x - wide - 5, y - away - high + 2], [x + 5, y + away - 2], [x - wide - 5, y + away - 2]];
  const places = sides.map(([left, top]) => ({ x: left, y: top, right: left + wide, bottom: top + high }));
  const inside = places.filter((p) => p.x >= box.left - 4 && p.right <= width - 2 && p.y >= 2 && p.bottom <= box.bottom + PLANE.edge);
  const free = inside.filter((p) => taken.every((t) => p.right < t.x - 3 || p.x > t.right + 3 || p.bottom < t.y || p.y > t.bottom));
  const covers = (p) => points.filter((o) => o.i !== i && o.x > p.x - 5 && o.x < p.right + 5 && o.y > p.y - 5 && o.y < p.bottom + 5).length;
  let [best, least] = [null, Infinity];
  for (const place of free) {
    const cost = covers(place);
    if (cost < least) [best, least] = [place, cost];
  }
  return best;
}

/* How to read it, in words that also stand for the picture. */
function planeWords(ui) {
  const [one] = scoredNames(ui);
  const { beta, gamma } = ui.weights;
  const strength = `Strength is ${beta.toFixed(2)} × Hessian + ${gamma.toFixed(2)} × ${words(ui, "kl").title}, scaled ${quoted(ui.view.scalings[ui.weights.scaling])}: how much the answer hangs on this ${one}, read or not.`;
  const read = ["Score = ", term(ui, "plane", "transition", { "data-tip": words(ui, "transition").meaning, "data-key": "gateword" }, h("u", {}, "Transition")), " × ", term(ui, "plane", "strength", { "data-tip": strength, "data-key": "strengthword" }, h("u", {}, "strength")), `. A ${one} needs both: further right more of it is read, further up more hangs on it. Along a dashed line the score is the same, in % of all.`];
  return [h("p", {}, ...read), ...(isContrast(ui) ? [h("p", { class: "legend" }, ...sides(ui))] : [])];
}

/* What is exactly zero, counted. */
function countZeros(ui, { points }) {
  const [one, many] = scoredNames(ui);
  const told = (n, what, edge) => (n ? [`${n} ${n === 1 ? one : many} with ${what} of exactly zero: ${n === 1 ? "its" : "their"} score is zero, ${n === 1 ? "it stands" : "they stand"} on the ${edge} edge, off the axis. `] : []);
  return [...told(points.filter((p) => p.gate === 0).length, "a Transition", "left"), ...told(points.filter((p) => p.strength === 0).length, "a strength", "lower")];
}

function planeKey(ui, e) {
  const { order } = ui.plane;
  const i = Number(e.target.dataset.i);
  if (Number.isNaN(i) || e.ctrlKey || e.metaKey || e.altKey) return;
  const moves = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity };
  if (e.key === "Enter" || e.key === " ") press(ui, i);
  else if (e.key in moves) {
    const rank = Math.max(0, Math.min(order.length - 1, ui.final.rank[i] - 1 + moves[e.key]));
    ui.plane.nodes[order[rank]].focus();
  } else return;
  e.preventDefault();
  e.stopPropagation();
}

/* A finger is wider than a point: the nearest one within reach is meant. */
function pressNear(ui, e) {
  if (e.target.closest("[data-i]")) return;
  const box = e.currentTarget.getBoundingClientRect();
  const [x, y] = [e.clientX - box.left, e.clientY - box.top];
  let [best, least] = [null, PLANE.reach];
  for (const point of ui.plane.points) {
    const away = Math.hypot(point.x - x, point.y - y);
    if (away < least) [best, least] = [point.i, away];
  }
  if (best !== null) press(ui, best);
}
