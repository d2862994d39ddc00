/* Eq. 5 with β and γ in the reader's hands. The scores are made by `combined`, as Explore makes them. */

const EQ_ROWS = 6; // words in the order
const EQ_MOVE = { duration: 320, easing: "ease-out" }; // milliseconds in which the order changes
const EQ_LOST = "Without M this is not HETA's score. The app has it only for models whose attention cannot be read, and calls it Ungated.";

PICTURES.together = (ui) => {
  const { texts, opens, word, step } = ui.picture;
  const { state } = ui;
  state.text ??= opens;
  state.weights ??= { beta: 0.5, gamma: 0.5, scaling: "raw" };
  state.gated ??= true;
  if (state.word === undefined) state.word = word;
  const chose = (values) => (Object.assign(state, values), ui.repaint());
  const weigh = (values) => chose({ weights: { ...state.weights, ...values } });
  const { scalings } = texts[0].view;
  const text = choice(ui, "text", "Texts", texts.map(({ title }, k) => [k, title]), (k) => chose({ text: k, word: k === opens ? word : null }));
  const scaling = choice(ui, "scaling", "Scaling of S and I", ["raw", "unit"].map((name) => [name, scalings[name]]), (name) => weigh({ scaling: name }));
  const gate = choice(ui, "gate", "The gate M", [[true, "with M"], [false, "without M"]], (gated) => chose({ gated }));
  const beta = slider(ui, "beta", "β for S, γ for I", { min: 0, max: 1, step, shown: eqWeights, oninput: (b) => weigh({ beta: b, gamma: Number((1 - b).toFixed(2)) }) });
  const row = wordRow(ui, "word", "The text, with the share of each word", (i) => chose({ word: i }));
  const [formula, order, curve] = [eqFormula(), eqOrder((i) => chose({ word: i }), ui), eqCurve()];
  const lost = h("p", { class: "note" });
  const says = h("p", { class: "note" });
  const update = () => {
    const { view } = texts[state.text];
    const seen = state.gated ? view : { ...view, is_gated: false };
    const final = combined(seen, state.weights);
    const i = state.word ?? final.order[0];
    const names = namesOf(view.labels.slice(0, view.n_context));
    text.update(state.text);
    scaling.update(state.weights.scaling);
    gate.update(state.gated);
    beta.update(state.weights.beta);
    const said = view.prediction;
    says.textContent = `The model says ${quoted(view.target.label)} with ${percent(said.p)}. Below each word its share of all scores. The strongest colour is the highest.`;
    eqWords(row, view, final, i, names);
    formula.update(seen, final, state.weights, i, names[i]);
    order.update(view, final, i, names, state.text);
    curve.update(seen, state.weights, state.gated, state.text, scalings);
    lost.textContent = state.gated ? "" : EQ_LOST;
  };
  const hands = h("div", { class: "eq-hands" }, beta.node, scaling.node, gate.node);
  const hand = h("div", { class: "stack eq-hand" }, formula.node, hands, lost);
  return { node: h("div", { class: "stack eq" }, h("div", { class: "eq-top" }, text.node, says), row.node, h("div", { class: "eq-desk" }, hand, order.node, curve.node)), update };
};

const eqWeights = (beta) => `β ${beta.toFixed(2)} · γ ${(1 - beta).toFixed(2)}`;

function eqWords(row, view, { shares }, i, names) {
  const most = Math.max(...shares);
  row.update({
    parts: view.tokens.slice(0, view.n_context),
    heat: shares.map((share) => (most > 0 ? share / most : 0)),
    numbers: shares.map((share) => percent(share, 0)),
    pressed: i,
    names: shares.map((share, k) => `${spokenName(names[k])}: ${percent(share)} of the score`),
  });
}

/* ---- the formula, a number under every letter ---- */

