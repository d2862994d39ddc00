/* The first screen of an explained answer: heading, text as a strip, ranking, candidates, card of the pinned word.

   1. `receive` takes what the server knows: `data.view` is one result with its raw vectors, `data.page` what surrounds
      it. What is not known yet is null and is never drawn as a number.
   2. `mix` combines the raw vectors by the weights chosen here (Eq. 5), and `render` draws. Pinning, previewing,
      choosing a component and dragging a weight end here: the server hears nothing of them.
   3. Only questions to the model go out, as one trigger, `event`, which carries the weights as well.

   Causes are pinned, answers are explained. Text from a model reaches the page through text nodes alone. */

const INSTANCES = new WeakMap();
const FIRST_ROWS = 8;
const LEAST_EFFECT = 1e-3; // nats; below it an effect has no sign

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".heta");
  let ui = INSTANCES.get(root);
  if (!ui) INSTANCES.set(root, (ui = create(root)));
  ui.send = (event) => setTriggerValue("event", { ...event, weights: ui.weights });
  receive(ui, data);
  return () => INSTANCES.delete(root);
}

/* ---- words and numbers, written as heta_core/views/words.py writes them ---- */

function percent(value, digits = 1) {
  if (value > 0 && value < 0.5 * 10 ** (-2 - digits)) return `< ${10 ** -digits}\u00a0%`;
  if (value < 1 && value > 1 - 0.5 * 10 ** (-2 - digits)) return `> ${100 - 10 ** -digits}\u00a0%`;
  return `${(100 * value).toFixed(digits)}\u00a0%`;
}

const decimals = (size) => (size > 0 ? Math.min(3, Math.max(0, 2 - Math.floor(Math.log10(size)))) : 0);

function number(value, places = decimals(Math.abs(value))) {
  const size = Math.abs(value);
  const sign = value < 0 ? "−" : "";
  if (size === 0) return "0";
  if (size < 0.001) return `${sign}< 0.001`;
  if (size >= 1000) return sign + Math.round(size).toLocaleString("en-US");
  return sign + size.toFixed(places);
}

const quoted = (label) => `“${label}”`;
const sum = (values) => values.reduce((a, b) => a + b, 0);

function withError(ui, i) {
  const [value, error] = [ui.view.hessian[i], ui.view.hessian_error[i]];
  return `${number(value)} ± ${error === null ? "?" : number(error, decimals(value))}`;
}

/* ---- the document ---- */

function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("on")) node[name] = value;
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function create(root) {
  const part = (tag, name, props = {}) => h(tag, { class: name, ...props });
  const el = {
    head: part("header", "head"),
    tools: part("div", "tools"),
    status: part("div", "status", { role: "status" }),
    strip: part("div", "strip", { role: "group", dir: "auto", "aria-label": "The text, word by word" }),
    tabs: part("div", "tabs", { role: "group", "aria-label": "Which component colours the text" }),
    legend: part("div", "legend"),
    caption: part("div", "caption"),
    weights: part("div", "weights"),
    table: part("table", "rank"),
    more: part("div", "more"),
    card: part("section", "card pinned", { "aria-label": "One word" }),
    candidates: part("section", "card could"),
    tip: part("div", "tip", { hidden: "" }),
  };
  const text = h("div", { class: "text" }, el.strip, h("div", { class: "bar" }, el.tabs, el.legend), el.caption);
  const heading = h("div", { class: "rankhead" }, h("h2", {}, "What mattered"), el.weights);
  const rank = h("section", { class: "ranking" }, heading, el.table, el.more);
  const side = h("aside", { class: "side" }, el.card, el.candidates);
  const bar = h("div", { class: "toolbar" }, el.tools, el.status);
  root.replaceChildren(el.head, bar, h("div", { class: "cols" }, text, side, rank), el.tip);
  const ui = { root, el, chips: [], component: "final", pin: null, hover: null, focus: 0, all: false, swapping: false };
  listen(ui);
  return ui;
}

/* ---- what the server says ---- */

