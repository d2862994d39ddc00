/* Compare: two texts side by side, what the second has more and less than the first, and how far they agree.

   `ui.view` is what heta_core/views/side_by_side.py wrote: every number comes from there, here it is only drawn. A place is
   one step through both texts at once: [kind, unit of A, unit of B]. Pinning and hovering are about places, so a token and
   its partner are always marked together. The server hears nothing of any of it. */

const [SAME, CHANGED, ONLY_A, ONLY_B] = [0, 1, 2, 3]; // as comparing.Kind counts them
const FIRST_CHANGES = 8;
const MORE_CHANGES = 100; // at once: thousands of rows would take seconds
const MARKED_CHANGES = 5; // their numbers stand in the text, if they are
const LEAST_MARKED = 0.1; // of the biggest
const SORTS = {
  change: "biggest change",
  more: "most more in B",
  less: "most less in B",
  a: "highest in A",
  b: "highest in B",
  text: "reading order",
};
const INSTANCES = new WeakMap();
const LEFT = "hetaCompareLeft"; // what the reader chose, over a remount

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".heta");
  if (!INSTANCES.has(root)) INSTANCES.set(root, create(root));
  const ui = INSTANCES.get(root);
  receive(ui, data.view);
  return () => {
    const { component, scale, sort, signature, pin } = ui;
    globalThis[LEFT] = { component, scale, sort, signature, pin };
    INSTANCES.delete(root);
  };
}

function create(root) {
  const el = {
    causes: h("section", { class: "causes", "aria-label": "What differs" }),
    tabs: h("div", { class: "tabs", role: "group", "aria-label": "Which component colours the texts" }),
    scales: h("div", { class: "tabs scales", role: "group", "aria-label": "Colour scale" }),
    legend: h("div", { class: "legend" }),
    weights: h("p", { class: "said" }),
    columns: h("div", { class: "columns" }),
    minus: h("section", { class: "text minus", "aria-label": "B minus A" }),
    card: h("section", { class: "card pinned", "aria-label": "One token in both" }),
    facts: h("section", { class: "card facts", "aria-label": "Agreement" }),
    changes: h("section", { class: "ranking changes", "aria-label": "Changes" }),
    tip: h("div", { class: "tip", hidden: "" }),
  };
  const bar = h("div", { class: "bar" }, el.tabs, el.scales, el.legend);
  const side = h("aside", { class: "side" }, el.card, el.facts);
  root.replaceChildren(el.causes, bar, el.weights, el.columns, h("div", { class: "cols" }, el.minus, side, el.changes), el.tip);
  const ui = { root, el, component: "final", scale: "one", sort: "change", pin: null, hover: null, rows: FIRST_CHANGES, leader: null };
  listen(ui);
  return Object.assign(ui, globalThis[LEFT]);
}

function receive(ui, view) {
  const signature = JSON.stringify([view.columns.map((c) => c.tokens), view.pairs[0].places]);
  const isNew = signature !== ui.signature;
  if (isNew) Object.assign(ui, { pin: null, rows: FIRST_CHANGES });
  Object.assign(ui, { view, signature, hover: null, places: view.pairs[0].places });
  ui.root.dataset.theme = isDark(ui.root) ? "dark" : "light";
  showTip(ui, null);
  keepFocus(ui, () => {
    if (isNew || !ui.strips) buildTexts(ui);
    render(ui);
  });
}

function render(ui) {
  const shown = ui.view.components.find((c) => c.name === ui.component && c.values);
  ui.shown = shown ?? ui.view.components.find((c) => c.values) ?? null;
  ui.difference = ui.shown?.pairs[0].difference ?? ui.places.map(() => null);
  ui.most = Math.max(0, ...ui.difference.map((d) => Math.abs(d ?? 0)));
  ui.order = sorted(ui, "change");
  drawCauses(ui);
  drawBar(ui);
  paint(ui);
  mark(ui);
  drawMinusLegend(ui);
  drawFacts(ui);
  drawChanges(ui);
}

/* ---- numbers ---- */

const isShare = (c) => c.name === "final" || c.name === "transition";
const written = (c, value) => (isShare(c) ? percent(value) : number(value));

/* B minus A with its sign; of shares in percentage points. What is too small to be written has no sign. */
function signed(c, d) {
  const [sign, size] = [d < 0 ? "−" : "+", Math.abs(d)];
  if (size === 0) return "0";
  if (size < (isShare(c) ? 0.0005 : 0.001)) return "≈ 0";
  return sign + (isShare(c) ? (100 * size).toFixed(1) : number(size));
}

