/* The parts of Littletown's page. A text comes without the model, M and I of its words when the model has answered. */

const MEASURES = {
  off: { title: "Nothing: guess first" },
  kl: { title: "KL", unit: "nats", told: "KL: how far the whole prediction moves when the word is masked, in nats." },
  m: { title: "M", unit: "", told: "M: how much of what the word holds flows through attention to the answer, as a share." },
  mi: { title: "M · I", unit: "", told: "M · I: the flow times the KL, as a share of the scene’s words. It is HETA’s score without its curvature, which takes seconds." },
};
const BESIDE = { pair: "Minimal pair", change: "Evidence rewritten", order: "Other order" };
const BESIDE_TOLD = {
  pair: "The smallest change that makes another answer right. A model that reads must change its answer.",
  change: "A third word stands in the evidence, in the place of the one that decides. A model that reads must follow.",
  order: "The sentences have changed places; the answer has not.",
};
const ask = (ui, change) => ui.send({ kind: "show", ...ui.picture.wanted, ...change });

/* ---- what is asked for ---- */

function wish(ui) {
  const skillName = ({ name, accuracy, learnt }) => h("span", {}, `${name} `, h("small", {}, percent(accuracy, 0)), learnt ? "" : h("small", {}, " · not learnt"));
  const skills = choice(ui, "skill", "Skill", ui.picture.skills.map((skill) => [skill.name, skillName(skill)]), (skill) => ask(ui, { skill, beside: "pair" }));
  const figures = h("p", { class: "note" });
  const back = pushed(ui, "back", "← Back", { onclick: () => ask(ui, { seed: ui.picture.wanted.seed - 1 }) });
  const next = pushed(ui, "next", "Another one →", { onclick: () => ask(ui, { seed: ui.picture.wanted.seed + 1 }) });
  const seed = h("input", { type: "number", min: 0, max: MOST_SEED, step: 1, "data-key": "seed", "aria-label": "Number of the example", onchange: () => seed.reportValidity() && seed.value && ask(ui, { seed: Number(seed.value) }) });
  const length = choice(ui, "length", "Length of the scene", [["short", "Short"], ["long", "Long"]], (value) => ask(ui, { length: value }));
  const which = h("label", { class: "which-one" }, h("span", {}, "Example"), seed);
  const node = h("section", { class: "wish", "aria-label": "What is asked" }, skills.node, figures, h("div", { class: "choice" }, back, next, which, length.node));
  const update = () => {
    const { wanted, skills: every, has_length } = ui.picture;
    const { n, accuracy, pairs } = every.find(({ name }) => name === wanted.skill);
    skills.update(wanted.skill);
    figures.textContent = `“${wanted.skill}”: right on ${percent(accuracy)} of ${n} questions, on both of a minimal pair in ${percent(pairs)}, all about scenes that training never saw.`;
    back.disabled = wanted.seed <= 0;
    next.disabled = wanted.seed >= MOST_SEED;
    if (seed.getRootNode().activeElement !== seed) seed.value = wanted.seed;
    length.update(wanted.length);
    length.node.hidden = !has_length;
  };
  return { node, update };
}

const MOST_SEED = 1e9;

/* ---- a text with the model's answer ---- */

/* The likeliest next words, and whether the first of them is right. */
function answered(ui, index) {
  const [verdict, bars] = [h("p", { class: "judged" }), chanceBars("The likeliest next words", 4)];
  const waiting = h("div");
  const update = () => {
    const [text, found] = [ui.picture.texts[index], ui.reply?.texts?.[index]];
    waiting.replaceChildren(found ? "" : replyNote(ui));
    bars.node.hidden = verdict.hidden = !found;
    if (!found) return;
    const said = found.chances[0];
    const isRight = said.label === text.answer;
    verdict.className = isRight ? "judged" : "judged wrong";
    verdict.replaceChildren(h("b", {}, isRight ? "✓ Right: " : "✗ Wrong: "), `it says ${quoted(said.label)} with ${percent(said.p)}${said.p < 0.5 ? ", a guess" : ""}${isRight ? "." : `; right is ${quoted(text.answer)}.`}`);
    bars.update(found.chances, { said: text.answer });
  };
  return { node: h("div", { class: "answered" }, waiting, verdict, bars.node), update };
}