function receive(ui, { view, page }) {
  const before = ui.view;
  const signature = JSON.stringify([view.tokens, view.n_context, view.target]);
  const sameText = before && JSON.stringify(before.tokens) === JSON.stringify(view.tokens);
  const samePin =
    before && ui.pin !== null && ui.pin < view.n_context && view.labels[ui.pin] === before.labels[ui.pin];
  Object.assign(ui, { view, page, asking: null, stale: false, hover: null });
  if (!samePin) ui.pin = null;
  if (!sameText) ui.swapping = false;
  // Weights that come back are those sent from here, perhaps older than what is being dragged: take only new ones.
  const weights = JSON.stringify(view.weights);
  if (ui.received !== weights) ui.weights = { ...view.weights };
  ui.received = weights;
  ui.root.dataset.theme = isDark(ui.root) ? "dark" : "light";
  showTip(ui, null);
  mix(ui);
  keepFocus(ui, () => {
    if (ui.signature !== signature) buildStrip(ui);
    ui.signature = signature;
    render(ui);
  });
}

function isDark(root) {
  const [r, g, b] = (getComputedStyle(root).backgroundColor.match(/[\d.]+/g) || [255, 255, 255]).map(Number);
  return 0.299 * r + 0.587 * g + 0.114 * b < 128;
}

/* Eq. 5: transition · (β · Hessian + γ · KL), from the raw vectors; balanced divides Hessian and KL by their sums. */
function mix(ui) {
  const { transition, hessian, kl } = ui.view;
  const { beta, gamma, scaling } = ui.weights;
  ui.final = null;
  if (transition && hessian && kl) {
    const scale = (values) => (scaling === "unit" && sum(values) > 0 ? sum(values) : 1);
    const [s, k] = [scale(hessian), scale(kl)];
    const parts = transition.map((m, i) => [(m * beta * hessian[i]) / s, (m * gamma * kl[i]) / k]);
    const total = sum(parts.map(([a, b]) => a + b));
    const shares = parts.map((both) => both.map((x) => (total > 0 ? x / total : 0)));
    ui.final = { parts: shares, shares: shares.map(([a, b]) => a + b), total, s, k };
  }
  const wanted = ui.component;
  const instead = wanted === "final" ? ["final", "kl", "transition"] : [wanted];
  ui.shown = instead.find((name) => values(ui, name)) ?? null;
  ui.values = ui.shown ? values(ui, ui.shown) : null;
  ui.top = ui.values ? Math.max(...ui.values, 0) : 0;
  ui.order = ui.values
    ? ui.values.map((_, i) => i).sort((a, b) => ui.values[b] - ui.values[a] || a - b)
    : Array.from({ length: ui.view.n_context }, (_, i) => i);
  ui.rank = [];
  ui.order.forEach((i, k) => (ui.rank[i] = k + 1));
}

const values = (ui, name) => (name === "final" ? ui.final?.shares : ui.view[name]) ?? null;
const words = (ui, name) => ui.view.components.find((c) => c.name === name);

function measured(ui, i) {
  if (!ui.shown) return "not known yet";
  const unit = words(ui, ui.shown).unit;
  if (ui.shown === "final") return `${percent(ui.values[i], 0)} ${unit}`;
  if (ui.shown === "transition") return `${percent(ui.values[i])} ${unit}`;
  return `${ui.shown === "hessian" ? withError(ui, i) : number(ui.values[i])} ${unit}`;
}

/* ---- drawing ---- */

function render(ui) {
  drawHead(ui);
  drawTools(ui);
  drawStatus(ui);
  paintStrip(ui);
  drawTabs(ui);
  drawCaption(ui);
  drawWeights(ui);
  drawTable(ui);
  drawCard(ui);
  drawCandidates(ui);
}

/* Pinning, previewing and dragging touch only this. */
function repaint(ui) {
  keepFocus(ui, () => {
    paintStrip(ui);
    drawTabs(ui);
    drawTable(ui);
    drawCard(ui);
    ui.el.caption.classList.toggle("stale", Boolean(ui.stale));
  });
}

function keepFocus(ui, draw) {
  const tree = ui.root.getRootNode();
  const key = tree.activeElement?.dataset?.key;
  const [start, end] = [tree.activeElement?.selectionStart, tree.activeElement?.selectionEnd];
  const typed = key === "swapword" ? tree.activeElement.value : null;
  draw();
  const again = key && ui.root.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (!again || again === tree.activeElement) return;
  again.focus({ preventScroll: true });
  if (typed !== null) {
    again.value = typed;
    again.setSelectionRange(start, end);
  }
}

