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
  change: "In the evidence the deciding word is replaced by a third one. A model that reads must follow.",
  order: "The sentences have changed places; the answer has not.",
};
const NO_ORDER = "This question has no other order: it has only one sentence, or the order decides.";

/* What the reader wants: what was asked for last, for as long as the server has not drawn it. It may answer several
   questions at once, and draws one after another: what it says of an older one takes nothing back. */
function wished(ui) {
  const { wanted } = ui.picture;
  const [drawn, asked] = [inOrder(wanted), (ui.asked ??= [])];
  if (drawn !== ui.lastDrawn) {
    const at = asked.map(inOrder).lastIndexOf(drawn);
    ui.asked = at < 0 ? [] : asked.slice(at + 1); // one that was not asked for here is from the address
  }
  ui.lastDrawn = drawn;
  return ui.asked.at(-1) ?? wanted;
}

const inOrder = ({ skill, seed, length, beside }) => [skill, seed, length, beside].join(" ");

function ask(ui, change) {
  const wish_ = { ...wished(ui), ...change };
  const isDrawn = inOrder(wish_) === ui.lastDrawn;
  if (isDrawn && !ui.asked.length) return;
  ui.asked = isDrawn ? [] : [...ui.asked, wish_];
  ui.send({ kind: "show", ...wish_ });
  ui.repaint();
}

/* ---- what is asked for ---- */

function wish(ui) {
  const skillName = ({ name, accuracy, learnt }) => h("span", {}, `${name} `, h("small", {}, percent(accuracy, 0)), learnt ? "" : h("small", {}, " · not learnt"));
  const skills = choice(ui, "skill", "Skill", ui.picture.skills.map((skill) => [skill.name, skillName(skill)]), (skill) => ask(ui, { skill, beside: "pair" }));
  const figures = h("p", { class: "note" });
  const back = pushed(ui, "back", "← Back", { onclick: () => ask(ui, { seed: wished(ui).seed - 1 }) });
  const next = pushed(ui, "next", "Another one →", { onclick: () => ask(ui, { seed: wished(ui).seed + 1 }) });
  const seed = h("input", { type: "number", min: 0, max: MOST_SEED, step: 1, "data-key": "seed", "aria-label": "Number of the example", onchange: () => seed.reportValidity() && seed.value && ask(ui, { seed: Number(seed.value) }) });
  const length = choice(ui, "length", "Length of the scene", [["short", "Short"], ["long", "Long"]], (value) => ask(ui, { length: value }));
  const which = h("label", { class: "which-one" }, h("span", {}, "Example"), seed);
  const node = h("section", { class: "wish", "aria-label": "What is asked" }, skills.node, figures, h("div", { class: "choice" }, back, next, which, length.node));
  const update = () => {
    const [wanted, { skills: every, has_length }] = [wished(ui), ui.picture];
    const { n, accuracy, pairs } = every.find(({ name }) => name === wanted.skill);
    skills.update(wanted.skill);
    figures.textContent = `“${wanted.skill}”: right on ${percent(accuracy)} of ${n} questions, on both of a minimal pair in ${percent(pairs)}, all about scenes that training never saw.`;
    barred(back, wanted.seed <= 0);
    barred(next, wanted.seed >= MOST_SEED);
    if (seed.getRootNode().activeElement !== seed) seed.value = wanted.seed;
    length.update(wanted.length);
    length.node.hidden = !has_length;
  };
  return { node, update };
}

const MOST_SEED = 1e9;

/* ---- a text with the model's answer ---- */

/* The likeliest next words, and whether the first of them is right; `whose` is heard before it. */
function answered(ui, index, whose) {
  const [heard, ruling, said_] = [h("span", { class: "heard" }), h("b"), h("span")];
  const verdict = h("p", { class: "judged", role: "status", "aria-atomic": "true" }, heard, ruling, said_);
  const bars = chanceBars("The likeliest next words", 4);
  const update = () => {
    const [text, found] = [ui.picture.texts[index], ui.reply?.texts?.[index]];
    bars.node.hidden = !found;
    const said = found?.chances[0];
    const isRight = said?.label === text.answer;
    verdict.className = isRight ? "judged" : "judged wrong";
    write(heard, found ? whose : "");
    write(ruling, found ? `${isRight ? "✓ Right" : "✗ Wrong"}: ` : "");
    write(said_, found ? `it says ${quoted(said.label)} with ${percent(said.p)}${said.p < 0.5 ? ", a guess" : ""}${isRight ? "." : `; right is ${quoted(text.answer)}.`}` : "");
    if (found) bars.update(found.chances, { said: text.answer });
  };
  return { node: h("div", { class: "answered" }, verdict, bars.node), update };
}

/* The largest value of a ranked word in both texts: they are shaded on one scale. */
function mostOf({ picture, reply }, measure) {
  const every = picture.texts.flatMap((text, k) => valuesOf(text, reply.texts[k], measure).filter((_, i) => text.competes[i]));
  return Math.max(...every);
}

