/* A reading: the text in pieces, each of which sums the numbers of its tokens. All of it happens here.

   Where pieces begin comes from the server (heta_core/views/reading.py), but for what the reader marks. From the first
   explained token on every token stands alone. A sum is not what a piece does when it is masked whole: that is a question
   to the model, see `askBlocks`. */

const READINGS = {
  tokens: ["Tokens", "token", "tokens"],
  words: ["Words", "word", "words"],
  sentences: ["Sentences", "sentence", "sentences"],
  lines: ["Lines", "line", "lines"],
  segments: ["My segments", "piece", "pieces"],
};

/* What a reader has chosen about looking holds for the visit: on every page, and when a component is put up anew. */
const CHOSEN = "hetaReading";
const chosen = () => (globalThis[CHOSEN] ??= { reading: "tokens", gain: 0, boxes: false, unframed: false, marked: new Map() });

/* The reading that is drawn: the one chosen, where this result has it. */
function readingOf(ui) {
  const { reading } = chosen();
  return reading === "segments" || ui.view.readings[reading] ? reading : "tokens";
}

/* What pieces are called: those of the tokens' own reading are what was scored. */
function piecesOf(ui) {
  const { one, many } = ui.view.scored;
  const reading = readingOf(ui);
  return reading === "tokens" && hasBlocks(ui) ? [one, many] : READINGS[reading].slice(1);
}

/* Up to here tokens are put together. */
const summedUpTo = ({ view: { n_context, target } }) => Math.min(n_context, target.start);

const spelledStarts = (ui) => ui.view.readings.spelled.filter((start) => start < summedUpTo(ui));

function unitStarts(ui) {
  const reading = readingOf(ui);
  const last = summedUpTo(ui);
  if (reading === "tokens") return spelledStarts(ui);
  if (reading !== "segments") return ui.view.readings[reading].filter((start) => start < last);
  const inside = new Set(stretches(ui).flatMap(([start, stop]) => Array.from({ length: stop - start - 1 }, (_, k) => start + 1 + k)));
  return spelledStarts(ui).filter((start) => !inside.has(start));
}

/* The pieces of the context with what is drawn of them, in `ui.units`, by rank in `ui.ranked`, and of each token in
   `ui.unitOf`. `ui.most` is the highest value, `ui.full` the one that takes the full colour. */
function gather(ui) {
  const n = ui.view.n_context;
  const starts = unitStarts(ui);
  for (let i = summedUpTo(ui); i < n; i += 1) starts.push(i);
  ui.off = new Set(chosen().unframed ? ui.view.framing.filter((i) => i < n) : []);
  ui.unitOf = [];
  ui.units = starts.map((start, k) => {
    const unit = { start, stop: starts[k + 1] ?? n, value: 0, onScale: 0 };
    for (let i = start; i < unit.stop; i += 1) {
      ui.unitOf[i] = unit;
      unit.value += ui.values?.[i] ?? 0;
      if (!ui.off.has(i)) unit.onScale += ui.values?.[i] ?? 0;
    }
    return unit;
  });
  ui.ranked = ui.values ? [...ui.units].sort((a, b) => b.value - a.value || a.start - b.start) : [...ui.units];
  ui.ranked.forEach((unit, k) => (unit.rank = k + 1));
  ui.most = ui.units.reduce((most, unit) => Math.max(most, unit.value), 0);
  ui.highest = ui.units.reduce((most, unit) => Math.max(most, unit.onScale), 0);
  ui.full = ui.highest / 2 ** chosen().gain;
}

const isSeveral = (unit) => unit.stop - unit.start > 1;
const membersOf = ({ start, stop }) => Array.from({ length: stop - start }, (_, k) => start + k);

function total(values, { start, stop }) {
  let found = 0;
  for (let i = start; i < stop; i += 1) found += values[i];
  return found;
}

/* What a unit spells, on one line. */
function unitLabel(ui, unit) {
  if (!isSeveral(unit)) return ui.view.labels[unit.start];
  return (unit.label ??= spellUnit(ui, unit));
}

function spellUnit(ui, unit) {
  const parts = membersOf(unit).map((i) => {
    const [lead, body, tail, kind] = ui.view.tokens[i];
    return (i > unit.start ? lead : "") + body + (i < unit.stop - 1 && kind !== "space" ? tail : "");
  });
  return parts.join("").trim().replace(/\s*\n\s*/g, " ⏎ ");
}

/* Probes of different tokens are drawn apart, so their errors add as squares; where tokens share them nothing is known. */
function unitError(ui, unit) {
  const { hessian_error, shared } = ui.view;
  const errors = hessian_error.slice(unit.start, unit.stop);
  const isOne = (isShared) => isSeveral(unit) && isShared;
  if (errors.includes(null) || shared?.slice(unit.start, unit.stop).some(isOne)) return null;
  return Math.hypot(...errors);
}

