/* How the text is read: the line of controls under the components, what the scale says, and the card of a piece. */

const MOST_MEMBERS = 60; // tokens that the card of a piece lists
const GAINS = { least: -2, most: 4 }; // powers of two by which the colour is weaker or stronger

/* ---- the controls ---- */

function drawReading(ui) {
  const { unread, readings, scored } = ui.view;
  const made = JSON.stringify([Object.keys(readings), unread, scored, readingOf(ui), ui.drawing === null ? null : ui.drawing === "first", readingOf(ui) === "segments" && stretches(ui).length]);
  if (ui.readingMade !== made) ui.el.reading.replaceChildren(...readingControls(ui));
  ui.readingMade = made;
  const { gain, boxes, unframed } = chosen();
  const find = (key) => ui.el.reading.querySelector(`[data-key="${key}"]`);
  find("reading").value = readingOf(ui);
  if (find("gain").value !== String(gain)) find("gain").value = gain;
  find("gain").nextSibling.textContent = strength(gain);
  find("gain").setAttribute("aria-valuetext", `${strength(gain)}: ${fullColour(ui)}`);
  find("astext").setAttribute("aria-pressed", !boxes);
  find("asboxes").setAttribute("aria-pressed", boxes);
  find("unframed").checked = unframed;
  ui.root.classList.toggle("boxes", boxes);
}

const strength = (gain) => (gain < 0 ? `÷${2 ** -gain}` : `×${2 ** gain}`);

function readingControls(ui) {
  const button = (key, title, onclick, tip = null) => h("button", { type: "button", "data-key": key, "data-tip": tip, onclick }, title);
  const hasIt = (name) => name === "tokens" || name === "segments" || ui.view.readings[name];
  const title = (name) => (name === "tokens" && hasBlocks(ui) ? `${capital(ui.view.scored.many)}, as scored` : READINGS[name][0]);
  const options = Object.keys(READINGS).filter(hasIt).map((name) => h("option", { value: name }, title(name)));
  const select = h("select", { "data-key": "reading", onchange: (e) => readAs(ui, e.target.value) }, ...options);
  const drag = (e) => {
    chosen().gain = Number(e.target.value);
    regather(ui);
  };
  const range = h("input", { type: "range", min: GAINS.least, max: GAINS.most, step: 1, "data-key": "gain", "aria-label": "Strength of the colour", oninput: drag });
  const put = (name) => (value) => ((chosen()[name] = value), regather(ui));
  const boxes = put("boxes");
  const look = h("span", { class: "look", role: "group", "aria-label": "How tokens are drawn" }, button("astext", "Text", () => boxes(false), "Running text"), button("asboxes", "Chips", () => boxes(true), "A box for every token, with its number; of a piece with its sum"));
  const tick = h("input", { type: "checkbox", "data-key": "unframed", onchange: (e) => put("unframed")(e.target.checked) });
  return [
    h("label", { "data-tip": "Numbers of tokens added up over words, sentences, lines or what you mark. Nothing is computed anew." }, "Read as ", select),
    h("label", { "data-tip": "Strength of the colour alone: no number changes. What takes the full colour is said beside the scale." }, "Colour ", range, h("output", {})),
    look,
    h("label", { "data-tip": "The first token, special tokens and a chat's template often draw attention whatever the text says. This takes them off the colour scale and hatches them. They stay in every number, sum and rank." }, tick, " First and template tokens off the scale"),
    ...markControls(ui, button),
    ...notOffered(ui),
  ];
}

const capital = (text) => text[0].toUpperCase() + text.slice(1);

function readAs(ui, reading) {
  chosen().reading = reading;
  Object.assign(ui, { alone: false, drawing: reading === "segments" && !stretches(ui).length ? "first" : null });
  regather(ui);
}

/* What belongs to marking, where the reader's own segments are read. */
function markControls(ui, button) {
  if (readingOf(ui) !== "segments") return [];
  const n = stretches(ui).length;
  const says = ui.drawing === null ? null : `Choose the ${ui.drawing === "first" ? "first" : "last"} token: click it, or arrows and Enter. Esc ends.`;
  // The button that is pressed goes: the keyboard goes on where the stretch is chosen, or chooses what is read.
  const begin = () => ((ui.drawing = "first"), repaint(ui), moveTo(ui, ui.focus));
  const mark = button("stretch", n ? "Mark another" : "Mark one", begin, "Marks stay in this browser, for this visit");
  const clear = button("unmark", n > 1 ? `Clear all ${n}` : "Clear it", () => (keepStretches(ui, []), ui.el.reading.querySelector("select").focus()));
  return [h("span", { class: "marks" }, says ? h("span", { class: "marking", role: "status" }, says) : mark, n ? clear : null)];
}

/* Why a reading is not there. */
function notOffered(ui) {
  const names = {};
  for (const [name, reason] of Object.entries(ui.view.unread)) (names[reason] ??= []).push(READINGS[name][0]);
  return Object.entries(names).map(([reason, all]) => h("span", { class: "unread" }, `Not offered: ${all.join(" and ").toLowerCase()}, because ${reason}.`));
}

