/* Compare: up to four texts side by side, what one has more and less than the first, and how far they agree with it.

   `ui.view` is what heta_core/views/side_by_side.py wrote: every number comes from there, here it is only drawn. A spot is
   one step through all texts at once: the unit of A, of B, …, null where a text has none. Pinning and hovering are about
   spots, so a token and its partners are always marked together. What is subtracted from which stands in `ui.rival`: the
   pair of A and one other. The server hears nothing of any of it. */

const [SAME, CHANGED, ONLY_A, ONLY_B] = [0, 1, 2, 3]; // as comparing.Kind counts them
const FIRST_CHANGES = 8;
const MORE_CHANGES = 100; // at once: thousands of rows would take seconds
const MARKED_CHANGES = 5; // their numbers stand in the text, if they are
const LEAST_MARKED = 0.1; // of the biggest
const SORTS = {
  change: () => "biggest change",
  more: (x) => `most more in ${x}`,
  less: (x) => `most less in ${x}`,
  a: () => "highest in A",
  b: (x) => `highest in ${x}`,
  text: () => "reading order",
};
const INSTANCES = new WeakMap();
const LEFT = "hetaCompareLeft"; // what the reader chose, over a remount

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".heta");
  if (!INSTANCES.has(root)) INSTANCES.set(root, create(root));
  const ui = INSTANCES.get(root);
  receive(ui, data.view);
  return () => {
    const { component, scale, sort, signature, pin, rival } = ui;
    globalThis[LEFT] = { component, scale, sort, signature, pin, rival };
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
    minus: h("section", { class: "text minus", "aria-label": "One minus A" }),
    card: h("section", { class: "card pinned", "aria-label": "One token in all texts" }),
    facts: h("section", { class: "card facts", "aria-label": "Agreement" }),
    changes: h("section", { class: "ranking changes", "aria-label": "Changes" }),
    tip: h("div", { class: "tip", hidden: "" }),
  };
  const bar = h("div", { class: "bar" }, el.tabs, el.scales, el.legend);
  const side = h("aside", { class: "side" }, el.card, el.facts);
  root.replaceChildren(el.causes, bar, el.weights, el.columns, h("div", { class: "cols" }, el.minus, side, el.changes), el.tip);
  const ui = { root, el, glossary: GLOSSARY_PAGE, rival: 0, component: "final", scale: "one", sort: "change", pin: null, hover: null, rows: FIRST_CHANGES, leader: null };
  listen(ui);
  return Object.assign(ui, globalThis[LEFT]);
}

function receive(ui, view) {
  const signature = JSON.stringify([view.columns.map((c) => c.tokens), view.spots]);
  const isNew = signature !== ui.signature;
  if (isNew) Object.assign(ui, { pin: null, rows: FIRST_CHANGES });
  if (ui.rival >= view.pairs.length) ui.rival = 0;
  Object.assign(ui, { view, signature, hover: null, spots: view.spots, kinds: view.pairs.map((pair) => kindsOf(pair, view.spots)) });
  ui.root.dataset.theme = isDark(ui.root) ? "dark" : "light";
  showTip(ui, null);
  keepFocus(ui, () => {
    if (isNew || !ui.strips) buildTexts(ui);
    drawHeads(ui);
    render(ui);
  });
}

/* Spot → what it is to A and the other of a pair; null where neither stands. */
function kindsOf(pair, spots) {
  const kinds = spots.map(() => null);
  for (const [kind, p] of pair.places) kinds[p] = kind;
  return kinds;
}

/* The letter of what is held against A, and what is subtracted at every spot. */
const other = (ui) => ui.view.columns[ui.rival + 1].letter;

function subtract(ui) {
  const compared = ui.shown?.pairs[ui.rival] ?? null;
  [ui.difference, ui.error] = [ui.spots.map(() => null), ui.spots.map(() => null)];
  if (compared) ui.view.pairs[ui.rival].places.forEach(([, p], k) => ([ui.difference[p], ui.error[p]] = [compared.difference[k], compared.error?.[k] ?? null]));
  ui.most = Math.max(0, ...ui.difference.map((d) => Math.abs(d ?? 0)));
  ui.order = sorted(ui, "change");
}

