/* Eq. 5 made visible: what the score of a token is made of as a waterfall, and whether any score stands out. */

/* The terms of token i as `mix` weighed them: its score is gate · (hessian + kl). Errors are those of its own Hessian,
   the sums of the balanced scaling taken as known; null where the standard error is not known. */
function termsOf(ui, i) {
  const { hessian, hessian_error, kl } = ui.view;
  const { beta, gamma } = ui.weights;
  const { s, k } = ui.final;
  const known = hessian_error[i] !== null;
  const terms = { gate: gatesOf(ui.view)[i], hessian: (beta * hessian[i]) / s, kl: (gamma * kl[i]) / k };
  const strength = terms.hessian + terms.kl;
  const error = known ? (beta * hessian_error[i]) / s : null;
  return { ...terms, strength, error, score: terms.gate * strength, scoreError: known ? terms.gate * error : null };
}

/* What has a score, one and many: tokens, whichever way they are read, or the blocks that were scored. */
function scoredNames(ui) {
  const { one, many } = ui.view.scored;
  return hasBlocks(ui) ? [one, many] : ["token", "tokens"];
}

/* What stands out: heta_core/views/standing.py says why. Null where every score is zero. */
function standing(ui) {
  const { shares, total } = ui.final;
  if (!(total > 0)) return null;
  const unit = shares.reduce((best, share, i) => (share > shares[best] ? i : best), 0);
  const { score, scoreError } = termsOf(ui, unit);
  const lowered = Math.max(0, score - (scoreError ?? 0));
  const others = sum(shares.map((share, i) => (i === unit ? 0 : share))) * total;
  const part = others > 0 ? lowered / (lowered + others) : 1;
  const byChance = sum(shares.map((_, i) => 1 / (i + 1))) / shares.length;
  const spread = Math.exp(-sum(shares.map((share) => (share > 0 ? share * Math.log(share) : 0))));
  return { unit, share: shares[unit], lowered: part, byChance, spread, isFlat: part < byChance };
}

/* Said above the ranking where nothing in it stands out. */
function drawStanding(ui) {
  const { final, el, view } = ui;
  const found = final?.standing;
  el.flat.hidden = !final || Boolean(found && !found.isFlat);
  if (el.flat.hidden) return el.flat.replaceChildren();
  const [one, many] = scoredNames(ui);
  if (!found) return el.flat.replaceChildren(h("b", {}, "Every score is zero"), `: no ${one} can be named.`);
  const name = h("bdi", {}, quoted(short(view.labels[found.unit])));
  const [holds, chance, n] = [percent(found.share), percent(found.byChance), view.n_context];
  const lowered = found.share >= found.byChance ? ` (${percent(found.lowered)} with its Hessian one standard error lower)` : "";
  const why = `A ${one} stands out when its share, with its Hessian one standard error lower, is at least what the largest of ${n} parts holds on average if chance divides the score.`;
  const marks = { "data-tip": why, tabindex: 0, "data-key": "flat", "data-spread": found.spread, "data-lowered": found.lowered, "data-chance": found.byChance };
  const told = h("span", marks, h("b", {}, `No ${one} stands out`), ": the highest, ", name, `, holds ${holds}${lowered}; chance alone would give the largest of ${n} parts ${chance}.`);
  el.flat.replaceChildren(told, ` The score is spread as over ${number(found.spread)} equal ${many}.`);
}

/* ---- the waterfall ---- */

const FALL = { row: 33, bar: 9, text: 12, letters: 42 }; // px, and how many letters fit beside one another

function waterfall(ui, i) {
  const { view, weights, final } = ui;
  const t = termsOf(ui, i);
  const highest = peaks(ui);
  const balanced = weights.scaling === "unit";
  const over = (total) => (balanced && total !== 1 ? ` ÷ ${precise(total)}` : "");
  const strength = Math.max(highest.strength, t.strength + (t.error ?? 0)) || 1;
  const score = Math.max(highest.score, t.score + (t.scoreError ?? 0)) || 1;
  const [a, ab] = [t.hessian / strength, t.strength / strength];
  const rows = [
    { name: "hessian", label: `${weights.beta.toFixed(2)} × Hessian ${preciseWithError(view.hessian[i], view.hessian_error[i])}${over(final.s)}`, value: t.hessian, bars: [["hessian", 0, a]] },
    { name: "kl", label: `+ ${weights.gamma.toFixed(2)} × ${words(ui, "kl").title} ${precise(view.kl[i])}${over(final.k)}`, value: t.kl, bars: [["kl", a, ab]] },
    { name: "strength", label: "= strength", value: t.strength, error: t.error, scale: strength, bars: [["hessian", 0, a], ["kl", a, ab]] },
    ...(view.is_gated ? [{ name: "transition", label: "× Transition", value: t.gate, bars: [["transition", 0, highest.gate > 0 ? t.gate / highest.gate : 0]] }] : []),
    { name: "score", label: "= score", value: t.score, error: t.scoreError, scale: score, bars: [["hessian", 0, (t.gate * t.hessian) / score], ["kl", (t.gate * t.hessian) / score, t.score / score]] },
  ];
  const drawing = shape("svg", { class: "fall", role: "img", "aria-label": spokenFormula(ui, i, rows), width: "100%", height: rows.length * FALL.row }, ...fallStep(a, 0), ...fallStep(ab, 1), ...rows.flatMap((row, k) => fallRow(row, k)));
  const place = `${percent(final.shares[i])} of the score, rank ${final.rank[i]} of ${view.n_context} ${scoredNames(ui)[1]}. `;
  return [drawing, h("p", { class: "sum" }, h("b", {}, place), ...scalingNote(ui))];
}

