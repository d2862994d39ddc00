/* The screen of one explained answer: heading, text as a strip, ranking, candidates, card of the pinned word.

   1. `receive` takes what the server knows: `view` is one result with its raw vectors, `page` what surrounds it. What is
      not known yet is null and is never drawn as a number.
   2. `mix` combines the raw vectors by the weights chosen here (Eq. 5), and `render` draws. Pinning, previewing,
      choosing a component and dragging a weight end here, in `repaint`: the server hears nothing of them.
   3. Only questions to the model go out, through `ui.send`.

   Causes are pinned, answers are explained.

   A page mounts these files with a main of its own, which has the one `export default`:
       const ui = instance(root, hooks);                      // created once for a node, with its listeners
       ui.send = (event) => setTriggerValue("event", event);
       receive(ui, { view, page });                           // again for every other result
       return () => release(root);

   Events: {kind: "target", position, stop, token_id, foil} asks for a token, a span (stop) or a contrast (foil, ids);
   {kind: "rather", text, whole} compares with a typed text, {kind: "exchange"} turns a contrast round; "swap", "twin",
   "example", "edit", "heads", "weights", "stop", "back" and "forward" are what they say; blocks.js tells those of its own.

   `ui` holds `view` and `page` as they came, `el` the nodes by name (`el.cols` and the others may get neighbours), what
   the reader chose (`component`, `weights`, `pin`, `hover`, `focus`, `all`, `swapping`, `marking`, `alone`, `drawing`, `scoring`, `rather`, `whole`), what was asked and is
   not there yet (`asking` in words, `wanted` as a span), and what `mix` made of it
   (`final`, `shown`, `values`, `top`, `order`, `rank`). A main changes what clicks mean by its hooks. */

const INSTANCES = new WeakMap();

const HOOKS = {
  tools: drawTools, // (ui): draws the buttons under the heading into ui.el.tools
  onToken: explain, // (ui, i): token i of the text is to be explained
  onCandidate: explainCandidate, // (ui, candidate): it is to be explained instead of the target
  onSpan: askSpan, // (ui, start, stop): these tokens are to be explained together; null: there are no spans
  onFoil: askFoil, // (ui, candidate): the target is to be explained rather than it; null: there are no contrasts
  onRather: askRather, // (ui, text, isWhole): … rather than a typed text; null: nothing is typed
  onBlocks: askBlocks, // (ui): the pieces that are read are to be scored as blocks; null: nothing is scored anew
  links: cardLinks, // (ui, i): the nodes of what can be asked about token i
  glossary: null, // what the address of an entry begins with; null: words of the page are no links
  extra: () => {}, // (ui): draws what a page adds, after every render and repaint
};

function instance(root, hooks = {}) {
  if (!INSTANCES.has(root)) INSTANCES.set(root, create(root, hooks));
  return INSTANCES.get(root);
}

const release = (root) => INSTANCES.delete(root);

function create(root, hooks) {
  const part = (tag, name, props = {}) => h(tag, { class: name, ...props });
  const el = {
    head: part("header", "head"),
    tools: part("div", "tools"),
    status: part("div", "status", { role: "status" }),
    strip: part("div", "strip", { role: "group", dir: "auto", "aria-label": "The text, word by word" }),
    tabs: part("div", "tabs", { role: "group", "aria-label": "Which component colours the text" }),
    legend: part("div", "legend"),
    reading: part("div", "reading", { role: "group", "aria-label": "How the text is read" }),
    caption: part("div", "caption"),
    weights: part("div", "weights"),
    table: part("table", "rank"),
    more: part("div", "more"),
    flat: part("p", "flat", { hidden: "" }),
    card: part("section", "card pinned", { "aria-label": "One word" }),
    candidates: part("section", "card could"),
    tip: part("div", "tip", { hidden: "" }),
  };
  const text = h("div", { class: "text" }, el.strip, h("div", { class: "bar" }, el.tabs, el.legend), el.reading, el.caption);
  const heading = h("div", { class: "rankhead" }, h("h2", {}, "What mattered"), el.weights);
  const rank = h("section", { class: "ranking" }, heading, el.flat, el.table, el.more);
  const side = h("aside", { class: "side" }, el.card, el.candidates);
  const bar = h("div", { class: "toolbar" }, el.tools, el.status);
  el.cols = h("div", { class: "cols" }, text, side, rank);
  root.replaceChildren(el.head, bar, el.cols, el.tip);
  const ui = { ...HOOKS, ...hooks, root, el, chips: [], component: "final", pin: null, hover: null, focus: 0, all: false, swapping: false, marking: null, alone: false, drawing: null, scoring: null, rather: "", whole: false };
  rank.append(buildPlane(ui));
  listen(ui);
  return ui;
}

function receive(ui, { view, page }) {
  const before = ui.view;
  const signature = JSON.stringify([view.tokens, view.n_context, view.target]);
  const sameText = before && JSON.stringify(before.tokens) === JSON.stringify(view.tokens);
  const samePin =
    before && ui.pin !== null && ui.pin < view.n_context && view.labels[ui.pin] === before.labels[ui.pin];
  // Until the first part of an answer is there, the server sends what was shown before.
  const waits = page.busy && ui.asking && ui.askedFrom === JSON.stringify([view.tokens, view.target]);
  Object.assign(ui, { view, page, stale: false, hover: null });
  if (!waits) Object.assign(ui, { asking: null, wanted: null });
  if (!samePin) ui.pin = null;
  if (ui.pin === null) ui.alone = false;
  if (!sameText) Object.assign(ui, { swapping: false, marking: null, drawing: null });
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

function render(ui) {
  drawHead(ui);
  ui.tools(ui);
  drawStatus(ui);
  paintStrip(ui);
  drawTabs(ui);
  drawReading(ui);
  drawCaption(ui);
  drawWeights(ui);
  drawStanding(ui);
  drawTable(ui);
  drawPlane(ui);
  drawCard(ui);
  drawCandidates(ui);
  ui.extra(ui);
}

/* Pinning, previewing and dragging touch only this. */
function repaint(ui) {
  keepFocus(ui, () => {
    paintStrip(ui);
    drawTabs(ui);
    drawReading(ui);
    drawStanding(ui);
    drawTable(ui);
    drawPlane(ui);
    drawCard(ui);
    ui.el.caption.classList.toggle("stale", Boolean(ui.stale));
    ui.extra(ui);
  });
}