function drawHead(ui) {
  const { target, prediction, n_context, tokens } = ui.view;
  const here = target.is_observed ? " here" : "";
  const verb = prediction.rank === 1 && !ui.asking ? "did" : "would";
  const answer = h("span", { class: "answer", dir: "auto" }, ui.asking ?? target.label);
  const place = n_context === tokens.length ? "next word" : `word ${n_context + 1} of ${tokens.length}`;
  const chance = h("b", {}, `${prediction.is_guess ? "a guess: " : ""}${percent(prediction.p)} sure`);
  const rest = ` · rank ${prediction.rank.toLocaleString("en-US")} · entropy ${prediction.entropy.toFixed(2)} nats · ${place}`;
  const sure = h("span", { class: prediction.is_guess ? "sure guess" : "sure" }, ...(ui.asking ? ["asking the model …"] : [chance, rest]));
  ui.el.head.replaceChildren(h("h1", {}, `Why ${verb} the model say `, answer, `${here}?`), sure);
}

function drawTools(ui) {
  const { page } = ui;
  const open = ui.el.tools.querySelector("details")?.open;
  const button = (key, title, onclick) => h("button", { type: "button", "data-key": key, onclick }, title);
  const menu = page.examples.map((title, i) => button(`example${i}`, title, () => ui.send({ kind: "example", index: i })));
  const swap = page.swap ? `Swap ${page.swap.from} → ${page.swap.to}` : "Swap one word";
  const examples = h("details", { open: open ? "" : null }, h("summary", { "data-key": "examples" }, "Examples"), h("div", { class: "menu" }, ...menu));
  const edit = button("edit", "✎ Edit text", () => ui.send({ kind: "edit" }));
  ui.el.tools.replaceChildren(edit, menu.length ? examples : "", button("swap", swap, () => swapPressed(ui)));
}

function swapPressed(ui) {
  if (ui.page.swap) return ui.send({ kind: "twin" });
  ui.swapping = true;
  if (ui.pin === null) ui.pin = subject(ui);
  repaint(ui);
  ui.root.querySelector('[data-key="swapword"]')?.focus();
}

function drawStatus(ui) {
  const { busy } = ui.page;
  if (!busy) return ui.el.status.replaceChildren();
  const bar = h("span", { class: "meter" }, h("i", { style: `width:${Math.round(100 * (busy.fraction ?? 0.02))}%` }));
  const stop = h("button", { type: "button", "data-key": "stop", onclick: () => ui.send({ kind: "stop" }) }, "Stop");
  ui.el.status.replaceChildren(bar, h("span", {}, busy.text), stop);
}

function buildStrip(ui) {
  const { tokens, labels, n_context, target } = ui.view;
  const answer = h("span", { class: "answer", dir: "auto", "data-answer": "" }, target.label);
  const nodes = [];
  ui.chips = tokens.map(([lead, body, tail, kind], i) => {
    const glued = !lead && i > 0 && !tokens[i - 1][2] && !tokens[i - 1][3] && !kind;
    const names = ["tok", kind.split(" ")[0], glued ? "glued" : "", i >= n_context ? "later" : ""];
    const chip = h("span", { class: names.join(" "), "data-i": i, "data-key": `t${i}`, role: "button", tabindex: -1 }, body);
    if (kind.startsWith("part")) chip.append(h("sup", {}, kind.slice(5)));
    if (i === n_context && !target.is_observed) nodes.push(" ", answer, " ");
    if (i === n_context && target.is_observed) chip.classList.add("answer");
    nodes.push(lead, chip, tail, h("wbr"));
    chip.label = labels[i];
    return chip;
  });
  if (n_context === tokens.length) nodes.push(" ", answer);
  else {
    const ask = () => ui.send({ kind: "target", position: null, token_id: null });
    nodes.push(" ", h("button", { class: "next", type: "button", "data-key": "next", onclick: ask }, "next word?"));
  }
  ui.el.strip.replaceChildren(...nodes);
  ui.focus = Math.min(ui.focus, tokens.length - 1);
}

