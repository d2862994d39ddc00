/* What stands above and below the text: the question, the tools, the progress, the caption. */

const LONGEST_HEADING = 72; // characters of what is explained
const MOST_APART = 16; // words of a span that stand there one by one

function drawHead(ui) {
  const { target, prediction } = ui.view;
  const waits = ui.asking !== null;
  const verb = prediction.tokens.every((said) => said.rank === 1) && !waits ? "did" : "would";
  const chip = (name, text) => h("span", { class: name, dir: "auto" }, text);
  const here = (waits ? ui.wanted : target.is_observed) ? " here" : "";
  const foil = isContrast(ui) && !waits ? [" rather than ", chip("answer foil", short(target.foil, LONGEST_HEADING))] : [];
  const question = [`Why ${verb} the model say `, chip("answer", short(ui.asking ?? target.label, LONGEST_HEADING)), here, ...foil, "?"];
  const sure = h("span", { class: prediction.is_guess && !isContrast(ui) ? "sure guess" : "sure" }, ...(waits ? ["asking the model …"] : certainty(ui)));
  ui.el.head.replaceChildren(h("h1", {}, ...question), ...(waits ? [] : versus(ui)), sure, ...(waits ? [] : eachOf(ui)));
}

function place({ target, tokens, scored }) {
  if (target.start === tokens.length) return "next word";
  if (scored.by !== "tokens") return "in the text";
  const last = target.stop - target.start > 1 ? `–${target.stop}` : "";
  return `word${last && "s"} ${target.start + 1}${last} of ${tokens.length}`;
}

/* How sure the model is of what is explained, in numbers. */
function certainty(ui) {
  const { target, prediction } = ui.view;
  const { p, rank, entropy, tokens, foil } = prediction;
  const ranks = (n) => n.toLocaleString("en-US");
  const guess = prediction.is_guess ? "a guess: " : "";
  const odds = `log-odds ${signed(prediction.f)} nats`;
  if (target.kind === "token") {
    const chance = `${guess}${percent(p)} sure`;
    return [h("b", {}, chance), ...terms(ui, "sure", ` · rank ${ranks(rank)} · entropy ${entropy.toFixed(2)} nats · ${place(ui.view)}`)];
  }
  if (target.kind === "span") {
    const chance = `${guess}${percent(p)} sure of all ${tokens.length} together`;
    return [h("b", {}, chance), ...terms(ui, "sure", ` · ${percent(prediction.p_each)} each on average · log p ${number(prediction.log_p)} nats · ${place(ui.view)}`)];
  }
  const chance = h("b", {}, `${percent(p)} against ${percent(prediction.p_foil)}`);
  const standing = target.kind === "contrast" ? ` · rank ${ranks(rank)} against ${ranks(foil[0].rank)}` : "";
  return [chance, ...terms(ui, "sure", ` · ${odds}${standing} · ${place(ui.view)}`)];
}

/* A contrast turned round or ended. */
function versus(ui) {
  if (!isContrast(ui)) return [];
  const button = (key, title, name, onclick) => h("button", { type: "button", "data-key": key, "aria-label": name, "data-tip": name, onclick }, title);
  const both = [button("exchange", "⇄", "Exchange the two", () => askExchanged(ui)), button("endcontrast", "×", "End the comparison", () => askWithoutFoil(ui))];
  return ui.onFoil ? [h("span", { class: "versus" }, ...both)] : [];
}

/* Each of several explained tokens with its own chance; and which part of two texts is compared. */
function eachOf(ui) {
  const { target, prediction } = ui.view;
  const told = (said) => `${said.label}: ${percent(said.p)}, rank ${said.rank.toLocaleString("en-US")}, entropy ${said.entropy.toFixed(2)} nats`;
  const item = (said) => h("li", { "data-tip": told(said), tabindex: 0 }, h("bdi", {}, said.label), ` ${percent(said.p, 0)}`);
  const rest = (all) => (all.length > MOST_APART ? [h("li", {}, `… ${all.length - MOST_APART} more, in the text`)] : []);
  const row = (name, all) => h("ol", { class: "each", "aria-label": name }, ...all.slice(0, MOST_APART).map(item), ...rest(all));
  const notes = [];
  if (target.kind === "span" || target.kind === "string contrast") notes.push(row("The words that were said", prediction.tokens));
  if (target.kind === "string contrast") notes.push(h("span", { class: "rather" }, "rather than"), row("The words of the other text", prediction.foil));
  if (target.asked) {
    const [one, other] = target.asked.map((text) => h("bdi", {}, quoted(short(text))));
    notes.push(h("span", {}, "Of ", one, " and ", other, " the first tokens that differ are compared."));
  }
  if (target.kind === "string contrast") notes.push(h("span", {}, "Whole strings are compared."));
  return notes.length ? [h("div", { class: "apart" }, ...notes)] : [];
}

function drawTools(ui) {
  const { page } = ui;
  const open = ui.el.tools.querySelector("details")?.open;
  const button = (key, title, onclick) => h("button", { type: "button", "data-key": key, onclick }, title);
  const menu = page.examples.map((title, i) => button(`example${i}`, title, () => ui.send({ kind: "example", index: i })));
  const swap = page.swap ? `Swap ${page.swap.from} → ${page.swap.to}` : `Swap one ${ui.view.scored.one}`;
  const examples = h("details", { open: open ? "" : null }, h("summary", { "data-key": "examples" }, "Examples"), h("div", { class: "menu" }, ...menu));
  const edit = button("edit", "✎ Edit text", () => ui.send({ kind: "edit" }));
  ui.el.tools.replaceChildren(...historyButtons(ui), edit, menu.length ? examples : "", button("swap", swap, () => swapPressed(ui)), scoredPicker(ui), keysPanel(ui));
}

function swapPressed(ui) {
  if (ui.page.swap) return ui.send({ kind: "twin" });
  ui.swapping = true;
  if (ui.pin === null) ui.pin = subject(ui);
  repaint(ui);
  ui.root.querySelector('[data-key="swapword"]')?.focus();
}

/* The button stays the same node while numbers come in: a press on it must not fall between two of them. */
function drawStatus(ui) {
  const { busy } = ui.page;
  if (!busy) return ui.el.status.replaceChildren();
  if (!ui.el.status.firstChild) {
    const stop = h("button", { type: "button", "data-key": "stop", onclick: () => ui.send({ kind: "stop" }) }, "Stop");
    ui.el.status.replaceChildren(h("span", { class: "meter" }, h("i")), h("span", {}), stop);
  }
  const [meter, text] = ui.el.status.children;
  meter.firstChild.style.width = `${Math.round(100 * (busy.fraction ?? 0.02))}%`;
  if (text.textContent !== busy.text) text.textContent = busy.text;
}

function drawCaption(ui) {
  ui.el.caption.classList.remove("stale");
  ui.el.caption.replaceChildren(h("p", {}, ui.view.caption), h("p", { class: "method" }, ...terms(ui, "method", ui.view.method)));
}