function summedHessian(ui, unit) {
  if (!isSeveral(unit)) return withError(ui, unit.start);
  const [value, error] = [total(ui.view.hessian, unit), unitError(ui, unit)];
  return `${number(value)} ± ${error === null ? "?" : number(error, decimals(value))}`;
}

/* Why the error of a sum is not known. */
function errorUnknown(ui, unit) {
  if (!ui.view.hessian || unitError(ui, unit) !== null) return null;
  const isShared = ui.view.shared?.slice(unit.start, unit.stop).some(Boolean);
  return `The error of the Hessian's sum is not known: ${isShared ? "tokens of it share probes, so their errors are not independent" : "a token of it had only one probe"}.`;
}

/* An amount of the component that is drawn. */
const amount = (ui, value) => (ui.shown === "final" ? percent(value, 0) : ui.shown === "transition" ? percent(value) : number(value));

function measuredUnit(ui, unit) {
  if (!ui.shown || !isSeveral(unit)) return measured(ui, unit.start);
  const { unit: name } = words(ui, ui.shown);
  return `${ui.shown === "hessian" ? summedHessian(ui, unit) : amount(ui, unit.value)} ${name}`;
}

/* Where the unit of token i stands among all, or the token by itself where its own card is looked at. */
function placeOf(ui, i, isAlone = ui.alone) {
  if (isAlone) return `rank ${ui.rank[i]} of ${ui.view.n_context} ${hasBlocks(ui) ? ui.view.scored.many : "tokens"}`;
  return `rank ${ui.unitOf[i].rank} of ${ui.units.length}${readingOf(ui) === "tokens" ? "" : ` ${piecesOf(ui)[1]}`}`;
}

/* Which side of a contrast the tokens of a unit speak for, their Δ added up. */
function unitSide(ui, unit) {
  if (!isSeveral(unit)) return sideOf(ui, unit.start);
  if (!isContrast(ui) || !ui.view.masked) return null;
  const effect = total(ui.view.masked.effect, unit);
  return Math.abs(effect) < LEAST_EFFECT ? 0 : Math.sign(effect);
}

function unitEffect(ui, unit) {
  if (!isSeveral(unit)) return effectOf(ui, unit.start);
  const side = unitSide(ui, unit);
  if (side === null) return "…";
  if (side === 0) return `|ΣΔ| < ${LEAST_EFFECT}`;
  const { label, foil } = ui.view.target;
  return `Σ ${signed(total(ui.view.masked.effect, unit))} for ${short(side > 0 ? label : foil)}`;
}

/* ---- stretches that the reader marks ---- */

const textKey = (ui) => JSON.stringify(ui.view.labels);

/* Those of this text, up to what is explained. */
function stretches(ui) {
  const last = summedUpTo(ui);
  const all = chosen().marked.get(textKey(ui)) ?? [];
  return all.filter(([start]) => start < last).map(([start, stop]) => [start, Math.min(stop, last)]);
}

function keepStretches(ui, all) {
  chosen().marked.set(textKey(ui), all.sort(([a], [b]) => a - b));
  regather(ui);
}

function regather(ui) {
  gather(ui);
  repaint(ui);
}

/* The first token of a stretch is chosen, or the last; what it overlaps gives way to it. */
function markStretch(ui, i) {
  if (i >= summedUpTo(ui)) return;
  ui.focus = i;
  if (ui.drawing === "first") {
    ui.drawing = i;
    return repaint(ui);
  }
  const [first, last] = [Math.min(i, ui.drawing), Math.max(i, ui.drawing)];
  const edges = [...spelledStarts(ui), summedUpTo(ui)]; // a character is in or out as a whole
  const [start, stop] = [edges.findLast((edge) => edge <= first), edges.find((edge) => edge > last)];
  Object.assign(ui, { drawing: null, pin: start, alone: false });
  keepStretches(ui, [...stretches(ui).filter(([a, b]) => b <= start || a >= stop), [start, stop]]);
}

function stopDrawing(ui) {
  ui.drawing = null;
  repaint(ui);
}

/* ---- the question to the model that a sum does not answer ---- */

function askBlocks(ui) {
  const reading = readingOf(ui);
  if (GROUPED.includes(reading)) {
    ui.scoring = reading;
    return ui.send({ kind: "scored", text: reading });
  }
  const pieces = reading === "segments" ? stretches(ui) : ui.units.map(({ start, stop }) => [start, stop]);
  ui.send({ kind: "blocks", stretches: pieces.filter(([start, stop]) => stop - start > 1) });
}

const GROUPED = ["words", "sentences"]; // what the server can cut by a rule