/* ---- the scale ---- */

/* Which value takes the full colour, and what is above or below it. */
function fullColour(ui) {
  if (!ui.shown || !(ui.highest > 0)) return "no colour: nothing to draw";
  const { gain } = chosen();
  const told = (value) => `${amount(ui, value)} ${words(ui, ui.shown).unit}`;
  if (gain < 0) return `the highest, ${told(ui.highest)}, takes ${percent(2 ** gain, 0)} of the full colour`;
  if (gain === 0) return `full colour: ${told(ui.full)}, the highest`;
  const [one, many] = piecesOf(ui);
  const n = ui.units.filter((unit) => unit.onScale > ui.full * (1 + 1e-9)).length;
  return `full colour from ${told(ui.full)} up: ${n} ${n === 1 ? one : many} above it, clipped`;
}

/* The bar of the scale, from 0 to the full colour or as far as the highest value gets, and what it means. */
function scaleOf(ui) {
  const { gain } = chosen();
  const name = ui.shown === "final" ? ui.view.scalings[ui.weights.scaling] : words(ui, ui.shown).title;
  const summed = readingOf(ui) === "tokens" ? "" : `, summed by ${piecesOf(ui)[0]}`;
  const bar = h("i", { style: `--far:${Math.min(1, 2 ** gain)}` });
  return h("span", { class: "scale" }, `${name}${summed}: `, h("span", {}, "0"), bar, h("span", { class: "full" }, fullColour(ui)));
}

/* How much of what is drawn has no colour, because it was taken off the scale. */
function offScale(ui) {
  if (!chosen().unframed || !ui.shown) return [];
  const n = ui.off.size;
  const [one, many] = hasBlocks(ui) ? [ui.view.scored.one, ui.view.scored.many] : ["token", "tokens"];
  const all = sum(ui.values);
  const part = all > 0 ? sum([...ui.off].map((i) => ui.values[i])) / all : 0;
  const of = { final: "the score", transition: "the flow" }[ui.shown] ?? `the summed ${words(ui, ui.shown).title}`;
  const told = n ? ` ${n} ${n === 1 ? one : many} with ${percent(part, 0)} of ${of} ${n === 1 ? "is" : "are"} off the scale` : ` no ${one} is off the scale here`;
  return [h("span", { class: "offscale" }, h("i"), told)];
}

/* ---- painting ---- */

/* The first token of a unit that is drawn several times over its chips, and what binds them. */
function paintUnits(ui) {
  const { n_context } = ui.view;
  const looked = ui.pin === null && ui.hover !== null && ui.hover < n_context ? ui.unitOf[ui.hover] : null;
  const pinned = ui.pin !== null && !ui.alone ? ui.unitOf[ui.pin] : null;
  const { seen } = ui;
  const { boxes } = chosen();
  const isOne = (i, j) => i !== undefined && j !== undefined && i < n_context && j < n_context && ui.unitOf[i] === ui.unitOf[j];
  seen.forEach((i, k) => {
    const [chip, unit] = [ui.chips[i], i < n_context ? ui.unitOf[i] : null];
    const [joins, joined] = [isOne(seen[k - 1], i), isOne(i, seen[k + 1])];
    paintOne(ui, chip, unit, ui.off.has(i));
    chip.classList.toggle("joins", joins);
    chip.classList.toggle("joined", joined);
    chip.classList.toggle("many", joins || joined);
    chip.classList.toggle("pin", ui.alone ? ui.pin === i : unit !== null && unit === pinned);
    chip.classList.toggle("look", unit !== null && unit === looked);
    if (boxes) chip.dataset.num = unit && ui.shown && !joins ? amount(ui, unit.value) : "";
  });
  for (const gap of ui.gaps) {
    const { node, before, after } = gap;
    const isInside = isOne(before, after);
    if (!isInside && !gap.wasInside) continue;
    gap.wasInside = isInside;
    const unit = isInside ? ui.unitOf[after] : null;
    node.classList.toggle("many", isInside);
    paintOne(ui, node, unit, isInside && (ui.off.has(before) || ui.off.has(after)));
    node.classList.toggle("pin", isInside && unit === pinned);
    node.classList.toggle("look", isInside && unit === looked);
    if (isInside) node.dataset.i = after;
    else delete node.dataset.i;
  }
}

function paintOne(ui, node, unit, isOff) {
  const depth = unit && !isOff && ui.full > 0 ? Math.min(1, unit.onScale / ui.full) : 0;
  node.style.setProperty("--v", depth.toFixed(4));
  if (isContrast(ui)) {
    const side = unit ? SIDES[unitSide(ui, unit)] : null;
    for (const name of Object.values(SIDES)) node.classList.toggle(name, side === name);
  }
  node.classList.toggle("off", isOff);
}

/* ---- the card of a piece ---- */