function render(ui) {
  const shown = ui.view.components.find((c) => c.name === ui.component && c.values);
  ui.shown = shown ?? ui.view.components.find((c) => c.values) ?? null;
  subtract(ui);
  if (ui.drawn !== ui.rival) fillMinus(ui);
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

/* A difference with its sign; of shares in percentage points. What is too small to be written has no sign. */
function signed(c, d) {
  const [sign, size] = [d < 0 ? "−" : "+", Math.abs(d)];
  if (size === 0) return "0";
  if (size < (isShare(c) ? 0.0005 : 0.001)) return "≈ 0";
  return sign + (isShare(c) ? (100 * size).toFixed(1) : number(size));
}

const unitOf = (c) => (isShare(c) ? "points" : c.unit);
const shortUnit = (c) => (isShare(c) ? "points" : c.name === "hessian" ? "nats/unit²" : "nats");

const withError = (c, d, error) => (error === undefined || error === null ? signed(c, d) : `${signed(c, d)} ± ${number(error, decimals(Math.abs(d)))}`);

/* Spots of A and the other. */
function sorted(ui, by) {
  const [a, b] = [ui.shown?.values[0], ui.shown?.values[ui.rival + 1]];
  const of = (values, i) => (i === null || !values ? -Infinity : values[i]);
  const size = {
    change: (p) => (ui.difference[p] === null ? -1 : Math.abs(ui.difference[p])),
    more: (p) => ui.difference[p] ?? -Infinity,
    less: (p) => -(ui.difference[p] ?? Infinity),
    a: (p) => of(a, ui.spots[p][0]),
    b: (p) => of(b, ui.spots[p][ui.rival + 1]),
    text: (p) => -p,
  }[by];
  return ui.view.pairs[ui.rival].places.map(([, p]) => p).sort((p, q) => (size(q) > size(p)) - (size(q) < size(p)) || p - q);
}

/* ---- what differs, and what is looked at ---- */

function drawCauses(ui) {
  const cell = (letter, text) => h("td", { "data-letter": letter }, h("bdi", {}, text));
  const pairs = ui.view.pairs.map(({ causes, verdict }, x) => {
    const letter = ui.view.columns[x + 1].letter;
    const row = ([what, a, b]) => h("tr", {}, h("th", { scope: "row" }, `different ${what}`), cell("A", a), cell(letter, b));
    const head = h("tr", {}, h("td"), h("th", { scope: "col" }, badge("A")), h("th", { scope: "col" }, badge(letter)));
    const table = causes.length ? h("table", {}, h("thead", {}, head), h("tbody", {}, ...causes.map(row))) : null;
    return h("div", {}, h("p", {}, ...(ui.view.pairs.length > 1 ? [badge(letter), " "] : []), verdict), table ?? "");
  });
  ui.el.causes.classList.toggle("many", pairs.length > 1);
  ui.el.causes.replaceChildren(...pairs);
}

const badge = (letter) => h("span", { class: "badge" }, letter);

function drawBar(ui) {
  const tabs = ui.view.components.map((c) => {
    const pick = () => choose(ui, { component: c.name });
    const lacks = ui.view.columns.some(({ method }) => method !== "HETA") ? "A part of HETA's score: not known of other methods." : "One of the two was saved before this was known.";
    const tip = c.values ? c.meaning : lacks;
    const props = { type: "button", "data-key": c.name, "data-tip": tip, "aria-pressed": ui.shown === c, disabled: !c.values, onclick: pick };
    return h("button", props, c.title, h("small", {}, c.plain));
  });
  ui.el.tabs.replaceChildren(...tabs);
  const forced = !!ui.shown && isForced(ui);
  const is = forced ? "own" : ui.scale;
  const scale = (name, title, tip) => h("button", { type: "button", "data-key": name, "data-tip": tip, "aria-pressed": is === name, disabled: forced && name === "one", onclick: () => choose(ui, { scale: name }) }, title);
  ui.el.scales.replaceChildren(
    scale("one", "One scale", forced ? UNITS_DIFFER : "The same colour is the same value in all texts that are scored in the same unit."),
    scale("own", "Each its own", "The highest value of each text has the full colour, however high it is.")
  );
  ui.el.weights.textContent = ui.view.weights;
  if (!ui.shown) return ui.el.legend.replaceChildren("Nothing of these is known on two sides yet.");
  const highest = tops(ui);
  const ramps = scales(ui).map((columns) => {
    const [top, letters] = [highest[columns[0]], columns.map((k) => ui.view.columns[k].letter)];
    const name = letters.length > 1 ? `${letters.slice(0, -1).join(", ")} and ${letters.at(-1)}` : badge(letters[0]);
    const isSigned = columns.some((k) => isTwoSided(ui, k));
    return h("span", { class: isSigned ? "scale diverging" : "scale" }, name, h("span", {}, isSigned ? written(ui.shown, -top) : "0"), h("i"), h("span", {}, written(ui.shown, top)));
  });
  const why = new Set(ui.shown.scales).size > 1 && is === (forced ? "own" : "one") ? h("span", {}, UNITS_DIFFER) : null;
  const against = ui.shown.values.some((_, k) => isTwoSided(ui, k)) ? h("span", { class: "side-of against" }, h("i"), "below 0: against the answer") : null;
  ui.el.legend.replaceChildren(...[...ramps, h("span", {}, ui.shown.unit), against, why].filter(Boolean));
}

const UNITS_DIFFER = "Methods measure in different units, so each unit has a colour scale of its own.";
const isTwoSided = (ui, k) => ui.shown.name === "final" && ui.view.columns[k].is_signed;
/* Columns that know the component, and those of them that share a colour scale. */
const knowing = (ui) => ui.shown.values.flatMap((values, k) => (values ? [k] : []));
const isForced = (ui) => new Set(knowing(ui).map((k) => ui.shown.scales[k])).size === knowing(ui).length;

function scales(ui) {
  if (ui.scale === "own" || isForced(ui)) return knowing(ui).map((k) => [k]);
  const by = new Map();
  for (const k of knowing(ui)) by.set(ui.shown.scales[k], [...(by.get(ui.shown.scales[k]) ?? []), k]);
  return [...by.values()];
}

function choose(ui, choice) {
  Object.assign(ui, choice);
  keepFocus(ui, () => render(ui));
}

/* What has the full colour in each text. */
function tops(ui) {
  const highest = ui.shown.values.map((values) => Math.max(0, ...(values ?? []).map(Math.abs)));
  for (const columns of scales(ui)) {
    const top = Math.max(...columns.map((k) => highest[k]));
    for (const k of columns) highest[k] = top;
  }
  return highest;
}

/* ---- the texts ---- */

function buildTexts(ui) {
  const letters = ui.view.columns.map((c) => c.letter);
  ui.strips = [...letters.map((letter) => textBox(ui, `The text of ${letter}, token by token`)), textBox(ui, "The difference, token by token")];
  ui.of = ui.spots.map(() => []);
  ui.drawn = null;
  const placeOf = ui.view.columns.map(() => new Map());
  ui.spots.forEach((units, p) => units.forEach((unit, c) => unit !== null && placeOf[c].set(unit, p)));
  ui.view.columns.forEach((column, c) => fillColumn(ui, column, ui.strips[c], placeOf[c]));
  ui.heads = letters.map(() => h("div", { class: "heading" }));
  const columns = ui.view.columns.map((column, c) => h("section", { class: "column", "aria-label": `${column.letter}: ${column.question}` }, ui.heads[c], ui.strips[c].box));
  ui.el.columns.replaceChildren(...columns);
  ui.el.columns.dataset.n = columns.length;
  ui.el.minusHead = h("div", { class: "bar" });
  ui.el.mass = h("p", { class: "said" });
  ui.el.minus.replaceChildren(ui.el.minusHead, ui.strips.at(-1).box, ui.el.mass);
}

/* What each column asks, of whom, and by which method. */
function drawHeads(ui) {
  const isMixed = ui.view.columns.some(({ method }) => method !== "HETA");
  ui.view.columns.forEach((column, c) => {
    const title = h("h2", {}, badge(column.letter), " ", h("span", { dir: "auto" }, column.question));
    ui.heads[c].replaceChildren(title, h("p", { class: "said" }, ...(isMixed ? [h("b", {}, column.method), " · "] : []), column.sure));
  });
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
      const chip = addChip(ui, strip, p, [...names, isExplained ? "explained" : ""], body);
      if (kind.startsWith("part")) chip.append(h("sup", {}, kind.slice(5)));
      nodes.push(lead, chip);
    }
    if (i === column.stop - 1 && column.is_observed) nodes.push(...foil);
    nodes.push(tail, h("wbr"));
  });
  if (column.start === column.tokens.length) nodes.push(...answer());
  strip.box.replaceChildren(...nodes);
}