/* What a word's number is, and how much of the full shade it has; the question's words are not ranked and have no shade. */
function readOff(text, found, measure) {
  const n = text.parts.length;
  if (!found || measure === "off") return { numbers: Array(n).fill(""), heat: Array(n).fill(0) };
  const values = valuesOf(text, found, measure);
  const most = Math.max(...values.filter((_, k) => text.competes[k]));
  const shown = (value, k) => (measure === "kl" ? number(value) : measure === "mi" && !text.competes[k] ? "" : percent(value));
  return { numbers: values.map(shown), heat: values.map((value, k) => (text.competes[k] && most > 0 ? value / most : 0)) };
}

function valuesOf(text, { m, kl }, measure) {
  if (measure !== "mi") return measure === "kl" ? kl : m;
  const products = m.map((flow, k) => flow * kl[k]);
  const total = sum(products.filter((_, k) => text.competes[k]));
  return products.map((value) => (total > 0 ? value / total : 0));
}

function spokenWords(text, { numbers }, state) {
  return text.parts.map(([, body], k) => {
    const told = [body, numbers[k], text.competes[k] ? "" : "of the question", ...state(k)];
    return told.filter(Boolean).join(", ");
  });
}

/* ---- the question, with the reader's marks and the truth ---- */

function question(ui) {
  const [marks, isShown] = [(ui.state.marks ??= {}), (ui.state.uncovered ??= {})];
  const own = () => (marks[ui.picture.texts[0].text] ??= []);
  const row = wordRow(ui, "word", "The question, word by word. Press the words that you think the answer rests on.", (k) => {
    if (!ui.picture.texts[0].competes[k]) return;
    marks[ui.picture.texts[0].text] = own().includes(k) ? own().filter((i) => i !== k) : [...own(), k];
    ui.repaint();
  });
  const measures = choice(ui, "measure", "Shaded by", Object.entries(MEASURES).map(([name, { title }]) => [name, title]), (name) => {
    ui.state.measure = name;
    ui.repaint();
  });
  const uncover = pushed(ui, "uncover", "Show the evidence", { onclick: () => {
    const { text } = ui.picture.texts[0];
    isShown[text] = !isShown[text];
    ui.repaint();
  } });
  const [told, truth, side, link] = [h("p", { class: "note" }), h("div", { class: "truth" }), answered(ui, 0), h("p")];
  const head = h("div", { class: "shade" }, h("span", {}, "Shade by"), measures.node);
  const node = h("section", { class: "picture", "aria-label": "The question" }, h("p", { class: "look" }, "Press the words that you think the answer rests on."), head, h("div", { class: "side-by" }, h("div", { class: "stack" }, row.node, told, h("div", { class: "choice" }, uncover), truth), h("div", { class: "stack" }, side.node, link)));
  const update = () => {
    const [text, found, measure] = [ui.picture.texts[0], ui.reply?.texts?.[0], (ui.state.measure ??= "kl")];
    const [off, shown] = [readOff(text, found, measure), !!isShown[text.text]];
    const classes = text.parts.map((_, k) => `${text.competes[k] ? "" : "asks"} ${shown && text.evidence[k] ? "evidence" : ""} ${shown && text.decides[k] ? "decides" : ""}`);
    const state = (k) => [shown && text.evidence[k] ? "evidence" : "", shown && text.decides[k] ? "decides" : ""];
    row.update({ parts: text.parts, ...off, pressed: own(), classes, names: spokenWords(text, off, state) });
    measures.update(measure);
    told.textContent = measure === "off" ? "" : `${MEASURES[measure].told}${text.competes.every(Boolean) ? "" : " The question’s own words are not ranked: without them there is no question."}`;
    uncover.textContent = shown ? "Hide the evidence" : "Show the evidence";
    uncover.setAttribute("aria-pressed", shown);
    truth.replaceChildren(...(shown ? compared(text, found, own(), measure === "off" ? "mi" : measure) : []));
    side.update();
    link.replaceChildren(exploreLink(text.text));
  };
  return { node, update };
}