function drawUnit(ui, unit) {
  const { view } = ui;
  const n = unit.stop - unit.start;
  const isPinned = ui.pin !== null;
  const state = isPinned ? "pinned" : ui.hover !== null ? "preview" : "first of the ranking";
  const x = { type: "button", class: "x", "data-key": "unpin", "aria-label": "Unpin", onclick: () => pin(ui, null) };
  const title = h("header", {}, h("h2", { dir: "auto" }, quoted(short(unitLabel(ui, unit), LONGEST_TITLE))), h("span", {}, [ui.shown ? placeOf(ui, unit.start) : "", state].filter(Boolean).join(" · ")), isPinned ? h("button", x, "×") : null);
  const cell = (value, label) => h("div", {}, h("b", {}, value), h("small", {}, label));
  const bar = () => h("span", { class: "sign" }, "|");
  const terms = h(
    "div",
    { class: "terms" },
    ...(view.is_gated ? [cell(view.transition ? number(total(view.transition, unit)) : "…", "Σ Transition"), bar()] : []),
    cell(view.hessian ? summedHessian(ui, unit) : "…", "Σ Hessian"),
    bar(),
    cell(view.kl ? number(total(view.kl, unit)) : "…", `Σ ${words(ui, "kl").title}`)
  );
  const parts = hasBlocks(ui) ? view.scored.many : "tokens";
  const score = ui.final ? `: ${percent(total(ui.final.shares, unit), 0)} of the score` : "; the score follows when all of them are known";
  const side = isContrast(ui) && view.masked ? h("p", { class: "sum" }, `Δ of its ${parts} added up: ${unitEffect(ui, unit).replace("Σ ", "")}.`) : null;
  const error = errorUnknown(ui, unit);
  const said = [h("p", { class: "sum" }, `Sum of ${n} ${parts}${score}. Each was masked and probed by itself.`), side, error ? h("p", { class: "sum" }, error) : null];
  ui.el.card.replaceChildren(title, terms, ...said.filter(Boolean), members(ui, unit), ...unitLinks(ui, unit, parts));
}

/* The tokens of a unit with what is drawn of each; a click shows that token's own card. */
function members(ui, unit) {
  const all = membersOf(unit);
  const most = ui.values ? Math.max(...all.map((i) => ui.values[i])) : 0;
  const listed = all.length <= MOST_MEMBERS ? all : [...all].sort((i, j) => (ui.values ? ui.values[j] - ui.values[i] : 0) || i - j).slice(0, MOST_MEMBERS).sort((i, j) => i - j);
  const items = listed.map((i) => {
    const bar = h("span", { class: "track" }, h("i", { style: `width:${most > 0 ? ((100 * ui.values[i]) / most).toFixed(2) : 0}%` }));
    const value = ui.shown ? amount(ui, ui.values[i]) : "…";
    return h("li", {}, h("button", { type: "button", "data-key": `m${i}`, onclick: () => pin(ui, i, true) }, h("bdi", {}, ui.view.labels[i]), bar, h("span", { class: "num" }, value)));
  });
  const name = ui.shown ? words(ui, ui.shown).title : "";
  if (listed.length < all.length) {
    const rest = ui.values ? `, together ${amount(ui, unit.value - sum(listed.map((i) => ui.values[i])))} ${words(ui, ui.shown).unit}` : "";
    items.push(h("li", { class: "hint" }, `${all.length - listed.length} more, lower ones${rest}; in the text and the ranking by tokens.`));
  }
  return h("ol", { class: "members", "aria-label": `What it is the sum of${name ? `, ${name}` : ""}` }, ...items);
}

function unitLinks(ui, unit, parts) {
  const link = (key, title, onclick) => h("button", { type: "button", class: "link", "data-key": key, onclick }, title);
  const marked = readingOf(ui) === "segments" ? stretches(ui) : [];
  const isMarked = marked.some(([start]) => start === unit.start);
  const remove = () => (keepStretches(ui, marked.filter(([start]) => start !== unit.start)), moveTo(ui, unit.start));
  return [
    h("p", { class: "hint" }, `What masking all ${unit.stop - unit.start} at once would do is another question: no sum tells it, only the model.`),
    ui.onBlocks ? link("recompute", "Recompute as blocks →", () => ui.onBlocks(ui)) : null,
    isMarked ? link("unmarkone", "Remove this segment", remove) : null,
    h("p", { class: "hint" }, ui.pin === null ? "Click it to keep it here." : `Esc lets go of it; a click on one of the ${parts} above shows its own card.`),
  ].filter(Boolean);
}

/* From the card of one token back to that of its piece. */
function backToUnit(ui, i) {
  if (!ui.alone) return [];
  const label = h("bdi", {}, quoted(short(unitLabel(ui, ui.unitOf[i]))));
  return [h("button", { type: "button", class: "link", "data-key": "whole", onclick: () => pin(ui, i) }, h("span", {}, "← all of ", label))];
}