/* A and the other at once, as a diff: what is in both stands once. */
function fillMinus(ui) {
  const strip = ui.strips.at(-1);
  for (const chip of strip.chips) ui.of[Number(chip.dataset.p)].pop(); // the last text that was filled
  Object.assign(strip, { chips: [], places: [], focus: 0 });
  const [one, two] = [ui.view.columns[0].tokens, ui.view.columns[ui.rival + 1].tokens];
  const nodes = [];
  ui.view.pairs[ui.rival].places.forEach(([kind, p]) => {
    const [a, b] = [ui.spots[p][0], ui.spots[p][ui.rival + 1]];
    const [lead, body, tail, type] = kind === ONLY_A ? one[a] : two[b];
    const names = [type.split(" ")[0], { [CHANGED]: "altered", [ONLY_A]: "alone gone", [ONLY_B]: "alone come" }[kind] ?? ""];
    const text = kind === CHANGED ? [h("s", {}, one[a][1]), " → ", body] : [kind === ONLY_A ? h("s", {}, body) : body];
    nodes.push(lead, addChip(ui, strip, p, names, ...text, h("sup", { class: "by" })), tail, h("wbr"));
  });
  strip.box.replaceChildren(...nodes);
  strip.box.setAttribute("aria-label", `${other(ui)} minus A, token by token`);
  ui.el.minus.setAttribute("aria-label", `${other(ui)} minus A`);
  ui.drawn = ui.rival;
}

