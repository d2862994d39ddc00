/* Try to fool it: a scene, the reader's marks, and after the question the map, the answer and the test by masking. */

const SPLIT = /[A-Za-z]+|[^A-Za-z\s]/gu; // as the server cuts a text into words
const cut = (text) => [...text.matchAll(SPLIT)].map(([word]) => word);

/* How many words come before the last question; all where there is none. */
function storyLength(text) {
  const end = text.lastIndexOf("Question:");
  return end < 0 ? cut(text).length : cut(text.slice(0, end)).length;
}

/* Each word's part of M · I among those of the scene. */
const heldBy = (found) => partsOfProduct(found, found.m.map((_, k) => found.order.mi.includes(k)));

PICTURES.fooling = (ui) => {
  const { scenes } = ui.picture;
  const begin = (scene, text) => {
    Object.assign(ui.state, { scene, text, picks: [], asked: null });
    ui.repaint();
  };
  const prepared = choice(ui, "scene", "Prepared scenes", scenes.map(({ title }, k) => [k, title]), (k) => begin(k, scenes[k].text));
  const field = typed(ui, "text", "The scene and the question", (text) => begin(scenes.findIndex((s) => s.text === text.trim()), text));
  const story = wordRow(ui, "word", "The scene, word by word. Press the words that the answer will rest on.", (k) => {
    const { picks } = ui.state;
    ui.state.picks = picks.includes(k) ? picks.filter((i) => i !== k) : [...picks, k].sort((a, b) => a - b);
    ui.repaint();
  });
  const question = plainWords("The question");
  const [go, hint, waiting] = [asking(ui), h("span", { class: "note" }), replyNotes(ui)];
  const [below, card] = [outcome(ui), h("p", { class: "card-of-visit" })];
  const update = () => {
    if (ui.state.text === undefined) Object.assign(ui.state, { scene: 0, text: scenes[0].text, picks: [], asked: null, card: {} });
    const { text, picks, asked } = ui.state;
    const found = asked && ui.reply?.text === asked.text && String(ui.reply.picks) === String(asked.picks) ? ui.reply : null;
    const scene = scenes[ui.state.scene] ?? null;
    prepared.update(ui.state.scene);
    field.update(text);
    paintScene(ui.state, story, question, scene, found);
    const isAnswered = found && String(picks) === String(found.picks);
    go.update(picks.length > 0 && !isAnswered);
    const first = storyLength(text) ? "Mark at least one word of the scene first." : "Write a scene before the question.";
    write(hint, !picks.length ? first : `${picks.length} ${picks.length === 1 ? "word" : "words"} marked${isAnswered ? ": the answer is below" : ""}`);
    waiting.update(!!asked, found?.strangers);
    if (found) note(ui.state, scene, found);
    below.update(scene, found);
    write(card, visit(ui.state.card));
  };
  return { node: h("div", { class: "stack fooling" }, prepared.node, field.node, story.node, question.node, h("div", { class: "choice" }, go.node, hint), waiting.node, below.node, card), update };
};

function asking(ui) {
  const node = pushed(ui, "ask", "Ask the model", { class: "push strong", onclick: () => {
    ui.state.asked = { text: ui.state.text.trimEnd(), picks: ui.state.picks };
    ui.send({ kind: "ask", ...ui.state.asked });
    ui.repaint();
  } });
  return { node, update: (isOpen) => barred(node, !isOpen) };
}

/* The words of the scene, marked by the reader; once the model has answered, shaded by their part of M · I. */
function paintScene({ text, picks }, story, question, scene, found) {
  const [bodies, n] = [cut(text), storyLength(text)];
  const shares = found && heldBy(found);
  const most = shares ? Math.max(...shares) : 0;
  const decides = (k) => found && scene?.decides.includes(k);
  const parts = bodies.slice(0, n).map((body) => ["", body, "", ""]);
  const numbers = parts.map((_, k) => (shares ? percent(shares[k], 0) : ""));
  story.update({
    parts,
    numbers,
    heat: parts.map((_, k) => (most > 0 ? shares[k] / most : 0)),
    pressed: picks,
    classes: parts.map((_, k) => (decides(k) ? "evidence" : "")),
    names: parts.map(([, body], k) => [body, numbers[k], decides(k) ? "decides the right answer" : ""].filter(Boolean).join(", ")),
  });
  question.update(bodies.slice(n).map((body) => ({ body, number: "", mark: "asks" })));
}