/* What a word's number is, and how much of the full shade it has; the question's words are not ranked and have no shade. */
function readOff(ui, index, measure) {
  const [text, found] = [ui.picture.texts[index], ui.reply?.texts?.[index]];
  const n = text.parts.length;
  if (!found || measure === "off") return { numbers: Array(n).fill(""), heat: Array(n).fill(0) };
  const [values, most] = [valuesOf(text, found, measure), mostOf(ui, measure)];
  const shown = (value, k) => (measure === "kl" ? number(value) : measure === "mi" && !text.competes[k] ? "" : percent(value));
  return { numbers: values.map(shown), heat: values.map((value, k) => (text.competes[k] && most > 0 ? value / most : 0)) };
}

const valuesOf = (text, found, measure) => (measure === "mi" ? partsOfProduct(found, text.competes) : found[measure]);

/* The scene ends where the question begins; a text that asks in other ways is a scene alone. */
const sceneOf = ({ competes }) => competes.lastIndexOf(true) + 1;

const classesOf = (...names) => names.filter(Boolean).join(" ");

/* ---- the question, with the reader's marks and the truth ---- */

function question(ui) {
  const [marks, isShown] = [(ui.state.marks ??= {}), (ui.state.uncovered ??= {})];
  const own = () => (marks[ui.picture.texts[0].text] ??= []);
  const row = wordRow(ui, "word", "The scene, word by word. Press the words that you think the answer rests on.", (k) => {
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
  const [asks, notes] = [plainWords("What is asked", "var(--heat)"), replyNotes(ui)];
  const [told, truth, side, link] = [h("p", { class: "note" }), h("div", { class: "truth" }), answered(ui, 0, ""), h("p")];
  const head = h("div", { class: "shade" }, h("span", {}, "Shade by"), measures.node);
  const node = h("section", { class: "picture", "aria-label": "The question" }, h("p", { class: "look" }, "Press the words that you think the answer rests on."), head, h("div", { class: "side-by" }, h("div", { class: "stack" }, row.node, asks.node, told, h("div", { class: "choice" }, uncover), truth), h("div", { class: "stack" }, notes.node, side.node, link)));
  const update = () => {
    const [text, found, measure] = [ui.picture.texts[0], ui.reply?.texts?.[0], (ui.state.measure ??= "kl")];
    const [{ numbers, heat }, shown, n] = [readOff(ui, 0, measure), !!isShown[text.text], sceneOf(text)];
    const states = text.parts.map((_, k) => [shown && text.evidence[k] && "evidence", shown && text.decides[k] && "decides"]);
    const names = text.parts.map(([, body], k) => [body, numbers[k], ...states[k]].filter(Boolean).join(", "));
    row.update({ parts: text.parts.slice(0, n), numbers, heat, pressed: own(), classes: states.map((state) => classesOf(...state)), names });
    asks.node.hidden = n === text.parts.length;
    asks.update(text.parts.slice(n).map(([, body], k) => ({ body, number: numbers[n + k], mark: "asks" })));
    notes.update(!found);
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
  const first = h("p", {}, h("b", {}, hits ? "✓ " : "✗ ", ...told([["Evidence@1", "evidence-at-one"]]), ": "), `the first word by ${MEASURES[measure].title}, ${quoted(text.parts[order[0]][1])}, is ${hits ? "" : "not "}part of the evidence.`, held === null ? "" : ` The evidence holds ${percent(held)} of the ${MEASURES[measure].title} of the ranked words.`);
  return [lead, h("div", { class: "wide" }, table), first];
}

/* ---- the same with one change ---- */

function changed(ui) {
  const which = choice(ui, "beside", "What is changed", Object.entries(BESIDE), (beside) => ask(ui, { beside }));
  const order = which.node.lastChild;
  const row = plainWords("The changed text, word by word", "var(--heat)");
  const [told, side, link] = [h("p", { class: "note" }), answered(ui, 1, "With the change: "), h("p")];
  const node = h("section", { class: "picture", "aria-label": "The same with one change" }, h("h2", {}, "The same with one change"), which.node, told, h("div", { class: "side-by" }, row.node, h("div", { class: "stack" }, side.node, link)));
  const update = () => {
    const { wanted, has_order, texts, beside } = ui.picture;
    const [text, wish_] = [texts[1], wished(ui)];
    const measure = ui.state.measure ?? "kl";
    const { numbers, heat } = readOff(ui, 1, measure);
    which.update(wish_ === wanted ? beside : wish_.beside);
    barred(order, !has_order);
    order.dataset.tip = has_order ? BESIDE_TOLD.order : NO_ORDER;
    told.textContent = `${BESIDE_TOLD[beside]} What is new is framed.${measure === "off" ? "" : " Both texts are shaded on one scale."}`;
    row.update(text.parts.map(([, body], k) => ({ body, number: numbers[k], heat: heat[k], mark: classesOf(!text.competes[k] && "asks", text.differs[k] && "differs"), heard: text.differs[k] ? "changed" : "" })));
    side.update();
    link.replaceChildren(exploreLink(text.text));
  };
  return { node, update };
}