const unitOf = (c) => (isShare(c) ? "points" : c.unit);
const shortUnit = (c) => (isShare(c) ? "points" : c.name === "hessian" ? "nats/unit²" : "nats");

function withError(ui, c, p) {
  const [d, error] = [c.pairs[0].difference[p], c.pairs[0].error?.[p]];
  return error === undefined || error === null ? signed(c, d) : `${signed(c, d)} ± ${number(error, decimals(Math.abs(d)))}`;
}

function sorted(ui, by) {
  const [a, b] = ui.shown?.values ?? [[], []];
  const of = (values, i) => (i === null ? -Infinity : values[i]);
  const size = {
    change: (p) => (ui.difference[p] === null ? -1 : Math.abs(ui.difference[p])),
    more: (p) => ui.difference[p] ?? -Infinity,
    less: (p) => -(ui.difference[p] ?? Infinity),
    a: (p) => of(a, ui.places[p][1]),
    b: (p) => of(b, ui.places[p][2]),
    text: (p) => -p,
  }[by];
  return ui.places.map((_, p) => p).sort((p, q) => (size(q) > size(p)) - (size(q) < size(p)) || p - q);
}

/* ---- what differs, and what is looked at ---- */

function drawCauses(ui) {
  const { causes, verdict } = ui.view.pairs[0];
  const row = ([what, a, b]) => h("tr", {}, h("th", { scope: "row" }, `different ${what}`), h("td", {}, h("bdi", {}, a)), h("td", {}, h("bdi", {}, b)));
  const head = h("tr", {}, h("td"), h("th", { scope: "col" }, badge("A")), h("th", { scope: "col" }, badge("B")));
  const table = causes.length ? h("table", {}, h("thead", {}, head), h("tbody", {}, ...causes.map(row))) : null;
  ui.el.causes.replaceChildren(h("p", {}, verdict), table ?? "");
}

const badge = (letter) => h("span", { class: "badge" }, letter);

function drawBar(ui) {
  const tabs = ui.view.components.map((c) => {
    const pick = () => choose(ui, { component: c.name });
    const tip = c.values ? c.meaning : "One of the two was saved before this was known.";
    const props = { type: "button", "data-key": c.name, "data-tip": tip, "aria-pressed": ui.shown === c, disabled: !c.values, onclick: pick };
    return h("button", props, c.title, h("small", {}, c.plain));
  });
  ui.el.tabs.replaceChildren(...tabs);
  const scale = (name, title, tip) => h("button", { type: "button", "data-key": name, "data-tip": tip, "aria-pressed": ui.scale === name, onclick: () => choose(ui, { scale: name }) }, title);
  ui.el.scales.replaceChildren(
    scale("one", "One scale", "The same colour is the same value in both texts."),
    scale("own", "Each its own", "The highest value of each text has the full colour, however high it is.")
  );
  ui.el.weights.textContent = ui.view.weights;
  if (!ui.shown) return ui.el.legend.replaceChildren("Nothing of these two is known on both sides yet.");
  const [a, b] = tops(ui);
  const ramp = (name, top) => h("span", { class: "scale" }, name, h("span", {}, "0"), h("i"), h("span", {}, written(ui.shown, top)));
  const both = ui.scale === "one" ? [ramp("A and B", a)] : [ramp(badge("A"), a), ramp(badge("B"), b)];
  ui.el.legend.replaceChildren(...both, h("span", {}, ui.shown.unit));
}

function choose(ui, choice) {
  Object.assign(ui, choice);
  keepFocus(ui, () => render(ui));
}

/* What has the full colour in each text. */
function tops(ui) {
  const highest = ui.shown.values.map((values) => Math.max(0, ...values));
  return ui.scale === "one" ? highest.map(() => Math.max(...highest)) : highest;
}

/* ---- the three texts ---- */