function paintStrip(ui) {
  const { n_context, masked } = ui.view;
  const changes = new Set(masked?.changes);
  const raises = new Set(masked?.raises);
  const looked = ui.pin === null ? ui.hover : null;
  ui.chips.forEach((chip, i) => {
    const isCause = i < n_context;
    chip.style.setProperty("--v", isCause && ui.top > 0 ? (ui.values[i] / ui.top).toFixed(4) : 0);
    chip.classList.toggle("changes", changes.has(i));
    chip.classList.toggle("raises", raises.has(i));
    chip.classList.toggle("pin", ui.pin === i);
    chip.classList.toggle("look", looked === i);
    chip.tabIndex = i === ui.focus ? 0 : -1;
    if (isCause) chip.setAttribute("aria-pressed", ui.pin === i);
    chip.setAttribute("aria-label", describe(ui, i, changes.has(i), raises.has(i)));
  });
}

function describe(ui, i, changes, raises) {
  const label = ui.chips[i].label;
  if (i === ui.view.n_context && ui.view.target.is_observed) return `${label}: the word being explained`;
  if (i >= ui.view.n_context) return `${label}: explain why the model says this word here`;
  const rank = ui.shown ? `, rank ${ui.rank[i]} of ${ui.view.n_context}` : "";
  const effect = `${changes ? ", masking it changes the answer" : ""}${raises ? ", masking it makes the answer likelier" : ""}`;
  return `${label}: ${measured(ui, i)}${rank}${effect}`;
}

function drawTabs(ui) {
  const tabs = ui.view.components.map((c) => {
    const pick = () => {
      ui.component = c.name;
      mix(ui);
      repaint(ui);
    };
    const pressed = ui.component === c.name;
    const props = { type: "button", "data-key": c.name, "data-tip": c.meaning, "aria-pressed": pressed, onclick: pick };
    return h("button", props, c.title, h("small", {}, c.plain));
  });
  ui.el.tabs.replaceChildren(...tabs);
  const wanted = words(ui, ui.component);
  const missing = ui.shown === ui.component ? null : h("span", {}, `${wanted.title}: not known yet. `);
  if (!ui.shown) return ui.el.legend.replaceChildren(missing);
  const top = ui.order.length ? measured(ui, ui.order[0]) : "";
  const name = ui.shown === "final" ? ui.view.scalings[ui.weights.scaling] : words(ui, ui.shown).title;
  ui.el.legend.replaceChildren(
    ...[missing, h("span", { class: "scale" }, `${name} `, h("span", {}, "0"), h("i"), h("span", {}, top))].filter(Boolean),
    ...(ui.view.masked ? marks(ui) : [])
  );
}

function marks(ui) {
  const { changes, raises } = ui.view.masked;
  return [
    changes.length ? h("span", { class: "mark" }, h("u", {}, "dotted"), " masking it changes the answer") : null,
    raises.length ? h("span", { class: "mark" }, h("b", {}, "▴"), " masking it makes this answer likelier") : null,
  ].filter(Boolean);
}

function drawCaption(ui) {
  ui.el.caption.classList.remove("stale");
  ui.el.caption.replaceChildren(h("p", {}, ui.view.caption), h("p", { class: "method" }, ui.view.method));
}

function drawWeights(ui) {
  if (!ui.el.weights.childElementCount) buildWeights(ui);
  for (const input of ui.el.weights.querySelectorAll("input, select")) {
    if (input.value !== String(ui.weights[input.name])) input.value = ui.weights[input.name];
    if (input.type === "range") input.nextSibling.textContent = Number(ui.weights[input.name]).toFixed(2);
  }
}

function buildWeights(ui) {
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
  const tip = "balanced: Hessian and KL are each divided by their sum first, so that β and γ weigh two equals";
  const pick = (e) => (change("scaling", e.target.value), commit());
  const select = h("select", { name: "scaling", "aria-label": "Scaling", "data-key": "scaling", onchange: pick }, ...options);
  ui.el.weights.replaceChildren(h("label", { "data-tip": tip }, select), slider("beta", "β", "Hessian"), slider("gamma", "γ", "KL"));
}

