/* What the model could have said instead. */

function drawCandidates(ui) {
  const { prediction, target } = ui.view;
  const listed = prediction.candidates.some((c) => c.token_id === target.token_id);
  const own = { token_id: target.token_id, label: target.label, p: prediction.p };
  const all = listed ? prediction.candidates : [...prediction.candidates, own];
  const items = all.map((c, k) => {
    const bar = h("span", { class: "track" }, h("i", { style: `width:${(100 * c.p).toFixed(2)}%` }));
    const current = c.token_id === target.token_id ? "true" : null;
    const parts = [h("bdi", {}, c.label), bar, h("span", { class: "num" }, percent(c.p))];
    return h("li", {}, h("button", { type: "button", "data-key": `c${k}`, "data-id": c.token_id, "aria-current": current, onclick: () => c.token_id === target.token_id || ui.onCandidate(ui, c) }, ...parts));
  });
  const rest = Math.max(0, prediction.elsewhere - (listed ? 0 : prediction.p));
  const note = `Every other word together: ${percent(rest)}. Transition and KL are the same for all of them; the Hessian and the fall when masked know the word.`;
  ui.el.candidates.replaceChildren(h("header", {}, h("h2", {}, "It could have said")), h("ol", {}, ...items), h("p", { class: "hint" }, note));
}

function explainCandidate(ui, { token_id, label }) {
  ui.asking = label;
  ui.send({ kind: "target", position: ui.view.n_context, token_id });
  keepFocus(ui, () => drawHead(ui));
}
