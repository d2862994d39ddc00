/* The film of a continuation: a frame for every generated token, stepping and playing, spans, and where each step's
   score came from.

   `ui.data` is what the server knows, `ui.step` the step looked at, `ui.joined` whether several are looked at together.
   Stepping ends here: the server hears of it only when the reader has settled, so that it computes that step first.
   Where `ui.onSpan` is null nobody can be asked about several steps together, so it is not offered. */

const SETTLED = 300; // milliseconds at a step after which it counts as looked at
const SPEEDS = { "½×": 1600, "1×": 800, "2×": 400, "4×": 200 }; // milliseconds for a step

const answerLabels = (ui) => ui.data.film.shared.labels.slice(ui.data.film.n_prompt);
const isKnown = (ui) => ui.data.film.steps.length > 0;

/* The film above the text, and where scores came from beside it. Gives what ends its listening to the page. */
function mountFilm(ui) {
  const film = buildFilm(ui);
  ui.el.parts = h("section", { class: "parts card", "aria-label": "Where the score came from" });
  ui.el.cols.before(film);
  ui.el.cols.querySelector(".side").append(ui.el.parts);
  Object.assign(ui, { step: 0, playing: null, choosing: null, range: null, joined: false });
  ui.root.classList.add("generating");
  ui.root.addEventListener("keydown", (e) => filmKey(ui, e), true); // before the strip's own keys
  const onPageKey = (e) => e.target.matches?.("body, .stApp, .stMain") && filmKey(ui, e); // nothing else is in focus
  document.addEventListener("keydown", onPageKey);
  return () => document.removeEventListener("keydown", onPageKey);
}

/* Draw the step, or the steps together, that are looked at. */
function show(ui) {
  const { film, together, page } = ui.data;
  const own = ui.joined ? together : film.steps[ui.step];
  receive(ui, { view: { ...film.shared, ...own }, page });
}

function buildFilm(ui) {
  const button = (key, title, label, onclick) =>
    h("button", { type: "button", "data-key": key, "aria-label": label, "data-tip": label, onclick }, title);
  const film = {
    back: button("back", "◀", "One step back", () => step(ui, ui.step - 1)),
    play: button("play", "▶ Play", "Play the steps one after another (space)", () => togglePlay(ui)),
    next: button("forward", "▶", "One step on", () => step(ui, ui.step + 1)),
    slider: h("input", { type: "range", min: 1, step: 1, "data-key": "slider", "aria-label": "Step", oninput: (e) => step(ui, e.target.value - 1) }),
    count: h("output", {}),
    whole: button("whole", "Whole answer", "Explain all steps together", () => explainSteps(ui, 0, ui.data.film.steps.length - 1)),
    span: button("span", "Several steps", "Explain several steps together: choose the first and the last, or click with shift", () => chooseSpan(ui)),
    ending: h("span", { class: "ending" }),
    reel: h("div", { class: "reel", role: "group", "aria-label": "The continuation, token by token" }),
    joint: h("div", { class: "joint", role: "status" }),
  };
  const speeds = Object.entries(SPEEDS).map(([title, pause]) => h("option", { value: pause, selected: title === "1×" ? "" : null }, title));
  film.speed = h("select", { "data-key": "speed", "aria-label": "Speed" }, ...speeds);
  const moving = h("div", { class: "moving" }, film.back, film.play, film.next, film.slider, film.count, film.speed);
  const together = ui.onSpan ? h("div", { class: "asking" }, film.span, film.whole) : null;
  const bar = h("div", { class: "filmbar" }, moving, together, film.ending);
  ui.film = film;
  return h("section", { class: "film", "aria-label": "The continuation, step by step" }, bar, film.reel, film.joint);
}

/* ---- drawing ---- */