function drawTable(ui) {
  const shown = ui.all ? ui.order : ui.order.slice(0, FIRST_ROWS);
  const known = ui.shown !== null;
  const both = ui.shown === "final";
  const key = (name) => h("span", { class: `key ${name}` }, words(ui, name).title);
  const bar = both ? [key("hessian"), " ", key("kl")] : known ? [key(ui.shown)] : [""];
  const columns = [["n", ""], ["name", "word"], ["bars", ...bar], ["num", both ? "share" : ""], ["formula", "Transition × (Hessian | KL)"], ["without", "without it"]];
  const header = h("tr", {}, ...columns.map(([name, ...title]) => h("th", { class: name, scope: "col" }, ...title)));
  const rows = shown.map((i) => tableRow(ui, i, both, known));
  ui.el.table.replaceChildren(h("thead", {}, header), h("tbody", {}, ...rows));
  const rest = ui.order.length - shown.length;
  const hidden = both ? `, together ${percent(1 - sum(shown.map((i) => ui.values[i])), 0)} of the score` : "";
  const toggle = () => ((ui.all = !ui.all), repaint(ui));
  const button = (title) => h("button", { type: "button", "data-key": "all", onclick: toggle }, title);
  ui.el.more.replaceChildren(
    ...(rest > 0 ? [`${rest} more words${hidden} · `, button("show all")] : ui.all ? [button("show fewer")] : [])
  );
}

function tableRow(ui, i, both, known) {
  const width = (part) => `width:${ui.top > 0 ? ((100 * part) / ui.top).toFixed(2) : 0}%`;
  const [first, second] = both ? ui.final.parts[i] : [known ? ui.values[i] : 0, 0];
  const bars = both ? [h("i", { class: "hessian", style: width(first) }), h("i", { class: "kl", style: width(second) })] : [h("i", { class: ui.shown, style: width(first) })];
  const share = both ? percent(ui.values[i], 0) : known ? (ui.shown === "transition" ? percent(ui.values[i]) : number(ui.values[i])) : "…";
  const name = h("button", { type: "button", "data-key": `r${i}` }, h("bdi", {}, ui.view.labels[i]));
  return h(
    "tr",
    { "data-i": i, class: ui.pin === i ? "pin" : ui.hover === i ? "look" : null },
    h("td", { class: "n" }, String(ui.rank[i])),
    h("td", { class: "name" }, name),
    h("td", { class: "bars" }, h("span", { class: "track" }, ...bars)),
    h("td", { class: "num" }, share),
    h("td", { class: "formula" }, formula(ui, i)),
    h("td", { class: "without" }, without(ui, i))
  );
}

function formula(ui, i) {
  const { transition, hessian, kl } = ui.view;
  return `${transition ? number(transition[i]) : "…"} × (${hessian ? withError(ui, i) : "…"} | ${kl ? number(kl[i]) : "…"})`;
}

function without(ui, i) {
  const { masked } = ui.view;
  if (!masked) return "…";
  return masked.changes.includes(i) ? `→ ${masked.says[i]} ${percent(masked.says_p[i], 0)}` : `still ${masked.says[i]}`;
}

/* The word that the card is about: the pinned one, else the one looked at, else the first of the ranking. */
const subject = (ui) => ui.pin ?? ui.hover ?? ui.order[0] ?? 0;

function drawCard(ui) {
  const i = subject(ui);
  const { view } = ui;
  const rank = ui.shown ? `rank ${ui.rank[i]} of ${view.n_context}` : "";
  const state = ui.pin === i ? "pinned" : ui.hover === i ? "preview" : "first of the ranking";
  const x = { type: "button", class: "x", "data-key": "unpin", "aria-label": "Unpin", onclick: () => pin(ui, null) };
  const unpin = ui.pin === i ? h("button", x, "×") : null;
  const cell = (value, label) => h("div", {}, h("b", {}, value), h("small", {}, label));
  const sign = (text) => h("span", { class: "sign" }, text);
  const terms = h(
    "div",
    { class: "terms" },
    cell(view.transition ? number(view.transition[i]) : "…", "Transition"),
    sign("×"),
    cell(view.hessian ? withError(ui, i) : "…", `β ${ui.weights.beta.toFixed(2)} · Hessian`),
    sign("|"),
    cell(view.kl ? number(view.kl[i]) : "…", `γ ${ui.weights.gamma.toFixed(2)} · KL`)
  );
  const title = h("header", {}, h("h2", { dir: "auto" }, quoted(view.labels[i])), h("span", {}, [rank, state].filter(Boolean).join(" · ")), unpin);
  const said = [h("p", { class: "sum" }, inNumbers(ui, i)), h("p", {}, ...masking(ui, i))];
  ui.el.card.replaceChildren(title, terms, ...said, ...cardLinks(ui, i));
}

