/* What the reader does: pointing, pinning, asking, by mouse and by keyboard. */

/* Alone: not the piece that token i is read in, but the token by itself. */
function pin(ui, i, isAlone = false) {
  Object.assign(ui, { pin: i, marking: null, alone: isAlone });
  ui.swapping = false;
  if (i !== null) ui.focus = seat(ui, i);
  repaint(ui);
  if (i !== null && ui.page.follow_pin) ui.send({ kind: "heads", position: i });
}

function explain(ui, i) {
  asking(ui, short(ui.view.labels[i], LONGEST_HEADING), [i, i + 1]);
  ui.send({ kind: "target", position: i, stop: null, token_id: null, foil: null });
}

function press(ui, i) {
  const { n_context, target } = ui.view;
  if (ui.marking !== null) return endBlock(ui, i);
  if (ui.drawing !== null) return markStretch(ui, i);
  if (i < n_context) return pin(ui, isPinned(ui, i) && !ui.alone ? null : i);
  if (i !== target.start || target.kind !== "token" || !target.is_observed) ui.onToken(ui, i);
}

/* Token i, or what it is read in, is pinned. */
const isPinned = (ui, i) => ui.pin !== null && (ui.alone ? ui.pin === i : ui.unitOf[ui.pin] === ui.unitOf[i]);

function look(ui, i) {
  if (ui.hover === i) return;
  ui.hover = i;
  if (ui.pin === null) {
    paintStrip(ui);
    keepFocus(ui, () => drawCard(ui));
  } else if (ui.marking !== null || ui.drawing !== null) paintStrip(ui);
}

function listen(ui) {
  const { root } = ui;
  const indexOf = (e) => {
    const node = e.target.closest?.("[data-i]");
    return node ? Number(node.dataset.i) : null;
  };
  const preview = (e) => {
    const i = indexOf(e);
    const told = e.target.closest?.("[data-tip], .tok");
    showTip(ui, told ?? (e.target.closest?.(".gap") && i !== null ? ui.chips[i] : null));
    if (i !== null && i < ui.view.n_context) look(ui, i);
  };
  root.onclick = (e) => {
    const i = indexOf(e);
    const menu = root.querySelector("details[open]");
    if (menu && !(e.target.closest("details") && !e.target.closest(".menu"))) menu.open = false;
    if (i === null) return;
    showTip(ui, null);
    if (e.shiftKey && ui.onSpan && e.target.closest(".tok")) extendTo(ui, i);
    else press(ui, i);
  };
  ui.el.strip.onmousedown = (e) => {
    if (e.shiftKey) e.preventDefault(); // it would select the text in between
  };
  root.onmouseover = preview;
  root.addEventListener("focusin", preview); // it has no property of its own; `create` runs once for a node
  root.onmouseleave = () => (showTip(ui, null), look(ui, null));
  ui.el.strip.onmouseout = () => showTip(ui, null);
  root.onkeydown = (e) => keyPressed(ui, e);
}

function keyPressed(ui, e) {
  if (e.key === "Escape" && ui.drawing !== null) return stopDrawing(ui);
  if (e.target.matches("input, select") || e.ctrlKey || e.metaKey || e.altKey) {
    if (e.key === "Escape" && e.target.dataset.key === "swapword") ((ui.swapping = false), repaint(ui));
    if (e.target.matches("input:not([type])")) e.stopPropagation(); // a letter typed here is no shortcut of the page
    return;
  }
  const chip = e.target.closest(".tok");
  const at = chip ? Number(chip.dataset.i) : null;
  const moves = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity };
  if (e.key === "Escape") ui.marking === null ? pin(ui, null) : endBlock(ui, ui.marking);
  else if (e.key === "[" || e.key === "]") travel(ui, e.key === "[" ? "back" : "forward");
  else if (e.key === "?") toggleKeys(ui);
  else if (e.key.toLowerCase() === "t" && (at ?? ui.pin) > 0) ui.onToken(ui, at ?? ui.pin);
  else if (at !== null && (e.key === "Enter" || e.key === " ")) press(ui, at);
  else if (at !== null && e.shiftKey && ui.onSpan && e.key.startsWith("Arrow")) {
    if (Math.abs(moves[e.key]) === 1) moveEnd(ui, at, moves[e.key]);
  } else if (at !== null && e.key in moves) moveTo(ui, at + moves[e.key]);
  else if (at !== null && (e.key === "ArrowDown" || e.key === "ArrowUp")) moveTo(ui, otherLine(ui, at, e.key === "ArrowDown"));
  else return;
  e.preventDefault();
  e.stopPropagation();
}
