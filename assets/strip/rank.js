/* The ranking: the weights of Eq. 5, and a row for every word. */

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
  const shown = ui.all ? ui.order : ui.order.slice(0, FIRST_ROWS);
  const known = ui.shown !== null;
  const both = ui.shown === "final";
  const key = (name) => h("span", { class: `key ${name}` }, words(ui, name).title);
  const bar = both ? [key("hessian"), " ", key("kl")] : known ? [key(ui.shown)] : ["…"];
  const columns = [["n", "#"], ["name", ui.view.scored.one], ["bars", ...bar], ["num", both ? "share" : "value"], ["formula", `Transition × (Hessian | ${words(ui, "kl").title})`], ["without", isContrast(ui) ? "Δ, nats" : "without it"]];
  const header = h("tr", {}, ...columns.map(([name, ...title]) => h("th", { class: name, scope: "col" }, ...title)));
  const rows = shown.map((i) => tableRow(ui, i, both, known));
  ui.el.table.replaceChildren(h("thead", {}, header), h("tbody", {}, ...rows));
  const rest = ui.order.length - shown.length;
  const hidden = both ? `, together ${percent(1 - sum(shown.map((i) => ui.values[i])), 0)} of the score` : "";
  const toggle = () => ((ui.all = !ui.all), repaint(ui));
  const button = (title) => h("button", { type: "button", "data-key": "all", onclick: toggle }, title);
  ui.el.more.replaceChildren(
    ...(rest > 0 ? [`${rest} more ${ui.view.scored.many}${hidden} · `, button("show all")] : ui.all ? [button("show fewer")] : [])
  );
}

function tableRow(ui, i, both, known) {
  const width = (part) => `width:${ui.top > 0 ? ((100 * part) / ui.top).toFixed(2) : 0}%`;
  const [first, second] = both ? ui.final.parts[i] : [known ? ui.values[i] : 0, 0];
  const bars = both ? [h("i", { class: "hessian", style: width(first) }), h("i", { class: "kl", style: width(second) })] : [h("i", { class: ui.shown, style: width(first) })];
  const share = both ? percent(ui.values[i], 0) : known ? (ui.shown === "transition" ? percent(ui.values[i]) : number(ui.values[i])) : "…";
  const name = h("button", { type: "button", "data-key": `r${i}` }, h("bdi", {}, short(ui.view.labels[i], 60)));
  return h(
    "tr",
    { "data-i": i, class: ui.pin === i ? "pin" : ui.hover === i ? "look" : null },
    h("td", { class: "n" }, String(ui.rank[i])),
    h("td", { class: "name" }, name),
    h("td", { class: "bars" }, h("span", { class: "track" }, ...bars)),
    h("td", { class: "num" }, share),
    h("td", { class: "formula" }, formula(ui, i)),
    h("td", { class: "without" }, ...(isContrast(ui) ? speaks(ui, i) : [without(ui, i)]))
  );
}

function formula(ui, i) {
  const { transition, hessian, kl } = ui.view;
  return `${transition ? number(transition[i]) : "…"} × (${hessian ? withError(ui, i) : "…"} | ${kl ? number(kl[i]) : "…"})`;
}

function without(ui, i) {
  const { masked } = ui.view;
  if (!masked) return "…";
  const { places } = masked;
  if (!masked.changes.includes(i)) return places ? "no change" : `still ${masked.says[i]}`;
  return `${places ? `${ui.view.labels[places[i]]} ` : ""}→ ${masked.says[i]} ${percent(masked.says_p[i], 0)}`;
}

/* The signed effect on a contrast, with the hue of its side. */
function speaks(ui, i) {
  const side = sideOf(ui, i);
  return [side === null ? null : h("span", { class: `side-of ${SIDES[side]}` }, h("i")), effectOf(ui, i)];
}