function buildTexts(ui) {
  const letters = ui.view.columns.map((c) => c.letter);
  ui.strips = [...letters.map((letter) => textBox(ui, `The text of ${letter}, token by token`)), textBox(ui, "B minus A, token by token")];
  ui.of = ui.places.map(() => []);
  const placeOf = [new Map(), new Map()];
  ui.places.forEach(([, a, b], p) => (placeOf[0].set(a, p), placeOf[1].set(b, p)));
  ui.view.columns.forEach((column, c) => fillColumn(ui, column, ui.strips[c], placeOf[c]));
  fillMinus(ui, ui.strips.at(-1));
  const columns = ui.view.columns.map((column, c) => {
    const title = h("h2", {}, badge(column.letter), " ", h("span", { dir: "auto" }, column.question));
    return h("section", { class: "column", "aria-label": `${column.letter}: ${column.question}` }, title, h("p", { class: "said" }, column.sure), ui.strips[c].box);
  });
  ui.el.columns.replaceChildren(...columns);
  ui.el.minusHead = h("div", { class: "bar" });
  ui.el.mass = h("p", { class: "said" });
  ui.el.minus.replaceChildren(ui.el.minusHead, ui.strips.at(-1).box, ui.el.mass);
}

function textBox(ui, name) {
  const strip = { box: h("div", { class: "strip", role: "group", dir: "auto", "aria-label": name }), chips: [], places: [], focus: 0 };
  strip.box.onscroll = () => follow(ui, strip);
  return strip;
}

/* A token of a text; what is scored can be pinned. */
function addChip(ui, strip, p, names, ...children) {
  const key = `s${ui.strips.indexOf(strip)}.${strip.chips.length}`;
  const chip = h("span", { class: ["tok", ...names].join(" "), "data-p": p, "data-key": key, role: "button", "aria-pressed": false, tabindex: strip.chips.length ? -1 : 0 }, ...children);
  strip.chips.push(chip);
  strip.places.push(p);
  ui.of[p].push(chip);
  return chip;
}

function fillColumn(ui, column, strip, placeOf) {
  const foil = column.foil === null ? [] : [h("span", { class: "rather" }, " rather than "), h("span", { class: "answer foil", dir: "auto" }, column.foil)];
  const answer = () => [" ", h("span", { class: "answer", dir: "auto" }, column.answer), ...foil, " "];
  const nodes = [];
  column.tokens.forEach(([lead, body, tail, kind], i) => {
    const before = column.tokens[i - 1];
    const glued = !lead && before && !before[2] && !before[3] && !kind;
    const isExplained = column.is_observed && i >= column.start && i < column.stop;
    const names = [kind.split(" ")[0], glued ? "glued" : ""].filter(Boolean);
    if (i === column.n && !column.is_observed) nodes.push(...answer());
    const p = placeOf.get(i);
    if (p === undefined) nodes.push(lead, h("span", { class: ["tok", "later", isExplained ? "answer" : "", ...names].join(" ") }, body));
    else {
      const kinds = { [CHANGED]: "altered", [ONLY_A]: "alone", [ONLY_B]: "alone" };
      const chip = addChip(ui, strip, p, [...names, kinds[ui.places[p][0]] ?? "", isExplained ? "explained" : ""], body);
      if (kind.startsWith("part")) chip.append(h("sup", {}, kind.slice(5)));
      nodes.push(lead, chip);
    }
    if (i === column.stop - 1 && column.is_observed) nodes.push(...foil);
    nodes.push(tail, h("wbr"));
  });
  if (column.start === column.tokens.length) nodes.push(...answer());
  strip.box.replaceChildren(...nodes);
}

/* Both texts at once, as a diff: what is in both stands once. */
function fillMinus(ui, strip) {
  const [one, other] = ui.view.columns.map((column) => column.tokens);
  const nodes = [];
  ui.places.forEach(([kind, a, b], p) => {
    const [lead, body, tail, type] = kind === ONLY_A ? one[a] : other[b];
    const names = [type.split(" ")[0], { [CHANGED]: "altered", [ONLY_A]: "alone gone", [ONLY_B]: "alone come" }[kind] ?? ""];
    const text = kind === CHANGED ? [h("s", {}, one[a][1]), " → ", body] : [kind === ONLY_A ? h("s", {}, body) : body];
    nodes.push(lead, addChip(ui, strip, p, names, ...text, h("sup", { class: "by" })), tail, h("wbr"));
  });
  strip.box.replaceChildren(...nodes);
}