function inNumbers(ui, i) {
  if (!ui.final) return "The score follows when all three are known.";
  const { beta, gamma, scaling } = ui.weights;
  const { transition, hessian, kl } = ui.view;
  const { s, k, shares } = ui.final;
  const write = scaling === "unit" ? (x) => percent(x) : number;
  const line = `${number(transition[i])} × (${beta.toFixed(2)} · ${write(hessian[i] / s)} + ${gamma.toFixed(2)} · ${write(kl[i] / k)})`;
  return `${scaling === "unit" ? "Each over its sum: " : ""}${line} = ${percent(shares[i], 0)} of the score.`;
}

function masking(ui, i) {
  const { masked, prediction, target } = ui.view;
  if (!masked) return ["What happens without it is not known yet."];
  const effect = masked.effect[i];
  const [before, after] = [percent(prediction.p), percent(masked.p[i])];
  const stays = Math.abs(effect) < LEAST_EFFECT || before === after;
  const change = stays ? ` stays at ${before}` : ` ${effect > 0 ? "falls" : "rises"} from ${before} to ${after}`;
  const says = masked.changes.includes(i) ? "; the model then says " : "; the model still says ";
  return ["Masked: ", h("bdi", {}, quoted(target.label)), change, says, h("bdi", {}, quoted(masked.says[i])), ` (${percent(masked.says_p[i], 0)}).`];
}

function cardLinks(ui, i) {
  const link = (key, title, onclick) => h("button", { type: "button", class: "link", "data-key": key, onclick }, title);
  const swap = (e) => {
    if (e.key !== "Enter") return;
    e.preventDefault();
    ui.send({ kind: "swap", position: i, text: e.target.value });
  };
  const input = { "data-key": "swapword", placeholder: "another word, then Enter", "aria-label": `Swap ${ui.view.labels[i]} for`, onkeydown: swap };
  const openSwap = () => ((ui.pin = i), (ui.swapping = true), repaint(ui), ui.root.querySelector('[data-key="swapword"]').focus());
  const links = [
    i > 0 ? link("why", h("span", {}, "Why did the model say ", h("bdi", {}, quoted(ui.view.labels[i])), " here? →"), () => explain(ui, i)) : null,
    ui.view.transition ? link("heads", "Its layers and heads →", () => ui.send({ kind: "heads", position: i })) : null,
    ui.swapping ? h("input", input) : link("openswap", "Swap this word …", openSwap),
  ];
  const hint = ui.pin === null ? "Click any word to keep it here." : "Esc lets go of it; T asks why this word stands here.";
  return [...links.filter(Boolean), h("p", { class: "hint" }, hint)];
}

function drawCandidates(ui) {
  const { prediction, target, n_context } = ui.view;
  const listed = prediction.candidates.some((c) => c.token_id === target.token_id);
  const own = { token_id: target.token_id, label: target.label, p: prediction.p };
  const all = listed ? prediction.candidates : [...prediction.candidates, own];
  const ask = (c) => {
    if (c.token_id === target.token_id) return;
    ui.asking = c.label;
    ui.send({ kind: "target", position: n_context, token_id: c.token_id });
    keepFocus(ui, () => drawHead(ui));
  };
  const items = all.map((c, k) => {
    const bar = h("span", { class: "track" }, h("i", { style: `width:${(100 * c.p).toFixed(2)}%` }));
    const current = c.token_id === target.token_id ? "true" : null;
    const parts = [h("bdi", {}, c.label), bar, h("span", { class: "num" }, percent(c.p))];
    return h("li", {}, h("button", { type: "button", "data-key": `c${k}`, "data-id": c.token_id, "aria-current": current, onclick: () => ask(c) }, ...parts));
  });
  const rest = Math.max(0, prediction.elsewhere - (listed ? 0 : prediction.p));
  const note = `Every other word together: ${percent(rest)}. Transition and KL are the same for all of them; the Hessian and the fall when masked know the word.`;
  ui.el.candidates.replaceChildren(h("header", {}, h("h2", {}, "It could have said")), h("ol", {}, ...items), h("p", { class: "hint" }, note));
}

/* ---- what the reader does ---- */