/* Everything that a step has beside the screen of one explained answer. */
function drawStep(ui) {
  drawFilm(ui);
  drawParts(ui);
  const around = new Set(ui.data.film.around); // roles and marks of a chat's template
  ui.chips.forEach((chip, i) => chip.classList.toggle("around", around.has(i)));
  // The prompt explains, it is not explained: a span begins with the answer.
  if (ui.view.target.start === ui.data.film.n_prompt) ui.el.strip.querySelector('[data-key="start+"]')?.remove();
}

function drawFilm(ui) {
  const labels = answerLabels(ui);
  const reel = JSON.stringify(labels);
  if (ui.reel !== reel) ui.film.reel.replaceChildren(...labels.map((label, k) => frame(ui, label, k)));
  ui.reel = reel;
  paintFilm(ui);
}

function frame(ui, label, k) {
  const props = { type: "button", class: "frame", "data-k": k, "data-key": `f${k}`, onclick: (e) => framePressed(ui, k, e.shiftKey) };
  return h("button", props, h("bdi", {}, label), h("small", {}, ""));
}

function paintFilm(ui) {
  const { film, data } = ui;
  const { steps, curved, n_given, ending } = data.film;
  const [from, to] = shownSpan(ui);
  [...film.reel.children].forEach((node, k) => {
    const p = steps[k]?.prediction.p;
    node.style.setProperty("--p", p ?? 0);
    node.lastChild.textContent = p === undefined ? "…" : percent(p, 0);
    node.classList.toggle("given", k < n_given);
    node.classList.toggle("waiting", p !== undefined && !curved[k]);
    node.classList.toggle("spanned", from !== null && from <= k && k <= to);
    node.tabIndex = k === ui.step || (!isKnown(ui) && k === 0) ? 0 : -1;
    node.setAttribute("aria-current", k === ui.step && isKnown(ui) ? "step" : "false");
    node.setAttribute("aria-label", spoken(ui, k));
    node.dataset.tip = node.getAttribute("aria-label");
  });
  film.slider.max = Math.max(1, steps.length);
  film.slider.value = ui.step + 1;
  film.count.textContent = isKnown(ui) ? `step ${ui.step + 1} of ${steps.length}` : "";
  film.play.textContent = ui.playing ? "❚❚ Pause" : "▶ Play";
  film.span.setAttribute("aria-pressed", ui.choosing !== null);
  for (const node of [film.back, film.play, film.next, film.slider, film.span, film.whole]) node.disabled = !isKnown(ui);
  film.ending.textContent = [data.film.how, ENDINGS[ending]].filter(Boolean).join(" · ");
  drawJoint(ui);
}

const ENDINGS = {
  length: "as long as asked for",
  end: "the model ended the text",
  stop: "a stop text came",
  context: "the model takes no more tokens",
  given: "given, not generated",
};

function spoken(ui, k) {
  const { steps, curved, n_given, shared, n_prompt } = ui.data.film;
  const name = `Step ${k + 1}: ${shared.labels[n_prompt + k]}`;
  if (!steps[k]) return `${name}, not explained yet`;
  const { p, rank, entropy } = steps[k].prediction;
  const forced = k < n_given ? ", forced" : "";
  return `${name}, ${percent(p)} likely, rank ${rank.toLocaleString("en-US")}, entropy ${entropy.toFixed(2)} nats${forced}${curved[k] ? "" : "; its Hessian is not finished"}`;
}

/* What is explained together, or is being chosen for it. */
function shownSpan(ui) {
  if (ui.range) return [Math.min(...ui.range), Math.max(...ui.range)];
  const target = ui.joined ? ui.data.together.target : null;
  if (!target) return [null, null];
  return [target.start - ui.data.film.n_prompt, target.stop - 1 - ui.data.film.n_prompt];
}