function paint(ui) {
  const highest = ui.shown ? tops(ui) : [0, 0];
  const part = (value, top) => (top > 0 ? value / top : 0).toFixed(4);
  ui.strips.slice(0, -1).forEach((strip, c) => {
    strip.chips.forEach((chip, k) => {
      const i = ui.places[strip.places[k]][c + 1];
      chip.style.setProperty("--v", ui.shown ? part(ui.shown.values[c][i], highest[c]) : 0);
    });
  });
  const minus = ui.strips.at(-1);
  const told = new Set(ui.order.slice(0, MARKED_CHANGES).filter((p) => ui.most > 0 && Math.abs(ui.difference[p] ?? 0) >= LEAST_MARKED * ui.most));
  minus.chips.forEach((chip, p) => {
    const d = ui.difference[p];
    chip.style.setProperty("--v", part(Math.abs(d ?? 0), ui.most));
    chip.classList.toggle("for", d > 0);
    chip.classList.toggle("against", d < 0);
    chip.lastChild.textContent = told.has(p) ? signed(ui.shown, d) : "";
  });
  for (const strip of ui.strips) strip.chips.forEach((chip, k) => chip.setAttribute("aria-label", describe(ui, strip.places[k])));
}

const labelOf = (ui, c, i) => ui.view.columns[c].labels[i];

function nameOf(ui, p) {
  const [kind, a, b] = ui.places[p];
  if (kind === CHANGED) return `${quoted(labelOf(ui, 0, a))} → ${quoted(labelOf(ui, 1, b))}`;
  return quoted(kind === ONLY_A ? labelOf(ui, 0, a) : labelOf(ui, 1, b));
}

const STANDS = { [SAME]: "in both", [CHANGED]: "changed", [ONLY_A]: "only in A", [ONLY_B]: "only in B" };

/* A place in words: what a screen reader says and the tip shows. */
function describe(ui, p) {
  const [kind, a, b] = ui.places[p];
  const c = ui.shown;
  if (!c) return `${nameOf(ui, p)}, ${STANDS[kind]}`;
  const sides = [a, b].map((i, k) => (i === null ? null : `${ui.view.columns[k].letter} ${written(c, c.values[k][i])}, rank ${c.ranks[k][i]}`));
  const rest = ui.difference[p] === null ? "no partner" : `B minus A ${withError(ui, c, p)} ${unitOf(c)}`;
  return `${nameOf(ui, p)}, ${STANDS[kind]}: ${[...sides.filter(Boolean), rest].join("; ")}`;
}

function drawMinusLegend(ui) {
  const c = ui.shown;
  const most = c ? signed(c, ui.most) : "";
  const least = c ? signed(c, -ui.most) : "";
  const scale = h("span", { class: "scale diverging" }, h("span", {}, `less in B ${least}`), h("i"), h("span", {}, `${most} more in B`));
  const alone = h("span", { class: "mark" }, h("i", { class: "hatch" }), " no partner: ", h("s", {}, "only in A"), ", ", h("u", {}, "only in B"));
  const altered = h("span", { class: "mark" }, h("i", { class: "dashed" }), " another word in the same place");
  const legend = h("div", { class: "legend" }, scale, h("span", {}, c ? unitOf(c) : ""), alone, altered);
  ui.el.minusHead.replaceChildren(h("h2", {}, "B minus A"), legend);
  ui.el.mass.textContent = c ? `Where ${c.title} lies. ${c.pairs[0].masses.join(". ")}.` : "";
}

/* ---- one place, pinned or looked at ---- */

function mark(ui) {
  for (const chip of ui.marked ?? []) {
    chip.classList.remove("pin", "look");
    chip.setAttribute("aria-pressed", false);
  }
  const [pins, looks] = [ui.pin, ui.hover].map((p) => (p === null ? [] : ui.of[p]));
  for (const chip of looks) chip.classList.add("look");
  for (const chip of pins) {
    chip.classList.replace("look", "pin") || chip.classList.add("pin");
    chip.setAttribute("aria-pressed", true);
  }
  ui.marked = [...pins, ...looks];
  for (const row of ui.el.changes.querySelectorAll("tr[data-p]")) {
    row.classList.toggle("pin", Number(row.dataset.p) === ui.pin);
    row.classList.toggle("look", Number(row.dataset.p) === ui.hover);
  }
  drawCard(ui);
}

