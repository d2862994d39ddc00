/* Generate: a film of steps, each of which is one result of the same screen; continuations that forked stand side by side.

   One trigger, `event`, goes out; it carries the weights as well. Places are those of tokens in the text:
     look {position, index}                     the reader has settled on a step and a pinned word; join: on several together
     force {position, token_id}                 another word there, and the model goes on
     delete {position}, swap {position, text}   a word of the prompt
     target {position, stop | foil}             several steps together, or one word rather than another
     rather {position, stop, text, whole}       … rather than a typed text; exchange turns it round
     branch {index}, remove {index}             a continuation is shown, or taken away
     edit, stop, weights */

const GENERATE = {
  tools: drawFilmTools,
  onToken: stepOf,
  onCandidate: (ui, { token_id }) => ui.joined || ui.send({ kind: "force", position: ui.view.target.start, token_id }),
  onSpan: (ui, start, stop) => start >= ui.data.film.n_prompt && explainSteps(ui, start - ui.data.film.n_prompt, stop - 1 - ui.data.film.n_prompt),
  onRather: (ui, text, whole) => ui.send({ kind: "rather", position: ui.view.target.start, stop: ui.view.target.stop, text, whole }),
  onBlocks: null,
  links: filmLinks,
  extra: drawAround,
  glossary: GLOSSARY_PAGE,
};

/* Streamlit may take the component down and put it up anew between two runs: a span being drawn goes on there. */
const UNDRAWN = "hetaGenerateLeft";

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".heta");
  const isNew = !INSTANCES.has(root);
  const ui = instance(root, GENERATE);
  ui.send = (event) => (isOneStep(event) ? step(ui, event.position - ui.data.film.n_prompt) : tell(ui, event));
  ui.tell = (event) => setTriggerValue("event", { ...event, weights: ui.weights });
  if (isNew) prepare(ui);
  take(ui, data);
  if (isNew) resume(ui, globalThis[UNDRAWN]);
  return () => {
    const { range, choosing, extending } = ui;
    globalThis[UNDRAWN] = { number: ui.data.branch.number, range, choosing, isExtending: Boolean(extending) };
    stopPlaying(ui);
    clearTimeout(ui.settling);
    clearTimeout(extending);
    ui.unmountFilm();
    release(root);
  };
}

/* A question says where the reader is; a look that is told after it could take its place on the way. */
function tell(ui, event) {
  clearTimeout(ui.settling);
  ui.tell(event);
}

function resume(ui, left) {
  if (left?.number !== ui.data.branch.number || !isKnown(ui)) return;
  Object.assign(ui, { range: left.range, choosing: left.choosing });
  paintFilm(ui);
  if (left.isExtending) askWhenSettled(ui);
}

function prepare(ui) {
  ui.unmountFilm = mountFilm(ui);
  ui.known = 0; // which answer about several steps was here last
  ui.el.forks = h("section", { class: "forks", "aria-label": "Continuations side by side" });
  ui.el.writing = h("p", { class: "writing", "aria-live": "polite" });
  ui.el.cols.before(ui.el.forks, ui.el.writing);
}

function take(ui, data) {
  const before = ui.data?.branch;
  const { branch, together, film } = data;
  const isMoved = !before || before.number !== branch.number || before.jump !== branch.jump;
  Object.assign(ui, { data, page: data.page });
  // Streamlit may put the component up anew between two runs: what the reader was at comes back from the server.
  if (isMoved) Object.assign(ui, { step: branch.step, joined: branch.joined, range: null, choosing: null });
  const number = together ? `${branch.number}:${together.number}` : null;
  if (number && ui.known !== number && !isMoved) Object.assign(ui, { joined: true, range: null });
  ui.known = number;
  ui.joined = ui.joined && together !== null;
  ui.root.classList.toggle("unknown", !isKnown(ui));
  if (!isKnown(ui)) return drawWriting(ui);
  ui.step = Math.min(ui.step, film.steps.length - 1);
  if (isMoved) ui.told = JSON.stringify([branch.number, ui.step, branch.token, ui.joined]);
  show(ui);
  if (!isMoved) return;
  ui.pin = branch.token !== null && branch.token < ui.view.n_context ? branch.token : null;
  repaint(ui);
}

/* While the text grows there is nothing to explain yet. */
function drawWriting(ui) {
  const { film } = ui.data;
  const says = film.shared.tokens.map(([lead, body, tail], i) => [lead, i < film.n_prompt ? h("span", {}, body) : h("b", {}, body), tail]);
  ui.root.dataset.theme = isDark(ui.root) ? "dark" : "light";
  ui.el.head.replaceChildren(h("h1", {}, film.ending ? "Looking for the reasons …" : "The model is writing …"));
  ui.el.writing.replaceChildren(...says.flat());
  drawFilmTools(ui);
  drawStatus(ui);
  drawFilm(ui);
  drawForks(ui);
}

function drawAround(ui) {
  drawStep(ui);
  drawForks(ui);
  drawAlternatives(ui);
  settle(ui);
}

function drawFilmTools(ui) {
  const edit = h("button", { type: "button", "data-key": "edit", onclick: () => ui.send({ kind: "edit" }) }, "✎ New prompt");
  ui.el.tools.replaceChildren(edit);
}

/* What a click on another word does here. */
function drawAlternatives(ui) {
  const hint = ui.el.candidates.querySelector(".hint");
  const does = ui.joined ? "Go back to single steps to force one." : "Click one to say it instead: the model goes on from there, beside this text.";
  if (hint) hint.textContent = `${hint.textContent.split(". ")[0]}. ${does}`;
  ui.el.candidates.classList.toggle("fixed", ui.joined);
}

/* A step alone is known already: no question to the server. */
function isOneStep({ kind, position, stop, foil }) {
  return kind === "target" && !foil && (!stop || stop === position + 1);
}

function filmLinks(ui, i) {
  const { n_prompt, shared } = ui.data.film;
  const link = (key, title, onclick) => h("button", { type: "button", class: "link", "data-key": key, onclick }, title);
  const name = () => h("bdi", {}, quoted(shared.labels[i]));
  const hint = h("p", { class: "hint" }, ui.pin === null ? "Click any word to keep it here." : "Esc lets go of it.");
  if (i >= n_prompt) return [whyLink(ui, i), hint];
  if (shared.tokens[i][3].startsWith("special") || ui.data.film.around.includes(i)) return [hint];
  const replace = (e) => {
    if (e.key !== "Enter") return;
    e.preventDefault();
    ui.send({ kind: "swap", position: i, text: e.target.value });
  };
  const input = { "data-key": "swapword", placeholder: "another word, then Enter", "aria-label": `Replace ${shared.labels[i]} by`, onkeydown: replace };
  const open = () => ((ui.pin = i), (ui.swapping = true), repaint(ui), ui.root.querySelector('[data-key="swapword"]').focus());
  return [
    link("delete", h("span", {}, "Generate without ", name()), () => ui.send({ kind: "delete", position: i })),
    ui.swapping ? h("input", input) : link("openswap", "Generate with another word here …", open),
    hint,
  ];
}