const percentAt = (part) => `${(100 * part).toFixed(3)}%`;

function fallRow({ name, label, value, error, scale, bars }, k) {
  const [text, top] = [k * FALL.row + FALL.text, k * FALL.row + FALL.text + 6];
  const told = error === undefined ? precise(value) : preciseWithError(value, error);
  const strong = name === "strength" || name === "score" ? "strong" : label.length + told.length > FALL.letters ? "tight" : null;
  return [
    shape("text", { x: 0, y: text, class: strong }, label),
    shape("text", { x: "100%", y: text, "text-anchor": "end", class: "amount", "data-of": name, "data-value": value, "data-error": error ?? null }, told),
    shape("line", { class: "rail", x1: 0, x2: "100%", y1: top + FALL.bar / 2, y2: top + FALL.bar / 2 }),
    ...bars.map(([kind, from, to]) => shape("rect", { class: kind, x: percentAt(from), y: top, width: percentAt(to - from), height: FALL.bar })),
    ...(error ? whisker((value - error) / scale, (value + error) / scale, top + FALL.bar / 2) : []),
  ];
}

/* ± one standard error. */
function whisker(from, to, y) {
  const [low, high] = [Math.max(0, from), to];
  const end = (x) => shape("line", { class: "whisker", x1: percentAt(x), x2: percentAt(x), y1: y - 4, y2: y + 4 });
  return [shape("line", { class: "whisker", x1: percentAt(low), x2: percentAt(high), y1: y, y2: y }), ...(from > 0 ? [end(low)] : []), end(high)];
}

/* Where one row's bar ends the next one goes on. */
function fallStep(part, k) {
  const top = k * FALL.row + FALL.text + 6;
  const stretch = (y1, y2) => shape("line", { class: "step", x1: percentAt(part), x2: percentAt(part), y1, y2 });
  return [stretch(top, top + FALL.bar + 4), stretch(top + FALL.row - 4, top + FALL.row + FALL.bar)]; // none through the words
}

/* The highest of the text, which bars are as long as. */
function peaks(ui) {
  const highest = { gate: 0, strength: 0, score: 0 };
  gatesOf(ui.view).forEach((gate, i) => {
    const { strength, score } = termsOf(ui, i);
    highest.gate = Math.max(highest.gate, gate);
    highest.strength = Math.max(highest.strength, strength);
    highest.score = Math.max(highest.score, score);
  });
  return highest;
}

function spokenFormula(ui, i, rows) {
  const named = Object.fromEntries(rows.map((row) => [row.name, row]));
  const { hessian: bent, kl: moved, strength, transition: gate, score } = named;
  const error = (row) => (row.error === null ? "" : `, standard error ${precise(row.error)}`);
  const product = `${gate ? `${gate.label} ${precise(gate.value)}` : "no gate"} = score ${precise(score.value)}${error(score)}`;
  return `How the score of ${quoted(ui.view.labels[i])} comes about: ${bent.label} = ${precise(bent.value)}; ${moved.label} = ${precise(moved.value)}; together ${precise(strength.value)}${error(strength)}; ${product}: ${percent(ui.final.shares[i])} of the score, rank ${ui.final.rank[i]} of ${ui.view.n_context} ${scoredNames(ui)[1]}.`;
}

function scalingNote(ui) {
  const { s, k } = ui.final;
  const name = words(ui, "kl").title;
  const bars = "Bars are as long as the highest of the text in each row; whiskers are ± one standard error of this Hessian alone.";
  const scaling = ui.view.scalings[ui.weights.scaling];
  const how = ui.weights.scaling === "unit" ? `Hessian and ${name} are each divided by their sum over the text (${precise(s)} and ${precise(k)}), so that β and γ weigh two equals.` : `Hessian and ${name} stand as they are, each in its own unit.`;
  return [term(ui, "fall", "scaling", { "data-tip": `${how} ${bars}`, "data-key": "scaled" }, "Scaling: ", h("u", {}, scaling)), "; full width is the highest of the text."];
}