function paint(ui) {
  const highest = ui.shown ? tops(ui) : [];
  const part = (value, top) => (top > 0 ? value / top : 0).toFixed(4);
  ui.strips.slice(0, -1).forEach((strip, c) => {
    const [values, kinds] = [ui.shown?.values[c], ui.kinds[c ? c - 1 : ui.rival]];
    strip.chips.forEach((chip, k) => {
      const p = strip.places[k];
      const value = values?.[ui.spots[p][c]] ?? 0;
      chip.style.setProperty("--v", part(Math.abs(value), highest[c]));
      chip.classList.toggle("against", value < 0);
      chip.classList.toggle("altered", kinds[p] === CHANGED);
      chip.classList.toggle("alone", kinds[p] === ONLY_A || kinds[p] === ONLY_B);
    });
    strip.box.classList.toggle("unknown", !!ui.shown && !values);
  });
  const minus = ui.strips.at(-1);
  const told = new Set(ui.order.slice(0, MARKED_CHANGES).filter((p) => ui.most > 0 && Math.abs(ui.difference[p] ?? 0) >= LEAST_MARKED * ui.most));
  minus.chips.forEach((chip, k) => {
    const p = minus.places[k];
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
  const [units, x] = [ui.spots[p], ui.rival + 1];
  if (ui.kinds[ui.rival][p] === CHANGED) return `${quoted(labelOf(ui, 0, units[0]))} → ${quoted(labelOf(ui, x, units[x]))}`;
  const c = units.findIndex((unit) => unit !== null);
  return quoted(labelOf(ui, c, units[c]));
}

/* How a spot stands to A and the other; where neither has it, whose it is. */
function stands(ui, p) {
  const kind = ui.kinds[ui.rival][p];
  if (kind === null) return `only in ${ui.view.columns[ui.spots[p].findIndex((unit) => unit !== null)].letter}`;
  return { [SAME]: ui.view.pairs.length > 1 ? `in A and ${other(ui)}` : "in both", [CHANGED]: "changed", [ONLY_A]: "only in A", [ONLY_B]: `only in ${other(ui)}` }[kind];
}

/* A place in words: what a screen reader says and the tip shows. */
function describe(ui, p) {
  const c = ui.shown;
  if (!c) return `${nameOf(ui, p)}, ${stands(ui, p)}`;
  const sides = ui.spots[p].map((i, k) => (i === null || !c.values[k] ? null : `${ui.view.columns[k].letter} ${written(c, c.values[k][i])}, rank ${c.ranks[k][i]}`));
  const rest = ui.difference[p] !== null ? `${other(ui)} minus A ${withError(c, ui.difference[p], ui.error[p])} ${unitOf(c)}` : c.pairs[ui.rival] ? "no partner" : null;
  return `${nameOf(ui, p)}, ${stands(ui, p)}: ${[...sides, rest].filter(Boolean).join("; ")}`;
}

function drawMinusLegend(ui) {
  const [c, x, compared] = [ui.shown, other(ui), ui.shown?.pairs[ui.rival]];
  const most = c ? signed(c, ui.most) : "";
  const least = c ? signed(c, -ui.most) : "";
  const scale = h("span", { class: "scale diverging" }, h("span", {}, `less in ${x} ${least}`), h("i"), h("span", {}, `${most} more in ${x}`));
  const alone = h("span", { class: "mark" }, h("i", { class: "hatch" }), " no partner: ", h("s", {}, "only in A"), ", ", h("u", {}, `only in ${x}`));
  const altered = h("span", { class: "mark" }, h("i", { class: "dashed" }), " another word in the same place");
  const legend = h("div", { class: "legend" }, scale, h("span", {}, c ? unitOf(c) : ""), alone, altered);
  const rivals = ui.view.columns.slice(1).map(({ letter }, k) => h("button", { type: "button", "data-key": `rival${k}`, "aria-pressed": ui.rival === k, onclick: () => choose(ui, { rival: k }) }, `${letter} − A`));
  const picker = rivals.length > 1 ? h("div", { class: "tabs scales", role: "group", "aria-label": "What is compared with A" }, ...rivals) : "";
  ui.el.minusHead.replaceChildren(h("h2", {}, `${x} minus A`), picker, compared ? legend : "");
  const lacks = c ? `${c.title} is a part of HETA's score and not known on both sides: choose the score to subtract.` : "";
  ui.el.mass.textContent = compared ? `Where ${c.title} lies. ${compared.masses.join(". ")}.` : lacks;
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
  const close = ui.pin === null ? null : h("button", { class: "x", type: "button", "data-key": "unpin", "aria-label": "Let go of the token", onclick: () => pinned(ui, null) }, "×");
  const why = ui.pin !== null ? "pinned" : ui.hover !== null ? "" : "the biggest change";
  ui.el.card.replaceChildren(
    h("header", {}, h("h2", {}, h("bdi", {}, nameOf(ui, p))), h("span", {}, [stands(ui, p), why].filter(Boolean).join(", ")), close ?? ""),
    h("table", {}, ...(ui.view.pairs.length > 1 ? columnRows(ui, p) : componentRows(ui, p))),
    h("p", { class: "hint" }, `Point at a token to see it in ${ui.view.pairs.length > 1 ? "all" : "both"} texts, click to pin it.`)
  );
}

const headRow = (...names) => h("thead", {}, h("tr", {}, h("td"), ...names.map((name) => h("th", { scope: "col" }, name))));
const valueCell = (c, k, unit) => (unit === null || !c.values[k] ? h("td", {}, "–") : h("td", {}, written(c, c.values[k][unit]), h("small", {}, `rank ${c.ranks[k][unit]}`)));

/* Of two columns every component. */
function componentRows(ui, p) {
  const at = ui.view.pairs[0].places.findIndex(([, spot]) => spot === p);
  const rows = ui.view.components.filter((c) => c.values).map((c) => {
    const d = c.pairs[0].difference[at];
    const minus = h("td", { class: "d" }, d === null ? "–" : withError(c, d, c.pairs[0].error?.[at]), h("small", {}, d === null ? "" : shortUnit(c)));
    return h("tr", { class: c === ui.shown ? "on" : null }, h("th", { scope: "row", "data-tip": c.meaning }, ...terms(ui, "card", c.title, { "data-tip": c.meaning })), valueCell(c, 0, ui.spots[p][0]), valueCell(c, 1, ui.spots[p][1]), minus);
  });
  return [headRow("A", "B", "B − A"), h("tbody", {}, ...rows)];
}

/* Of more the component that is looked at, in every column. */
function columnRows(ui, p) {
  const c = ui.shown;
  if (!c) return [];
  const rows = ui.view.columns.map(({ letter, labels }, k) => {
    const unit = ui.spots[p][k];
    const at = k ? ui.view.pairs[k - 1].places.findIndex(([, spot]) => spot === p) : -1;
    const d = c.pairs[k - 1]?.difference[at] ?? null;
    const minus = h("td", { class: "d" }, d === null ? (k ? "–" : "") : withError(c, d, c.pairs[k - 1].error?.[at]), h("small", {}, d === null ? "" : shortUnit(c)));
    const name = h("th", { scope: "row" }, badge(letter), " ", h("bdi", {}, unit === null ? "no partner" : short(labels[unit], 14)));
    return h("tr", { class: k === ui.rival + 1 ? "on" : null }, name, valueCell(c, k, unit), minus);
  });
  return [headRow(c.title, "minus A"), h("tbody", {}, ...rows)];
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
  const first = strip.chips.findIndex((chip) => chip.getBoundingClientRect().top >= top);
  if (first < 0) return;
  for (const { box } of ui.strips) {
    if (box === strip.box) continue;
    const partner = (k) => ui.of[strip.places[k]].find((chip) => chip.parentNode === box);
    let k = first;
    while (k < strip.chips.length && !partner(k)) k += 1;
    if (k === strip.chips.length) continue;
    const away = strip.chips[k].getBoundingClientRect().top - top;
    box.scrollTop += partner(k).getBoundingClientRect().top - box.getBoundingClientRect().top - away;
  }
}

/* ---- agreement and changes ---- */

function drawFacts(ui) {
  const named = (tip, inside) => h("dt", { "data-tip": tip, tabindex: inside.length > 1 ? null : 0 }, ...inside);
  const row = ([name, value, tip]) => [named(tip, terms(ui, "fact", name, { "data-tip": tip })), h("dd", {}, value)];
  const isMany = ui.view.pairs.length > 1;
  const lists = ui.view.pairs.flatMap(({ aligned, unlike }, x) => {
    const facts = [["The same token", aligned, "Tokens that are the same in both texts, found by a diff."], ...(ui.shown?.pairs[x]?.facts ?? [])];
    const isUnknown = isMany && ui.shown && !ui.shown.pairs[x];
    const told = isUnknown ? "Not known of one of the two." : unlike ?? (isMany ? null : "Only tokens that are the same in both count here.");
    return [isMany ? h("h3", {}, badge("A"), " and ", badge(ui.view.columns[x + 1].letter)) : "", h("dl", {}, ...facts.flatMap(row)), told ? h("p", { class: "hint" }, told) : ""];
  });
  const title = `How far ${isMany ? "they agree with A" : "A and B agree"}${ui.shown ? `: ${ui.shown.title}` : ""}`;
  ui.el.facts.replaceChildren(h("h2", {}, title), ...lists, isMany ? h("p", { class: "hint" }, "Only tokens that are the same in both of a pair count here.") : "");
}

function drawChanges(ui) {
  const [c, x] = [ui.shown, other(ui)];
  if (!c?.pairs[ui.rival]) return ui.el.changes.replaceChildren();
  const order = sorted(ui, ui.sort);
  const shown = order.slice(0, ui.rows);
  const options = Object.entries(SORTS).map(([name, title]) => h("option", { value: name, selected: name === ui.sort ? "" : null }, title(x)));
  const picker = h("select", { "data-key": "sort", "aria-label": "Order of the list", onchange: (e) => choose(ui, { sort: e.target.value }) }, ...options);
  const head = ["token", "A", x, "", `${x} − A, ${shortUnit(c)}`].map((name, k) => h(name ? "th" : "td", { scope: name ? "col" : null, class: k ? "num" : null }, name));
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
  const [kind, units] = [ui.kinds[ui.rival][p], [ui.spots[p][0], ui.spots[p][ui.rival + 1]]];
  const d = ui.difference[p];
  const cell = (k) => h("td", { class: "num" }, units[k] === null ? "–" : written(c, c.values[k ? ui.rival + 1 : 0][units[k]]));
  const half = ui.most > 0 && d !== null ? (50 * Math.abs(d)) / ui.most : 0;
  const bar = h("i", { class: d < 0 ? "against" : "for", style: `width:${half.toFixed(2)}%;${d < 0 ? "right" : "left"}:50%` });
  const name = h("button", { type: "button", "data-key": `row${p}`, "aria-pressed": ui.pin === p }, h("bdi", {}, nameOf(ui, p)));
  const note = kind === SAME ? null : h("small", { class: kind === CHANGED ? "altered" : "alone" }, stands(ui, p));
  const classes = [ui.pin === p ? "pin" : "", ui.hover === p ? "look" : ""].join(" ").trim();
  return h(
    "tr",
    { "data-p": p, class: classes || null },
    h("td", { class: "name" }, name, note),
    cell(0),
    cell(1),
    h("td", { class: "bars" }, h("div", { class: "between" }, d === null ? "" : bar)),
    h("td", { class: "num d" }, d === null ? "no partner" : withError(c, d, ui.error[p]))
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
