/* What is explained where it is more than one token: spans and their edges, contrasts and their two sides. */

const isContrast = (ui) => ui.view.target.foil !== null;

/* The explained tokens that stand in the text, as [start, stop), or null; those asked for come before those shown. */
function spanOf(ui) {
  const { target } = ui.view;
  return ui.wanted ?? (target.is_observed ? [target.start, target.stop] : null);
}

function askSpan(ui, start, stop) {
  asking(ui, ui.view.labels.slice(start, stop).join(" "), [start, stop]);
  ui.send({ kind: "target", position: start, stop, token_id: null, foil: null });
}

/* What is explained now rather than one candidate; of a span its first token. */
function askFoil(ui, { token_id, label }) {
  const { target, prediction } = ui.view;
  asking(ui, `${prediction.tokens[0].label} rather than ${label}`);
  ui.send({ kind: "target", position: target.start, stop: null, token_id: target.token_id, foil: [token_id] });
}

function askRather(ui, text, whole) {
  asking(ui, `${ui.view.target.label} rather than ${text.trim()}`);
  ui.send({ kind: "rather", text, whole });
}

function askExchanged(ui) {
  const { label, foil } = ui.view.target;
  asking(ui, `${foil} rather than ${label}`);
  ui.send({ kind: "exchange" });
}

function askWithoutFoil(ui) {
  const { label, start, stop, token_id } = ui.view.target;
  asking(ui, label);
  const isOne = stop === start + 1;
  ui.send({ kind: "target", position: start, stop: isOne ? null : stop, token_id: isOne ? token_id : null, foil: null });
}

/* The heading says at once what is being asked, and the strip which tokens. */
function asking(ui, label, span = null) {
  Object.assign(ui, { asking: label, wanted: span, askedFrom: JSON.stringify([ui.view.tokens, ui.view.target]) });
  keepFocus(ui, () => {
    drawHead(ui);
    paintStrip(ui);
  });
}

/* Shift and a click: to the clicked token; on the first or last of the span, one token less there. */
function extendTo(ui, i) {
  const span = spanOf(ui);
  if (i === 0) return;
  if (!span) return ui.onSpan(ui, i, i + 1);
  const [start, stop] = span;
  const isMany = stop - start > 1;
  if (i < start) ui.onSpan(ui, i, stop);
  else if (i === start && isMany) ui.onSpan(ui, start + 1, stop);
  else if (i === stop - 1 && isMany) ui.onSpan(ui, start, stop - 1);
  else if (i !== start) ui.onSpan(ui, start, i + 1);
}

/* Shift and an arrow: the span's end moves; without a span one begins at the token in focus. */
function moveEnd(ui, at, by) {
  const [start, stop] = spanOf(ui) ?? [Math.max(1, at), Math.max(1, at) + (by > 0 ? 1 : 2)];
  const end = stop + by;
  if (end <= start || end > ui.view.tokens.length) return;
  ui.onSpan(ui, start, end);
  moveTo(ui, end - 1);
}

/* The buttons at one edge of the explained tokens: outwards, and inwards where more than one is left. */
function edge(ui, side) {
  const { target, tokens } = ui.view;
  const [isFirst, length] = [side === "start", target.stop - target.start];
  const move = (by) => () => {
    const [start, stop] = spanOf(ui);
    const [from, to] = isFirst ? [start - by, stop] : [start, stop + by];
    if (from >= 1 && from < to && to <= tokens.length) ui.onSpan(ui, from, to);
  };
  const button = (title, by, name) =>
    h("button", { type: "button", "data-key": `${side}${title}`, "aria-label": name, "data-tip": name, onclick: move(by) }, title);
  const room = isFirst ? target.start > 1 : target.stop < tokens.length;
  const more = room ? button("+", 1, isFirst ? "Explain one word more, before" : "Explain one word more, after") : null;
  const less = length > 1 ? button("−", -1, isFirst ? "Leave out the first word" : "Leave out the last word") : null;
  return h("span", { class: "edge" }, ...(isFirst ? [more, less] : [less, more]));
}

/* Which side of a contrast token i speaks for: 1 for what is said, −1 for the foil, 0 for neither, null not known. */
function sideOf(ui, i) {
  const effect = ui.view.masked?.effect[i];
  if (!isContrast(ui) || effect === undefined) return null;
  return Math.abs(effect) < LEAST_EFFECT ? 0 : Math.sign(effect);
}

const SIDES = { 1: "for", "-1": "against", 0: "neither" };

const signed = (value) => (value > 0 ? "+" : "") + number(value);

function effectOf(ui, i) {
  const side = sideOf(ui, i);
  if (side === null) return "…";
  if (side === 0) return `|Δ| < ${LEAST_EFFECT}`;
  const { label, foil } = ui.view.target;
  return `${signed(ui.view.masked.effect[i])} for ${short(side > 0 ? label : foil)}`;
}
