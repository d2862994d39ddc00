/* What stands above and below the text: the question, the tools, the progress, the caption. */

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

function drawCaption(ui) {
  ui.el.caption.classList.remove("stale");
  ui.el.caption.replaceChildren(h("p", {}, ui.view.caption), h("p", { class: "method" }, ui.view.method));
}