function eqFormula() {
  const letters = [["Attr", "score"], ["=", ""], ["M", "transition"], ["· (", ""], ["β", ""], ["·", ""], ["S", "hessian"], ["+", ""], ["γ", ""], ["·", ""], ["I", "kl"], [")", ""]];
  const cells = letters.map(([letter, kind]) => {
    const number_ = h("span", { class: "under" });
    return { letter, number_, node: h("span", { "data-of": letter, class: `eq-cell ${kind} ${/^\W/.test(letter) && !/[βγ]/.test(letter) ? "sign" : ""}` }, h("b", {}, letter), number_) };
  });
  const node = h("div", { class: "eq-formula" }, ...cells.map((cell) => cell.node));
  const [whose, made] = [h("sub"), h("p", { class: "note", role: "status" })];
  cells[0].node.firstChild.append(whose);
  const update = (view, final, { beta, gamma, scaling }, i, name) => {
    const [m, s, k] = [gatesOf(view)[i], view.hessian[i] / final.s, view.kl[i] / final.k];
    const error = view.hessian_error[i] === null ? null : view.hessian_error[i] / final.s;
    const [bent, moved] = final.parts[i];
    const score = (bent + moved) * final.total;
    const numbers = { Attr: precise(score), M: view.is_gated ? precise(m) : "1", β: beta.toFixed(2), S: preciseWithError(s, error), γ: gamma.toFixed(2), I: precise(k) };
    for (const { letter, number_ } of cells) number_.textContent = numbers[letter] ?? "";
    whose.textContent = name[0];
    const parts = bent + moved > 0 ? `: ${percent(bent / (bent + moved), 0)} of it from S, ${percent(moved / (bent + moved), 0)} from I` : "";
    const scaled = scaling === "unit" ? ` Balanced: S is divided by ${precise(final.s)} and I by ${precise(final.k)}, their sums over the text.` : "";
    made.textContent = `${spokenName(name)}: ${precise(score)} of ${precise(final.total)}, the scores of all words, is ${percent(bent + moved)}, place ${final.rank[i]} of ${view.n_context}${parts}.${scaled}`;
  };
  return { node: h("section", { class: "stack" }, node, made), update };
}

/* ---- the order ---- */

function eqOrder(onpick, ui) {
  const list = h("ol", { class: "eq-order" });
  const rows = new Map();
  let shown = "";
  const row = (i) => {
    if (rows.has(i)) return rows.get(i);
    const [place, name, which, s, k, number_] = [h("span", { class: "eq-place" }), h("bdi"), h("small"), h("i", { class: "hessian" }), h("i", { class: "kl" }), h("span", { class: "num" })];
    const button = h("button", { type: "button", "data-key": `order.${i}`, onclick: () => onpick(i) }, place, h("span", { class: "eq-name" }, name, which), h("span", { class: "rail" }, s, k), number_);
    rows.set(i, { node: h("li", {}, button), button, place, name, which, s, k, number_ });
    return rows.get(i);
  };
  const update = (view, final, picked, names, about) => {
    const order = final.order.slice(0, EQ_ROWS);
    const most = final.shares[order[0]] || 1;
    order.forEach((i, rank) => {
      const { button, place, name, which, s, k, number_ } = row(i);
      place.textContent = rank + 1;
      [name.textContent, which.textContent] = names[i];
      [s.style.width, k.style.width] = final.parts[i].map((part) => `${(100 * part) / most}%`);
      number_.textContent = percent(final.shares[i]);
      button.setAttribute("aria-pressed", i === picked);
    });
    const now = `${about} ${order}`;
    if (now !== shown) eqMoved(list, order.map((i) => row(i).node), shown.startsWith(`${about} `));
    shown = now;
    rest.textContent = `The other ${view.n_context - order.length} words together: ${percent(Math.max(0, 1 - sum(order.map((i) => final.shares[i]))))}.`;
  };
  const rest = h("p", { class: "note" });
  const key = h("span", { class: "note eq-key" }, h("i", { class: "hessian" }), "from S ", h("i", { class: "kl" }), "from I");
  return { node: h("section", { class: "stack eq-words" }, h("h3", {}, "The order of the words ", key), list, rest), update };
}

/* Rows put into their new order; each glides there from where it was. */
function eqMoved(list, nodes, isSameText) {
  const before = new Map([...list.children].map((node) => [node, node.getBoundingClientRect().top]));
  list.replaceChildren(...nodes);
  if (!isSameText || calm()) return;
  for (const node of nodes) {
    node.getAnimations().forEach((animation) => animation.cancel());
    const from = before.get(node);
    const by = from === undefined ? 0 : from - node.getBoundingClientRect().top;
    if (from === undefined) node.animate([{ opacity: 0 }, { opacity: 1 }], EQ_MOVE);
    else if (by) node.animate([{ transform: `translateY(${by}px)` }, { transform: "none" }], EQ_MOVE);
  }
}

