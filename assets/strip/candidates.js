/* What the model could have said instead. */

function drawCandidates(ui) {
  const { prediction, target } = ui.view;
  const [said] = prediction.tokens;
  const listed = prediction.candidates.some((c) => c.token_id === target.token_id);
  const own = { token_id: target.token_id, label: said.label, p: said.p };
  const all = listed ? prediction.candidates : [...prediction.candidates, own];
  const items = all.map((c, k) => {
    const bar = h("span", { class: "track" }, h("i", { style: `width:${(100 * c.p).toFixed(2)}%` }));
    const current = c.token_id === target.token_id ? "true" : null;
    const parts = [h("bdi", {}, c.label), bar, h("span", { class: "num" }, percent(c.p))];
    const isExplained = current && target.kind === "token";
    const explain = h("button", { type: "button", "data-key": `c${k}`, "data-id": c.token_id, "aria-current": current, onclick: () => isExplained || ui.onCandidate(ui, c) }, ...parts);
    return h("li", {}, explain, ...(ui.onFoil ? [foilButton(ui, c, k)] : []));
  });
  const rest = Math.max(0, prediction.elsewhere - (listed ? 0 : said.p));
  const { is_gated } = ui.view;
  const blind = isContrast(ui) ? `${is_gated ? "Transition is the same for all of them; the" : "The"} Hessian and Δ know both words.` : `${is_gated ? "Transition and KL are" : "KL is"} the same for all of them; the Hessian and the fall when masked know the word.`;
  const note = `Every other word together: ${percent(rest)}. ${blind}`;
  const title = prediction.tokens.length > 1 ? ["For ", h("bdi", {}, quoted(said.label)), " it could have said"] : ["It could have said"];
  const rather = ui.onRather ? [ratherForm(ui)] : [];
  ui.el.candidates.replaceChildren(h("header", {}, h("h2", {}, ...title)), h("ol", {}, ...items), ...rather, h("p", { class: "hint" }, note));
}

function explainCandidate(ui, { token_id, label }) {
  asking(ui, label);
  ui.send({ kind: "target", position: ui.view.target.start, stop: null, token_id, foil: null });
}

/* What is explained rather than this candidate. */
function foilButton(ui, candidate, k) {
  const { target, prediction } = ui.view;
  if (candidate.token_id === target.token_id) return h("span", { class: "said" }, target.kind === "contrast" ? "said" : "");
  const isFoil = target.kind === "contrast" && target.foil_ids[0] === candidate.token_id;
  const name = `Why ${prediction.tokens[0].label} rather than ${candidate.label}`;
  const props = { type: "button", class: "vs", "data-key": `vs${k}`, "aria-label": name, "data-tip": `${name}?`, "aria-pressed": isFoil };
  return h("button", { ...props, onclick: () => isFoil || ui.onFoil(ui, candidate) }, "vs");
}

/* A foil that is typed; several tokens are compared at their first difference, or whole. */
function ratherForm(ui) {
  const word = h("input", { "data-key": "rather", placeholder: "rather than …", "aria-label": "Rather than", maxlength: 200, oninput: (e) => (ui.rather = e.target.value) });
  word.value = ui.rather;
  const tick = h("input", { type: "checkbox", "data-key": "whole", onchange: (e) => (ui.whole = e.target.checked) });
  tick.checked = ui.whole;
  const go = () => word.value.trim() && ui.onRather(ui, word.value, tick.checked);
  word.onkeydown = (e) => {
    if (e.key !== "Enter") return;
    e.preventDefault();
    go();
  };
  const tip = "Compare all of one with all of the other; else the first token in which they differ";
  const compare = h("button", { type: "button", "data-key": "compare", onclick: go }, "Compare");
  return h("div", { class: "rathers" }, word, compare, h("label", { "data-tip": tip }, tick, " whole strings"));
}