function drawCard(ui) {
  const p = ui.pin ?? ui.hover ?? ui.order[0];
  if (p === undefined) return ui.el.card.replaceChildren();
  const [kind, ...units] = ui.places[p];
  const close = ui.pin === null ? null : h("button", { class: "x", type: "button", "data-key": "unpin", "aria-label": "Let go of the token", onclick: () => pinned(ui, null) }, "×");
  const rows = ui.view.components.filter((c) => c.values).map((c) => {
    const cell = (k) => (units[k] === null ? h("td", {}, "–") : h("td", {}, written(c, c.values[k][units[k]]), h("small", {}, `rank ${c.ranks[k][units[k]]}`)));
    const d = c.pairs[0].difference[p];
    const minus = h("td", { class: "d" }, d === null ? "–" : withError(ui, c, p), h("small", {}, d === null ? "" : shortUnit(c)));
    return h("tr", { class: c === ui.shown ? "on" : null }, h("th", { scope: "row", "data-tip": c.meaning }, c.title), cell(0), cell(1), minus);
  });
  const head = h("tr", {}, h("td"), ...["A", "B", "B − A"].map((name) => h("th", { scope: "col" }, name)));
  const why = ui.pin !== null ? "pinned" : ui.hover !== null ? "" : "the biggest change";
  ui.el.card.replaceChildren(
    h("header", {}, h("h2", {}, h("bdi", {}, nameOf(ui, p))), h("span", {}, [STANDS[kind], why].filter(Boolean).join(", ")), close ?? ""),
    h("table", {}, h("thead", {}, head), h("tbody", {}, ...rows)),
    h("p", { class: "hint" }, "Point at a token to see it in both texts, click to pin it.")
  );
}

function pinned(ui, p) {
  ui.pin = p;
  keepFocus(ui, () => mark(ui));
  if (p !== null) ui.of[p].forEach(reveal);
}

/* Into the window of its own text; the page stays where it is. */
function reveal(chip) {
  const box = chip.closest(".strip");
  const [one, other] = [chip.getBoundingClientRect(), box.getBoundingClientRect()];
  if (one.top < other.top) box.scrollTop -= other.top - one.top + one.height;
  else if (one.bottom > other.bottom) box.scrollTop += one.bottom - other.bottom + one.height;
}

/* The texts scroll together: what is at the top of the one that is moved is at the top of the others. */
function follow(ui, strip) {
  if (ui.leader !== strip) return;
  const top = strip.box.getBoundingClientRect().top;
  const shared = (k) => ui.of[strip.places[k]].length === ui.strips.length;
  const k = strip.chips.findIndex((chip, i) => shared(i) && chip.getBoundingClientRect().top >= top);
  if (k < 0) return;
  const away = strip.chips[k].getBoundingClientRect().top - top;
  for (const chip of ui.of[strip.places[k]]) {
    const box = chip.closest(".strip");
    if (box !== strip.box) box.scrollTop += chip.getBoundingClientRect().top - box.getBoundingClientRect().top - away;
  }
}

/* ---- agreement and changes ---- */

function drawFacts(ui) {
  const { aligned, unlike } = ui.view.pairs[0];
  const facts = ui.shown?.pairs[0].facts;
  const row = ([name, value, tip]) => [h("dt", { "data-tip": tip, tabindex: 0 }, name), h("dd", {}, value)];
  const title = ui.shown ? `How far A and B agree: ${ui.shown.title}` : "How far A and B agree";
  ui.el.facts.replaceChildren(
    h("h2", {}, title),
    h("dl", {}, h("dt", { "data-tip": "Tokens that are the same in both texts, found by a diff.", tabindex: 0 }, "The same token"), h("dd", {}, aligned), ...(facts ?? []).flatMap(row)),
    h("p", { class: "hint" }, unlike ?? "Only tokens that are the same in both count here.")
  );
}

function drawChanges(ui) {
  const c = ui.shown;
  if (!c) return ui.el.changes.replaceChildren();
  const order = sorted(ui, ui.sort);
  const shown = order.slice(0, ui.rows);
  const options = Object.entries(SORTS).map(([name, title]) => h("option", { value: name, selected: name === ui.sort ? "" : null }, title));
  const picker = h("select", { "data-key": "sort", "aria-label": "Order of the list", onchange: (e) => choose(ui, { sort: e.target.value }) }, ...options);
  const head = ["token", "A", "B", "", `B − A, ${shortUnit(c)}`].map((name, k) => h(name ? "th" : "td", { scope: name ? "col" : null, class: k ? "num" : null }, name));
  const left = order.length - shown.length;
  const step = (name, title, rows) => h("button", { type: "button", "data-key": name, onclick: () => choose(ui, { rows }) }, title);
  const more = left ? step("more", left > MORE_CHANGES ? `Show ${MORE_CHANGES} more of ${order.length}` : `Show all ${order.length}`, ui.rows + MORE_CHANGES) : "";
  const fewer = ui.rows > FIRST_CHANGES ? step("fewer", "Show fewer", FIRST_CHANGES) : "";
  ui.el.changes.replaceChildren(
    h("div", { class: "rankhead" }, h("h2", {}, "Token by token"), h("label", { class: "weights" }, "Sort by ", picker)),
    h("table", { class: "rank" }, h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...shown.map((p) => changeRow(ui, c, p)))),
    h("div", { class: "more" }, more, " ", fewer)
  );
}

