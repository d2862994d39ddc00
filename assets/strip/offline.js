/* A page that was saved: one result, opened from disk. Nothing asks the model, so nothing is offered that would. */

const nothing = () => {};

const OFFLINE = {
  tools: nothing,
  onToken: nothing,
  onCandidate: nothing,
  onSpan: null,
  onFoil: null,
  onRather: null,
  onBlocks: null,
  links: offlineHint,
};

function offlineHint(ui) {
  const { one } = ui.view.scored;
  const text = ui.pin === null ? `Click any ${one} to keep it here. Tab and the arrow keys lead through the text.` : "Esc lets go of it.";
  return [h("p", { class: "hint" }, text)];
}

const shown = instance(document.querySelector(".heta"), OFFLINE);
const view = JSON.parse(document.getElementById("view").textContent);
const show = () => receive(shown, { view, page: { busy: null, examples: [], swap: null, follow_pin: false } });
shown.send = nothing;
show();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
document.getElementById("save").onclick = () => saveReport("heta.json");
