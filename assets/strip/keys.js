/* Back and forward through what was looked at, and the list of keys. */

const KEYS = [
  ["← → ↑ ↓", "from word to word"],
  ["Enter or space", "pin the word, or explain one after the text"],
  ["Esc", "let go of the pinned word"],
  ["T", "explain why this word stands here"],
  ["Shift and ← →", "explain one word more or less"],
  ["Home, End", "the first and the last word"],
  ["[ and ]", "back and forward through what you have looked at"],
  ["?", "this list"],
];

function historyButtons(ui) {
  const button = (kind, sign, name) => {
    const question = ui.page.history?.[kind];
    const told = question ? `${name}: ${question}` : `${name}: nothing`;
    return h("button", { type: "button", "data-key": kind, "aria-label": told, "data-tip": told, disabled: !question, onclick: () => travel(ui, kind) }, sign);
  };
  return [button("back", "←", "Back"), button("forward", "→", "Forward")];
}

function travel(ui, kind) {
  if (ui.page.history?.[kind]) ui.send({ kind });
}

function keysPanel(ui) {
  const rows = KEYS.flatMap(([key, what]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, what)]);
  const open = ui.el.tools.querySelector(".keys")?.open;
  return h("details", { class: "keys", open: open ? "" : null }, h("summary", { "data-key": "keys", "aria-label": "Keys" }, "?"), h("dl", { class: "menu" }, ...rows));
}

function toggleKeys(ui) {
  const panel = ui.el.tools.querySelector(".keys");
  if (panel) panel.open = !panel.open;
}
