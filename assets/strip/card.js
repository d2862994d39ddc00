/* The card of one word: its three components, what masking it does, and what can be asked about it. */

const LONGEST_TITLE = 90; // characters of what the card is about

function drawCard(ui) {
  const i = subject(ui);
  if (!ui.alone && isSeveral(ui.unitOf[i])) return drawUnit(ui, ui.unitOf[i]), markPlane(ui);
  const { view } = ui;
  const by = ui.shown === "final" || !ui.shown ? "" : ` by ${words(ui, ui.shown).title}`;
  const rank = ui.shown ? `${placeOf(ui, i)}${by}` : "";
  const state = ui.pin === i ? "pinned" : ui.hover === i ? "preview" : "first of the ranking";
  const x = { type: "button", class: "x", "data-key": "unpin", "aria-label": "Unpin", onclick: () => pin(ui, null) };
  const unpin = ui.pin === i ? h("button", x, "×") : null;
  const title = h("header", {}, h("h2", { dir: "auto" }, quoted(short(view.labels[i], LONGEST_TITLE))), h("span", {}, [rank, state].filter(Boolean).join(" · ")), unpin);
  const made = ui.final ? waterfall(ui, i) : partsKnown(ui, i);
  ui.el.card.replaceChildren(title, ...made, ...sizeOf(ui, i), h("p", {}, ...masking(ui, i)), ...backToUnit(ui, i), ...ui.links(ui, i));
  markPlane(ui);
}

/* Of the three components those that are there. */
function partsKnown(ui, i) {
  const { view } = ui;
  const cell = (value, label) => h("div", {}, h("b", {}, value), h("small", {}, label));
  const sign = (text) => h("span", { class: "sign" }, text);
  const terms = [
    ...(view.is_gated ? [cell(view.transition ? number(view.transition[i]) : "…", "Transition"), sign("×")] : []),
    cell(view.hessian ? withError(ui, i) : "…", `β ${ui.weights.beta.toFixed(2)} · Hessian`),
    sign("|"),
    cell(view.kl ? number(view.kl[i]) : "…", `γ ${ui.weights.gamma.toFixed(2)} · ${words(ui, "kl").title}`),
  ];
  return [h("div", { class: "terms" }, ...terms), h("p", { class: "sum" }, "The score follows when all of them are known.")];
}

function masking(ui, i) {
  const { masked, prediction, target } = ui.view;
  if (!masked) return ["What happens without it is not known yet."];
  const effect = masked.effect[i];
  if (isContrast(ui)) return weighed(ui, i);
  const [before, after] = [percent(prediction.p), percent(masked.p[i])];
  const stays = Math.abs(effect) < LEAST_EFFECT || (before === after && target.kind !== "span");
  const falls = effect > 0 ? "falls" : "rises";
  // All of a span is seldom likely enough for its percentage to move: its log p does.
  const inNats = `: log p ${falls} by ${number(Math.abs(effect))} nats (${before} → ${after})`;
  const change = stays ? ` stays at ${before}` : target.kind === "span" ? inNats : ` ${falls} from ${before} to ${after}`;
  return ["Masked: ", h("bdi", {}, quoted(short(target.label))), change, ...says(ui, i)];
}

/* What the model says with token i masked, and of a span in the place of which token. */
function says({ view: { masked, labels } }, i) {
  const changes = masked.changes.includes(i);
  const said = [changes ? "; the model then says " : "; the model still says ", h("bdi", {}, quoted(masked.says[i])), ` (${percent(masked.says_p[i], 0)})`];
  if (!masked.places) return [...said, "."];
  return changes ? [...said, " in the place of ", h("bdi", {}, quoted(labels[masked.places[i]])), "."] : ["; no first choice along the span changes."];
}

/* What masking token i does to both sides of a contrast. */
function weighed(ui, i) {
  const { masked, prediction, target } = ui.view;
  const name = (label) => h("bdi", {}, quoted(short(label)));
  const moved = (before, after) => ` ${percent(before)} → ${percent(after)}`;
  const side = sideOf(ui, i);
  const verdict = side ? ["It speaks for ", name(side > 0 ? target.label : target.foil), `: Δ ${signed(masked.effect[i])} nats. `] : [`It speaks for neither: |Δ| < ${LEAST_EFFECT} nats. `];
  const both = ["Masked: ", name(target.label), moved(prediction.p, masked.p[i]), ", ", name(target.foil), moved(prediction.p_foil, masked.p_foil[i])];
  return [...verdict, ...both, ...says(ui, i)];
}

function cardLinks(ui, i) {
  const link = (key, title, onclick) => h("button", { type: "button", class: "link", "data-key": key, onclick }, title);
  const swap = (e) => {
    if (e.key !== "Enter") return;
    e.preventDefault();
    ui.send({ kind: "swap", position: i, text: e.target.value });
  };
  const input = { "data-key": "swapword", placeholder: `another ${ui.view.scored.one}, then Enter`, "aria-label": `Swap ${ui.view.labels[i]} for`, onkeydown: swap };
  const openSwap = () => ((ui.pin = i), (ui.swapping = true), repaint(ui), ui.root.querySelector('[data-key="swapword"]').focus());
  const links = [
    i > 0 ? link("why", h("span", {}, "Why did the model say ", h("bdi", {}, quoted(short(ui.view.labels[i]))), " here? →"), () => ui.onToken(ui, i)) : null,
    ui.view.transition ? link("heads", "Its layers and heads →", () => ui.send({ kind: "heads", position: i })) : null,
    ui.swapping ? h("input", input) : link("openswap", `Swap this ${ui.view.scored.one} …`, openSwap),
    ...blockLinks(ui, i),
  ];
  const hint = ui.pin === null ? `Click any ${ui.view.scored.one} to keep it here.` : `Esc lets go of it; T asks why this ${ui.view.scored.one} stands here.`;
  const spans = ui.onSpan ? " Shift and a click explain words of the text together." : "";
  return [...links.filter(Boolean), h("p", { class: "hint" }, hint + spans)];
}