/* ---- how much of the whole score S makes up, along β ---- */

const EQ_BOX = { width: 290, height: 200, left: 54, right: 8, top: 12, bottom: 28 };
const eqAt = (beta, part) => [
  EQ_BOX.left + beta * (EQ_BOX.width - EQ_BOX.left - EQ_BOX.right),
  EQ_BOX.top + (1 - part) * (EQ_BOX.height - EQ_BOX.top - EQ_BOX.bottom),
];

/* The part that S has in the sum of all scores. */
function eqPart(view, weights) {
  const { parts } = combined(view, weights);
  const [bent, moved] = [0, 1].map((term) => sum(parts.map((both) => both[term])));
  return bent + moved > 0 ? bent / (bent + moved) : 0;
}

function eqCurve() {
  const lines = { raw: shape("path"), unit: shape("path") };
  const [dot, told_] = [shape("circle", { r: 6 }), shape("text", { class: "eq-now" })];
  const ticks = [0, 0.5, 1].flatMap((v) => {
    const [[x, bottom], [left, y]] = [eqAt(v, 0), eqAt(0, v)];
    return [
      shape("line", { class: "grid", x1: left, x2: EQ_BOX.width - EQ_BOX.right, y1: y, y2: y }),
      shape("text", { x: left - 6, y: y + 5, "text-anchor": "end" }, `${100 * v}\u00a0%`),
      shape("text", { x, y: bottom + 20, "text-anchor": v === 1 ? "end" : "middle" }, v === 0 ? "β 0" : String(v)),
    ];
  });
  const drawing = shape("svg", { viewBox: `0 0 ${EQ_BOX.width} ${EQ_BOX.height}`, role: "img", class: "eq-curve" }, ...ticks, lines.unit, lines.raw, dot, told_);
  const legend = h("p", { class: "note" });
  let drawn = "";
  const update = (view, weights, gated, about, scalings) => {
    const now = `${about} ${gated}`;
    if (now !== drawn) for (const scaling of ["raw", "unit"]) lines[scaling].setAttribute("d", eqPath(view, scaling));
    drawn = now;
    for (const [scaling, line] of Object.entries(lines)) line.setAttribute("class", scaling === weights.scaling ? "chosen" : "other");
    const part = eqPart(view, weights);
    const [x, y] = eqAt(weights.beta, part);
    for (const [name, value] of [["cx", x], ["cy", y]]) dot.setAttribute(name, value);
    const isBelow = part > weights.beta; // the number stands on the side that the curve leaves free
    const isEnd = isBelow ? weights.beta > 0.6 : weights.beta > 0.3;
    for (const [name, value] of [["x", x + (isEnd ? -8 : 10) + (isEnd && isBelow ? 16 : 0)], ["y", y + (isBelow ? 26 : -12)], ["text-anchor", isEnd ? "end" : "start"]]) told_.setAttribute(name, value);
    told_.textContent = percent(part);
    const other = weights.scaling === "raw" ? "unit" : "raw";
    drawing.setAttribute("aria-label", `S makes up ${percent(part)} of all scores at β ${weights.beta.toFixed(2)}, ${scalings[weights.scaling]}; ${percent(eqPart(view, { ...weights, scaling: other }))} ${scalings[other]}.`);
    legend.textContent = `Solid: ${scalings[weights.scaling]}. Dashed: ${scalings[other]}.`;
  };
  return { node: h("section", { class: "stack eq-part" }, h("h3", {}, "How much of all scores is S?"), drawing, legend), update };
}

/* Closer together near the ends, where a switch turns. */
function eqPath(view, scaling) {
  const betas = Array.from({ length: 121 }, (_, k) => (1 - Math.cos((Math.PI * k) / 120)) / 2);
  return betas.map((beta, k) => `${k ? "L" : "M"}${eqAt(beta, eqPart(view, { beta, gamma: 1 - beta, scaling })).map((x) => x.toFixed(1)).join(" ")}`).join("");
}