/* The first try at a scene counts; whether a free scene fooled the model is for the reader to say. */
function note(state, scene, found) {
  const known = scene ? found.chances[0].label !== scene.right : null;
  state.card[found.text] ??= { first: found.picks.includes(found.order.mi[0]), fooled: known };
}

function visit(card) {
  const tries = Object.values(card);
  if (!tries.length) return "Score card of this visit: nothing asked yet.";
  const judged = tries.filter(({ fooled }) => fooled !== null);
  const fooled = judged.filter((one) => one.fooled).length;
  const predicted = tries.filter(({ first }) => first).length;
  return `Score card of this visit: you predicted the map’s first word in ${predicted} of ${tries.length}${judged.length ? `; the model was fooled in ${fooled} of ${judged.length}` : ""}.`;
}

/* ---- once it is asked: what it says, the map beside the reader's words, and the test by masking ---- */

function outcome(ui) {
  const [ruled, compared] = [lead(), lead()];
  const judge = judging(ui);
  const bars = chanceBars("The likeliest next words", 4);
  const tested = h("tbody");
  const legend = h("p", { class: "note" });
  const head = h("tr", {}, ...["Masked at once", "Words", "Then it says"].map((title) => h("th", { scope: "col" }, title)));
  const rest = h("div", { class: "stack", hidden: "" }, bars.node, h("div", { class: "wide" }, h("table", {}, h("thead", {}, head), tested)), legend);
  const node = h("div", { class: "stack" }, h("div", { class: "ruling" }, ruled.node, judge.node, compared.node), rest);
  const update = (scene, found) => {
    rest.hidden = !found;
    ruled.update(...(found ? verdict(scene, found) : ["", ""]));
    compared.update(...(found ? comparison(found) : ["", ""]));
    judge.update(found && !scene ? ui.state.card[found.text] : null);
    if (!found) return;
    bars.update(found.chances, { said: scene?.right ?? found.chances[0].label });
    tested.replaceChildren(...testRows(found));
    write(legend, `Below each word of the scene: its part of M · I, flow times KL, which is HETA’s score without its curvature. The word with the largest part has the full shade.${scene?.decides.length ? " Underlined: what decides the right answer." : ""}`);
  };
  return { node, update };
}

/* A line that begins in bold and is read aloud where it changes. */
function lead() {
  const [bold, rest] = [h("b"), h("span")];
  const update = (first, then) => {
    write(bold, first);
    write(rest, then);
  };
  return { node: h("p", { role: "status" }, bold, rest), update };
}

function verdict(scene, found) {
  const said = found.chances[0];
  const says = `it says ${quoted(said.label)} with ${percent(said.p)}`;
  if (!scene) return ["You know the truth: ", `${says}.`];
  if (said.label === scene.right) return ["✓ Not fooled: ", `${says}.`];
  return ["✗ Fooled: ", `${says}; ${scene.right ? `right is ${quoted(scene.right)}` : "the scene does not tell it"}.`];
}

/* Of a scene of the reader's own nobody else knows the truth. */
function judging(ui) {
  let one = null;
  const judge = choice(ui, "judge", "Is the answer right?", [[false, "It is right"], [true, "It is wrong"]], (fooled) => {
    one.fooled = fooled;
    ui.repaint();
  });
  const update = (of) => {
    one = of;
    judge.node.hidden = !of;
    judge.update(of?.fooled ?? null);
  };
  return { node: judge.node, update };
}

function comparison(found) {
  const first = found.order.mi[0];
  const shares = heldBy(found);
  const yours = sum(found.picks.map((k) => shares[k]));
  return [found.picks.includes(first) ? "✓ Predicted: " : "✗ Not predicted: ", `the map’s first word is ${quoted(cut(found.text)[first])}. Your words hold ${percent(yours)} of M · I among the words of the scene.`];
}

/* Masked at once: the reader's words, and as many of the map's first. */
function testRows(found) {
  const words = cut(found.text);
  const line = (name, places, chances) => {
    const [then, isOther] = [chances[0], chances[0].label !== found.chances[0].label];
    const after = h("td", {}, `${quoted(then.label)} ${percent(then.p)}: `, h("b", {}, isOther ? "another answer" : "the same answer"));
    return h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, places.map((k) => words[k]).join(", ")), after);
  };
  return [line("Yours", found.picks, found.hidden.yours), line(`The map’s first ${found.first.length}`, found.first, found.hidden.map)];
}