function drawJoint(ui) {
  const { together, film } = ui.data;
  const link = (key, title, onclick) => h("button", { type: "button", class: "link", "data-key": key, onclick }, title);
  const said = ui.choosing !== null ? (ui.choosing === "first" ? "Choose the first step." : "Choose the last step.") : "";
  if (said) return ui.film.joint.replaceChildren(h("span", {}, said), link("nospan", "Never mind", () => ((ui.choosing = ui.range = null), paintFilm(ui))));
  if (!together || !film.steps.length) return ui.film.joint.replaceChildren();
  const { kind, label, foil, start, stop } = together.target;
  const steps = stop - start > 1 ? `Steps ${start - film.n_prompt + 1}–${stop - film.n_prompt}` : `Step ${start - film.n_prompt + 1}`;
  const name = foil ? `${steps}: ${quoted(label)} rather than ${quoted(foil)}` : kind === "span" ? `${steps} together` : steps;
  ui.film.joint.replaceChildren(
    ...(ui.joined
      ? [h("b", {}, name), link("single", "Back to single steps", () => join(ui, false))]
      : [link("joint", `${name} →`, () => join(ui, true))])
  );
}

/* Where the score of the step came from: roles, sentences. */
function drawParts(ui) {
  const { n_context } = ui.view;
  const scores = ui.final ? ui.final.shares : ui.view.transition;
  const groups = [["roles", "By role"], ["sentences", "By sentence"]].filter(([name]) => ui.data.film.parts[name].length > 1);
  ui.el.parts.hidden = !groups.length || !scores;
  if (ui.el.parts.hidden) return;
  const unit = ui.final ? "share of the score" : "share of the flow; the score follows";
  const lists = groups.map(([name, title]) => {
    const rows = ui.data.film.parts[name].map((part) => ({ ...part, tokens: part.tokens.filter((i) => i < n_context) })).filter((part) => part.tokens.length);
    return h("div", {}, h("h3", {}, title), h("ol", {}, ...rows.map((part) => partRow(ui, part, sum(part.tokens.map((i) => scores[i]))))));
  });
  ui.el.parts.replaceChildren(h("header", {}, h("h2", {}, "Where it came from"), h("span", {}, unit)), ...lists);
}

function partRow(ui, part, share) {
  const isSpelled = (i) => !ui.view.tokens[i][3].startsWith("special");
  const text = part.tokens.filter(isSpelled).map((i) => ui.view.tokens[i].slice(0, 3).join("")).join("").trim();
  const name = (part.kind === "sentence" && text) || part.name;
  const bar = h("span", { class: "track" }, h("i", { style: `width:${(100 * share).toFixed(2)}%` }));
  return h("li", { class: part.kind }, h("bdi", { title: name }, name), bar, h("span", { class: "num" }, percent(share, 0)));
}

/* From a word of the answer to the step that said it. */
function whyLink(ui, i) {
  const { n_prompt, shared } = ui.data.film;
  if (i < n_prompt) return null;
  const title = h("span", {}, "Why did the model say ", h("bdi", {}, quoted(shared.labels[i])), " here? →");
  return h("button", { type: "button", class: "link", "data-key": "why", onclick: () => step(ui, i - n_prompt) }, title);
}

const stepOf = (ui, i) => i >= ui.data.film.n_prompt && step(ui, i - ui.data.film.n_prompt);

/* ---- what the reader does ---- */

function step(ui, k, isPlayed = false) {
  const to = Math.max(0, Math.min(ui.data.film.steps.length - 1, Number(k)));
  if (!isPlayed) stopPlaying(ui);
  if (!isKnown(ui) || (to === ui.step && !ui.joined)) return;
  Object.assign(ui, { step: to, joined: false, range: null });
  show(ui);
  ui.film.reel.children[to].scrollIntoView({ block: "nearest", inline: "nearest" });
}

function join(ui, isJoined) {
  Object.assign(ui, { joined: isJoined, range: null });
  stopPlaying(ui);
  show(ui);
}