function pin(ui, i) {
  ui.pin = i;
  ui.swapping = false;
  if (i !== null) ui.focus = i;
  repaint(ui);
  if (i !== null && ui.page.follow_pin) ui.send({ kind: "heads", position: i });
}

function explain(ui, i) {
  ui.asking = ui.view.labels[i];
  keepFocus(ui, () => drawHead(ui));
  ui.send({ kind: "target", position: i, token_id: null });
}

function press(ui, i) {
  const { n_context, target } = ui.view;
  if (i < n_context) return pin(ui, ui.pin === i ? null : i);
  if (i > n_context || !target.is_observed) explain(ui, i);
}

function look(ui, i) {
  if (ui.hover === i) return;
  ui.hover = i;
  if (ui.pin === null) {
    paintStrip(ui);
    keepFocus(ui, () => drawCard(ui));
  }
}

function listen(ui) {
  const { root } = ui;
  const indexOf = (e) => {
    const node = e.target.closest?.("[data-i]");
    return node ? Number(node.dataset.i) : null;
  };
  const preview = (e) => {
    const i = indexOf(e);
    showTip(ui, e.target.closest?.("[data-tip], .tok"));
    if (i !== null && i < ui.view.n_context) look(ui, i);
  };
  root.onclick = (e) => {
    const i = indexOf(e);
    const menu = root.querySelector("details[open]");
    if (menu && !(e.target.closest("details") && !e.target.closest(".menu"))) menu.open = false;
    if (i === null) return;
    showTip(ui, null);
    press(ui, i);
  };
  root.onmouseover = preview;
  root.addEventListener("focusin", preview); // it has no property of its own; `create` runs once for a node
  root.onmouseleave = () => (showTip(ui, null), look(ui, null));
  ui.el.strip.onmouseout = () => showTip(ui, null);
  root.onkeydown = (e) => keyPressed(ui, e);
}

function keyPressed(ui, e) {
  if (e.target.matches("input, select") || e.ctrlKey || e.metaKey || e.altKey) {
    if (e.key === "Escape" && e.target.dataset.key === "swapword") ((ui.swapping = false), repaint(ui));
    return;
  }
  const chip = e.target.closest(".tok");
  const at = chip ? Number(chip.dataset.i) : null;
  const moves = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity };
  if (e.key === "Escape") pin(ui, null);
  else if (e.key.toLowerCase() === "t" && (at ?? ui.pin) > 0) explain(ui, at ?? ui.pin);
  else if (at !== null && (e.key === "Enter" || e.key === " ")) press(ui, at);
  else if (at !== null && e.key in moves) moveTo(ui, at + moves[e.key]);
  else if (at !== null && (e.key === "ArrowDown" || e.key === "ArrowUp")) moveTo(ui, otherLine(ui, at, e.key === "ArrowDown"));
  else return;
  e.preventDefault();
  e.stopPropagation();
}

function moveTo(ui, i) {
  const last = ui.chips.length - 1;
  ui.chips[ui.focus].tabIndex = -1;
  ui.focus = Math.max(0, Math.min(last, i));
  ui.chips[ui.focus].tabIndex = 0;
  ui.chips[ui.focus].focus();
}

/* The word nearest above or below. */
function otherLine(ui, from, isDown) {
  const here = ui.chips[from].getBoundingClientRect();
  const [x, y] = [here.left + here.width / 2, here.top];
  let [best, cost] = [from, Infinity];
  ui.chips.forEach((chip, i) => {
    const box = chip.getBoundingClientRect();
    const down = isDown ? box.top - y : y - box.top;
    if (down < here.height / 2) return;
    const away = 50 * down + Math.abs(box.left + box.width / 2 - x);
    if (away < cost) [best, cost] = [i, away];
  });
  return best;
}

function showTip(ui, node) {
  const { tip } = ui.el;
  const text = !node ? "" : node.dataset.tip ?? node.getAttribute("aria-label");
  tip.hidden = !text;
  if (!text) return;
  tip.textContent = text;
  const [box, home] = [node.getBoundingClientRect(), ui.root.getBoundingClientRect()];
  tip.style.left = `${Math.max(0, Math.min(box.left - home.left, home.width - tip.offsetWidth))}px`;
  tip.style.top = `${box.bottom - home.top + 6}px`;
}