/* The reader's words and as many of the map's first, held against the evidence. */
function compared(text, found, marked, measure) {
  const deciding = text.decides.filter(Boolean).length;
  const named = (places) => places.map((k) => text.parts[k][1]).join(", ");
  const cells = (name, places) => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, named(places) || "none"), h("td", { class: "num" }, `${places.filter((k) => text.evidence[k]).length} of ${places.length}`), h("td", { class: "num" }, `${places.filter((k) => text.decides[k]).length} of ${deciding}`));
  const size = text.evidence.filter(Boolean).length;
  const lead = h("p", {}, `The evidence is underlined: ${size} ${size === 1 ? "word" : "words and marks"}. ${deciding === 1 ? "One of them decides" : `${deciding} of them decide`}, framed: ${named(text.decides.flatMap((does, k) => (does ? [k] : [])))}.`);
  if (!found) return [lead];
  const order = found.order[measure];
  const count = marked.length || deciding;
  const head = h("tr", {}, ...["Marked by", "Words", "In the evidence", "Deciding words"].map((name) => h("th", { scope: "col" }, name)));
  const table = h("table", {}, h("thead", {}, head), h("tbody", {}, cells("You", [...marked].sort((a, b) => a - b)), cells(`First ${count} by ${MEASURES[measure].title}`, order.slice(0, count))));
  const hits = text.evidence[order[0]];
  const values = valuesOf(text, found, measure);
  const total = sum(order.map((k) => values[k]));
  const held = total > 0 ? sum(order.filter((k) => text.evidence[k]).map((k) => values[k])) / total : null;
  const first = h("p", {}, h("b", {}, hits ? "✓ Evidence@1: " : "✗ Evidence@1: "), `the first word by ${MEASURES[measure].title}, ${quoted(text.parts[order[0]][1])}, is ${hits ? "" : "not "}part of the evidence.`, held === null ? "" : ` The evidence holds ${percent(held)} of the ${MEASURES[measure].title} of the ranked words.`);
  return [lead, h("div", { class: "wide" }, table), first];
}

/* ---- the same with one change ---- */

function changed(ui) {
  const which = choice(ui, "beside", "What is changed", Object.entries(BESIDE), (beside) => ask(ui, { beside }));
  const row = wordRow(ui, "other", "The changed text, word by word", () => {});
  const [told, side, link] = [h("p", { class: "note" }), answered(ui, 1), h("p")];
  const node = h("section", { class: "picture", "aria-label": "The same with one change" }, h("h2", {}, "The same with one change"), which.node, told, h("div", { class: "side-by" }, row.node, h("div", { class: "stack" }, side.node, link)));
  const update = () => {
    const { wanted, has_order, texts } = ui.picture;
    const [text, found] = [texts[1], ui.reply?.texts?.[1]];
    const off = readOff(text, found, ui.state.measure ?? "kl");
    which.update(wanted.beside);
    const order = which.node.lastChild;
    order.disabled = !has_order;
    order.dataset.tip = has_order ? BESIDE_TOLD.order : "This question has no other order: one sentence tells both, or the later of two counts.";
    told.textContent = `${BESIDE_TOLD[wanted.beside]} What is new is framed.`;
    const classes = text.parts.map((_, k) => `${text.competes[k] ? "" : "asks"} ${text.differs[k] ? "differs" : ""}`);
    row.update({ parts: text.parts, ...off, pressed: null, classes, names: spokenWords(text, off, (k) => [text.differs[k] ? "changed" : ""]) });
    side.update();
    link.replaceChildren(exploreLink(text.text));
  };
  return { node, update };
}