function togglePlay(ui) {
  if (ui.playing) return stopPlaying(ui), settle(ui);
  if (!isKnown(ui)) return;
  if (ui.step === ui.data.film.steps.length - 1) step(ui, 0);
  const go = () => {
    step(ui, ui.step + 1, true);
    const isOver = ui.step === ui.data.film.steps.length - 1;
    ui.playing = isOver ? null : setTimeout(go, Number(ui.film.speed.value));
    if (isOver) settle(ui);
    paintFilm(ui);
  };
  ui.playing = setTimeout(go, Number(ui.film.speed.value));
  paintFilm(ui);
}

function stopPlaying(ui) {
  clearTimeout(ui.playing);
  const wasPlaying = ui.playing;
  ui.playing = null;
  if (wasPlaying) paintFilm(ui);
}

function framePressed(ui, k, isSpan) {
  if (!isKnown(ui)) return;
  if (ui.choosing === "first") return Object.assign(ui, { choosing: "last", range: [k, k] }), paintFilm(ui);
  if (ui.choosing === "last") return explainSteps(ui, ui.range[0], k);
  if (isSpan && ui.onSpan && k !== ui.step) return explainSteps(ui, ui.step, k);
  step(ui, k);
}

function chooseSpan(ui) {
  stopPlaying(ui);
  Object.assign(ui, { choosing: ui.choosing === null ? "first" : null, range: null });
  paintFilm(ui);
}

function explainSteps(ui, one, other) {
  const [from, to] = [Math.min(one, other), Math.max(one, other)];
  stopPlaying(ui);
  Object.assign(ui, { choosing: null, range: [from, to] });
  paintFilm(ui);
  const { n_prompt } = ui.data.film;
  ui.send({ kind: "target", position: n_prompt + from, stop: n_prompt + to + 1 });
}

/* Shift and an arrow draw a span from the step looked at; it is asked for when the reader has settled on it. */
function extendSpan(ui, by) {
  const [from, to] = ui.range ?? [ui.step, ui.step];
  ui.range = [from, Math.max(0, Math.min(ui.data.film.steps.length - 1, to + by))];
  paintFilm(ui);
  askWhenSettled(ui);
}

function askWhenSettled(ui) {
  clearTimeout(ui.extending);
  ui.extending = setTimeout(() => {
    ui.extending = null;
    if (ui.range && ui.range[0] !== ui.range[1]) explainSteps(ui, ...ui.range);
    else ui.range = null;
  }, 2 * SETTLED);
}

/* Tell the server which step and word are looked at, once the reader has stayed with them. */
function settle(ui) {
  clearTimeout(ui.settling);
  if (ui.playing || !isKnown(ui)) return;
  const key = JSON.stringify([ui.data.branch.number, ui.step, ui.pin, ui.joined]);
  if (ui.told === key) return;
  ui.settling = setTimeout(() => {
    ui.told = key;
    ui.send({ kind: ui.joined ? "join" : "look", position: ui.data.film.n_prompt + ui.step, index: ui.pin });
  }, SETTLED);
}

function filmKey(ui, e) {
  const isTyping = e.target.matches?.("input, select, textarea, [contenteditable]");
  if (isTyping || e.ctrlKey || e.metaKey || e.altKey || !isKnown(ui)) return;
  const [inStrip, inReel] = [e.target.closest?.(".tok"), e.target.closest?.(".frame")];
  const by = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
  if (by && !inStrip) e.shiftKey && ui.onSpan ? extendSpan(ui, by) : step(ui, ui.step + by);
  else if (inReel && e.key === "Home") step(ui, 0);
  else if (inReel && e.key === "End") step(ui, ui.data.film.steps.length - 1);
  else if (e.key === " " && !inStrip && (inReel || !e.target.closest?.("button, summary, a"))) togglePlay(ui);
  else if (e.key === "Escape" && (ui.range || ui.choosing !== null)) (Object.assign(ui, { range: null, choosing: null }), paintFilm(ui));
  else if (e.key === "Escape" && ui.pin === null && ui.joined) join(ui, false);
  else return;
  if (inReel) ui.film.reel.children[ui.step].focus({ preventScroll: true });
  e.preventDefault();
  e.stopPropagation();
}
