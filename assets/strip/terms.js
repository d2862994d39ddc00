/* Technical words as links into the glossary. It opens beside the page, so that nothing that was asked is lost. Where
   `ui.glossary` is not set, as on a saved page, which must lead nowhere, words stay words. */

const GLOSSARY_PAGE = "Learn?word=";
const TERMS = {
  Transition: "transition",
  Hessian: "hessian",
  KL: "kl",
  Δ: "effect",
  β: "beta-gamma",
  γ: "beta-gamma",
  Scaling: "scaling",
  Spearman: "spearman",
  share: "share",
  rank: "rank",
  entropy: "entropy",
  nats: "nats",
  "log p": "log-probability",
  "log-odds": "log-odds",
  masked: "mask",
  probes: "probe",
};
const TERM = new RegExp(`(?<![\\p{L}\\p{N}_])(${Object.keys(TERMS).join("|")})(?![\\p{L}\\p{N}_])`, "u");

/* One word with what it says by itself; `area` tells it from the same word elsewhere. */
function term(ui, area, id, props, ...children) {
  if (!ui.glossary) return h("span", props["data-tip"] ? { tabindex: 0, ...props } : props, ...children);
  const link = { class: "term", href: ui.glossary + id, target: "_blank", rel: "noopener", "data-key": `${area}.${id}` };
  return h("a", { ...link, "data-tip": "In the glossary ↗", ...props }, ...children);
}

/* A text of ours as nodes, each technical word in it a link where it stands first. No text of a model comes here. */
function terms(ui, area, text, { seen = new Set(), ...props } = {}) {
  if (!ui.glossary) return [text];
  return text.split(TERM).map((part, k) => {
    const id = k % 2 ? TERMS[part] : null;
    if (!id || seen.has(id)) return part;
    seen.add(id);
    return term(ui, area, id, props, part);
  });
}