function changeRow(ui, c, p) {
  const [kind, ...units] = ui.places[p];
  const d = ui.difference[p];
  const cell = (k) => h("td", { class: "num" }, units[k] === null ? "–" : written(c, c.values[k][units[k]]));
  const half = ui.most > 0 && d !== null ? (50 * Math.abs(d)) / ui.most : 0;
  const bar = h("i", { class: d < 0 ? "against" : "for", style: `width:${half.toFixed(2)}%;${d < 0 ? "right" : "left"}:50%` });
  const name = h("button", { type: "button", "data-key": `row${p}`, "aria-pressed": ui.pin === p }, h("bdi", {}, nameOf(ui, p)));
  const note = kind === SAME ? null : h("small", { class: kind === CHANGED ? "altered" : "alone" }, STANDS[kind]);
  const classes = [ui.pin === p ? "pin" : "", ui.hover === p ? "look" : ""].join(" ").trim();
  return h(
    "tr",
    { "data-p": p, class: classes || null },
    h("td", { class: "name" }, name, note),
    cell(0),
    cell(1),
    h("td", { class: "bars" }, h("div", { class: "between" }, d === null ? "" : bar)),
    h("td", { class: "num d" }, d === null ? "no partner" : withError(ui, c, p))
  );
}

/* ---- what the reader does ---- */

function listen(ui) {
  const { root } = ui;
  const placeOf = (e) => {
    const node = e.target.closest?.("[data-p]");
    return node ? Number(node.dataset.p) : null;
  };
  const look = (p) => {
    if (ui.hover === p) return;
    ui.hover = p;
    keepFocus(ui, () => mark(ui));
  };
  const preview = (e) => {
    showTip(ui, e.target.closest?.("[data-tip], .tok[data-p]"));
    look(placeOf(e));
    ui.leader = ui.strips?.find(({ box }) => box.contains(e.target)) ?? ui.leader;
  };
  root.onclick = (e) => {
    const p = placeOf(e);
    if (p === null) return;
    showTip(ui, null);
    pinned(ui, ui.pin === p ? null : p);
  };
  root.onmouseover = preview;
  root.ontouchstart = preview;
  root.addEventListener("focusin", preview); // it has no property of its own; `create` runs once for a node
  root.onmouseleave = () => (showTip(ui, null), look(null));
  root.onkeydown = (e) => keyPressed(ui, e);
}

function keyPressed(ui, e) {
  if (e.ctrlKey || e.metaKey || e.altKey || e.target.matches("select")) return;
  const chip = e.target.closest(".tok[data-p]");
  const strip = chip && ui.strips.find(({ box }) => box.contains(chip));
  const at = strip ? strip.chips.indexOf(chip) : -1;
  const moves = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: Infinity };
  if (e.key === "Escape" && ui.pin !== null) pinned(ui, null);
  else if (!strip) return;
  else if (e.key === "Enter" || e.key === " ") pinned(ui, ui.pin === strip.places[at] ? null : strip.places[at]);
  else if (e.key in moves) focusOn(strip, moves[e.key]);
  else if (e.key === "ArrowDown" || e.key === "ArrowUp") focusOn(strip, nextLine(strip, at, e.key === "ArrowDown" ? 1 : -1));
  else return;
  e.preventDefault();
  e.stopPropagation();
}

function focusOn(strip, k) {
  strip.chips[strip.focus].tabIndex = -1;
  strip.focus = Math.max(0, Math.min(strip.chips.length - 1, k));
  strip.chips[strip.focus].tabIndex = 0;
  strip.chips[strip.focus].focus();
}

/* The token nearest above or below. */
function nextLine(strip, from, way) {
  const here = strip.chips[from].getBoundingClientRect();
  let [best, cost] = [from, Infinity];
  strip.chips.forEach((chip, k) => {
    const box = chip.getBoundingClientRect();
    const down = way * (box.top - here.top);
    if (down < here.height / 2) return;
    const away = 50 * down + Math.abs(box.left + box.width / 2 - here.left - here.width / 2);
    if (away < cost) [best, cost] = [k, away];
  });
  return best;
}
