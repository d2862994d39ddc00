/* What is scored one by one: tokens, or blocks of them that are masked and probed whole. A block is no sum of its words,
   so every other cut is a question to the model: {kind: "scored", text} by words or sentences, {kind: "open", position}
   takes one block apart, {kind: "block", position, stop} makes one of some neighbours. */

const SCORED = { tokens: "word by word", words: "whole words as blocks", sentences: "sentences as blocks", segments: "marked blocks" };

const hasBlocks = (ui) => ui.view.scored.by !== "tokens";

function scoredPicker(ui) {
  if (!ui.page.busy) ui.scoring = null;
  const by = ui.scoring ?? ui.view.scored.by;
  const names = Object.keys(SCORED).filter((name) => name !== "segments" || name === by);
  const option = (name) => h("option", { value: name, selected: name === by ? "" : null }, SCORED[name]);
  const pick = (e) => {
    ui.scoring = e.target.value;
    ui.send({ kind: "scored", text: ui.scoring });
  };
  const tip = "A block is masked and probed as a whole: what the answer owes to all of it at once. That is not the sum of its words, and it is computed anew.";
  const select = h("select", { "data-key": "scored", "aria-label": "What is scored", onchange: pick }, ...names.map(option));
  return h("label", { class: "scored", "data-tip": tip }, "Scored: ", select);
}

/* How large the block is, and its Hessian for each of its tokens: that of a block grows faster than its length. */
function sizeOf(ui, i) {
  const { scored, density } = ui.view;
  if (scored.sizes[i] < 2) return [];
  const each = density ? `; Hessian ${number(density[i])} a token` : "";
  return [h("p", { class: "sum" }, `${scored.sizes[i]} tokens as one block${each}.`)];
}

function blockLinks(ui, i) {
  const size = ui.view.scored.sizes[i];
  const link = (key, title, onclick) => h("button", { type: "button", class: "link", "data-key": key, onclick }, title);
  const open = size > 1 ? [link("open", `Open into its ${size} tokens`, () => ui.send({ kind: "open", position: i }))] : [];
  if (ui.marking !== null) return [...open, h("p", { class: "marking", role: "status" }, `Now choose the last ${ui.view.scored.one} of the block. Esc lets go.`)];
  const mark = () => {
    Object.assign(ui, { pin: i, marking: i });
    repaint(ui);
    moveTo(ui, i);
  };
  return [...open, link("mark", "Score a stretch from here as one block …", mark)];
}

/* Both ends of the block are known; one unit alone is none. */
function endBlock(ui, i) {
  const [start, stop] = [Math.min(i, ui.marking), Math.max(i, ui.marking) + 1];
  ui.marking = null;
  if (i < ui.view.n_context && stop - start > 1) ui.send({ kind: "block", position: start, stop });
  repaint(ui);
}

/* Between the end of a block or a segment that is known and the token that is pointed at. */
function isMarked(ui, i) {
  const from = ui.marking ?? (ui.drawing === "first" ? null : ui.drawing);
  return from !== null && i >= Math.min(from, ui.hover ?? from) && i <= Math.max(from, ui.hover ?? from);
}
