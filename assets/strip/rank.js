/* The ranking: the weights of Eq. 5, and a row for every piece that is read: a token, or the sum over a word. */

const FIRST_ROWS = 8;

function drawWeights(ui) {
  // The names of the components are those of the kind of target.
  if (ui.weightsOf !== words(ui, "kl").title) buildWeights(ui);
  for (const input of ui.el.weights.querySelectorAll("input, select")) {
    if (input.value !== String(ui.weights[input.name])) input.value = ui.weights[input.name];
    if (input.type === "range") input.nextSibling.textContent = Number(ui.weights[input.name]).toFixed(2);
  }
}

function buildWeights(ui) {
  const information = words(ui, "kl").title;
  ui.weightsOf = information;
  const change = (name, value) => {
    ui.weights = { ...ui.weights, [name]: value };
    // With both at zero there would be no score: the other one takes over.
    const other = name === "beta" ? "gamma" : "beta";
    if (!ui.weights.beta && !ui.weights.gamma) ui.weights[other] = 0.05;
    ui.stale = true;
    mix(ui);
    drawWeights(ui);
    repaint(ui);
  };
  const commit = () => ui.send({ kind: "weights" });
  const slider = (name, letter, title) => {
    const range = { type: "range", name, min: 0, max: 1, step: 0.05, "aria-label": `${letter}, weight of the ${title}`, "data-key": name };
    const input = h("input", { ...range, oninput: (e) => change(name, Number(e.target.value)), onchange: commit });
    return h("label", { "data-tip": `${letter}: how much the ${title} counts` }, `${letter} `, input, h("output"));
  };
  const options = Object.entries(ui.view.scalings).map(([value, title]) => h("option", { value }, title));
  const tip = `balanced: Hessian and ${information} are each divided by their sum first, so that β and γ weigh two equals`;
  const pick = (e) => (change("scaling", e.target.value), commit());
  const select = h("select", { name: "scaling", "aria-label": "Scaling", "data-key": "scaling", onchange: pick }, ...options);
  ui.el.weights.replaceChildren(h("label", { "data-tip": tip }, select), slider("beta", "β", "Hessian"), slider("gamma", "γ", information));
}

function drawTable(ui) {
  const shown = ui.all ? ui.ranked : ui.ranked.slice(0, FIRST_ROWS);
  const known = ui.shown !== null;
  const both = ui.shown === "final";
  const isSummed = readingOf(ui) !== "tokens";
  const [one, many] = piecesOf(ui);
  const seen = new Set(); // each word of the headings is a link once
  const linked = (text) => terms(ui, "heading", text, { seen });
  const key = (name) => h("span", { class: `key ${name}` }, ...linked(words(ui, name).title));
  const bar = both ? [key("hessian"), " ", key("kl")] : known ? [key(ui.shown)] : ["…"];
  const gate = ui.view.is_gated ? (isSummed ? "Σ Transition | " : "Transition × ") : "";
  const made = isSummed ? `${gate}Σ Hessian | Σ ${words(ui, "kl").title}` : `${gate}(Hessian | ${words(ui, "kl").title})`;
  const masked = isContrast(ui) ? "Δ, nats" : isSummed ? "masked one by one" : "without it";
  const columns = [["n", "#"], ["name", one], ["bars", ...bar], ["num", ...linked(both ? "share" : "value")], ["formula", ...linked(made)], ["without", ...linked(masked)]];
  const header = h("tr", {}, ...columns.map(([name, ...title]) => h("th", { class: name, scope: "col" }, ...title)));
  const rows = shown.map((unit) => tableRow(ui, unit, both, isSummed));
  ui.el.table.classList.toggle("wide", ui.units.some((unit) => unit.stop - unit.start > 3) || ["sentences", "segments"].includes(ui.view.scored.by));
  ui.el.table.replaceChildren(h("thead", {}, header), h("tbody", {}, ...rows));
  const rest = ui.ranked.length - shown.length;
  const hidden = both ? `, together ${percent(1 - sum(shown.map((unit) => unit.value)), 0)} of the score` : "";
  const toggle = () => ((ui.all = !ui.all), repaint(ui));
  const button = (title) => h("button", { type: "button", "data-key": "all", onclick: toggle }, title);
  ui.el.more.replaceChildren(
    ...(rest > 0 ? [`${rest} more ${rest === 1 ? one : many}${hidden} · `, button("show all")] : ui.all ? [button("show fewer")] : [])
  );
}

function tableRow(ui, unit, both, isSummed) {
  const i = unit.start;
  const width = (part) => `width:${ui.most > 0 ? ((100 * part) / ui.most).toFixed(2) : 0}%`;
  const part = (k) => sum(membersOf(unit).map((j) => ui.final.parts[j][k]));
  const bars = both ? [h("i", { class: "hessian", style: width(part(0)) }), h("i", { class: "kl", style: width(part(1)) })] : [h("i", { class: ui.shown, style: width(unit.value) })];
  const name = h("button", { type: "button", "data-key": `r${i}` }, h("bdi", {}, short(unitLabel(ui, unit), 60)));
  const looked = ui.hover !== null && ui.unitOf[ui.hover] === unit;
  return h(
    "tr",
    { "data-i": i, class: isPinned(ui, i) ? "pin" : looked ? "look" : null },
    h("td", { class: "n" }, String(unit.rank)),
    h("td", { class: "name" }, name),
    h("td", { class: "bars" }, h("span", { class: "track" }, ...bars)),
    h("td", { class: "num" }, ui.shown ? amount(ui, unit.value) : "…"),
    h("td", { class: "formula" }, isSummed || isSeveral(unit) ? summedTerms(ui, unit, isSummed) : formula(ui, i)),
    h("td", { class: "without" }, ...(isContrast(ui) ? speaks(ui, unit) : [isSeveral(unit) ? changers(ui, unit) : without(ui, i)]))
  );
}

/* The three components of a unit, each added up; no product of them is the unit's score. */
function summedTerms(ui, unit, isSummed) {
  const { is_gated, transition, hessian, kl } = ui.view;
  const of = (values, told = number) => (values ? told(total(values, unit)) : "…");
  return `${isSummed ? "" : "Σ "}${is_gated ? `${of(transition)} | ` : ""}${of(hessian, () => summedHessian(ui, unit))} | ${of(kl)}`;
}

/* How many tokens of a unit change the answer, each masked alone. */
function changers(ui, unit) {
  if (!ui.view.masked) return "…";
  const changes = new Set(ui.view.masked.changes);
  const n = membersOf(unit).filter((i) => changes.has(i)).length;
  return n ? `${n} of ${unit.stop - unit.start} ${n === 1 ? "changes" : "change"} it` : "no change";
}

function formula(ui, i) {
  const { is_gated, transition, hessian, kl } = ui.view;
  return `${is_gated ? `${transition ? number(transition[i]) : "…"} × ` : ""}(${hessian ? withError(ui, i) : "…"} | ${kl ? number(kl[i]) : "…"})`;
}

function without(ui, i) {
  const { masked } = ui.view;
  if (!masked) return "…";
  const { places } = masked;
  if (!masked.changes.includes(i)) return places ? "no change" : `still ${masked.says[i]}`;
  return `${places ? `${ui.view.labels[places[i]]} ` : ""}→ ${masked.says[i]} ${percent(masked.says_p[i], 0)}`;
}

/* The signed effect on a contrast, with the hue of its side. */
function speaks(ui, unit) {
  const side = unitSide(ui, unit);
  return [side === null ? null : h("span", { class: `side-of ${SIDES[side]}` }, h("i")), unitEffect(ui, unit)];
}
