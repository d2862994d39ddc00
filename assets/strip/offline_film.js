/* A page that was saved: one generation, opened from disk. Steps, words, components and weights work; what would ask the
   model is not offered, and where a key still asks for it, the page says that it needs the app. */

const still = () => {};
const FIELDS = {
  rank: (ui, i, by) => String(by.rank[i]),
  position: (ui, i) => String(i),
  share: (ui, i) => (ui.final ? String(Number(ui.final.shares[i].toPrecision(6))) : null),
  transition: ({ view }, i) => exact(view.transition, i),
  hessian: ({ view }, i) => exact(view.hessian, i),
  hessian_error: ({ view }, i) => exact(view.hessian_error, i),
  kl: ({ view }, i) => exact(view.kl, i),
  effect: ({ view }, i) => exact(view.masked?.effect, i),
  log_p_masked: ({ view }, i) => exact(view.log_p_masked, i),
  first_choice: ({ view }, i) => view.masked?.says[i] ?? null,
};

const OFFLINE = {
  tools: still,
  onToken: stepOf,
  onCandidate: still,
  onSpan: null,
  onFoil: null,
  onRather: null,
  onBlocks: null,
  links: offlineLinks,
  extra: drawOffline,
};

const exact = (values, i) => (values === null || values === undefined || values[i] === null ? null : String(values[i]));

function offlineLinks(ui, i) {
  const text = ui.pin === null ? "Click any word to keep it here. The arrow keys lead from step to step, and in the text from word to word." : "Esc lets go of it.";
  return [whyLink(ui, i), h("p", { class: "hint" }, text)].filter(Boolean);
}

function drawOffline(ui) {
  drawStep(ui);
  drawNumbers(ui);
}

/* Every number of the step looked at, as the report has it, the highest score first. */
function drawNumbers(ui) {
  const panel = document.getElementById("numbers");
  const shown = JSON.stringify([ui.step, ui.weights, panel.open]);
  if (!panel.open || panel.dataset.shown === shown) return;
  panel.dataset.shown = shown;
  const { labels, n_context, transition, kl } = ui.view;
  const by = ui.final?.shares ?? kl ?? transition;
  const order = Array.from({ length: n_context }, (_, i) => i).sort((a, b) => by[b] - by[a] || a - b);
  const rank = [];
  order.forEach((i, k) => (rank[i] = k + 1));
  const cell = (name, i) => h("td", { "data-of": name }, FIELDS[name](ui, i, { rank }) ?? "not known");
  const row = (i) => h("tr", { "data-unit": i }, h("th", { scope: "row" }, h("bdi", {}, labels[i])), ...ui.data.columns.map(([name]) => cell(name, i)));
  const titles = ui.data.columns.map(([, title]) => h("th", { scope: "col" }, title));
  const head = h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "token"), ...titles));
  panel.querySelector(".wide").replaceChildren(h("table", {}, head, h("tbody", {}, ...order.map(row))));
}

/* The reader's place and weights are nobody's business here; anything else is a question to the model. */
function needsTheApp(ui, { kind }) {
  if (["look", "join", "weights"].includes(kind)) return;
  Object.assign(ui, { asking: null, wanted: null, range: null, choosing: null });
  show(ui);
  ui.film.joint.replaceChildren(h("span", {}, "That asks the model, which is not in this file: open the file in HETA Explorer."));
}

const shown = instance(document.querySelector(".heta"), OFFLINE);
shown.send = (event) => needsTheApp(shown, event);
shown.data = { ...JSON.parse(document.getElementById("view").textContent), together: null, branch: { number: 0 }, page: { busy: null, examples: [], swap: null, follow_pin: false } };
mountFilm(shown);
show(shown);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => show(shown));
document.getElementById("numbers").ontoggle = () => drawNumbers(shown);
document.getElementById("save").onclick = () => saveReport("heta-generation.json");
