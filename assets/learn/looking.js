/* Looking is not influencing: the words coloured by attention or by what masking them does; a pressed word is masked. */

PICTURES.looking = (ui) => {
  const { texts, typical } = ui.picture;
  const MANY = "many";
  const tabs = choice(ui, "text", "What is looked at", [...texts.map(({ title }, k) => [k, title]), [MANY, `${typical.n} questions`]], (text) => {
    Object.assign(ui.state, { text, masked: null });
    ui.repaint();
  });
  const colours = choice(ui, "shows", "Colouring", [["attention", "Where the last layer looks"], ["kl", "What the answer needs"]], (shows) => {
    ui.state.shows = shows;
    ui.repaint();
  });
  const row = wordRow(ui, "word", "The text: press a word to mask it", (i) => {
    ui.state.masked = ui.state.masked === i ? null : i;
    ui.repaint();
  });
  const bars = chanceBars("The likeliest next tokens", 4);
  const [scale, heading, happens] = [h("p", { class: "note" }), h("h3"), h("p", { class: "happens", role: "status" })];
  const one = h("div", { class: "stack" }, colours.node, row.node, scale, heading, happens, bars.node);
  const many = lookingTypical(typical);
  const update = () => {
    const state = Object.assign(ui.state, { text: ui.state.text ?? 0, shows: ui.state.shows ?? "attention", masked: ui.state.masked ?? null });
    tabs.update(state.text);
    [one.hidden, many.hidden] = [state.text === MANY, state.text !== MANY];
    if (state.text === MANY) return;
    const text = texts[state.text];
    colours.update(state.shows);
    row.node.classList.toggle("needs", state.shows === "kl");
    row.update(lookingWords(text, state));
    scale.textContent = LOOKING_SCALES[state.shows];
    heading.textContent = state.masked === null ? "What follows the text" : `What follows without ${quoted(text.labels[state.masked])}`;
    bars.update(state.masked === null ? text.chances : text.without[state.masked], { before: state.masked === null ? null : text.chances, said: text.said });
    happens.replaceChildren(...lookingWithout(text, state.masked));
  };
  return { node: h("div", { class: "stack" }, tabs.node, one, many), update };
};

const LOOKING_LEAST = { attention: 0.005, kl: LEAST_EFFECT }; // below it a word has no colour to speak of
const LOOKING_SCALES = {
  attention: "Shares of the last layer's attention, mean of its heads, as the last token looks. No number: below 0.5\u00a0%. The highest word of each text has the full shade.",
  kl: "KL in nats: how far the whole prediction moves when a word's embedding is set to zero. No number: below 0.001. The highest word of each text has the full shade.",
};

function lookingWords(text, { shows, masked }) {
  const found = text[shows];
  const top = Math.max(...found);
  const names = text.labels.map((label, i) => `${quoted(label)}: ${percent(text.attention[i], 0)} of the attention, KL ${number(text.kl[i])} nats when masked`);
  const written = (value) => (shows === "kl" ? number(value) : percent(value, 0));
  const numbers = found.map((value) => (value < LOOKING_LEAST[shows] ? "" : written(value)));
  return { parts: text.parts, heat: found.map((value) => value / top), numbers, pressed: masked, classes: text.labels.map((_, i) => (i === masked ? "gone" : "")), names };
}

function lookingWithout(text, i) {
  if (i === null) return [h("span", { class: "note" }, "Nothing is masked. The orange mark will show where a bar stood before.")];
  const now = text.without[i][0].label;
  const looked = `It had ${percent(text.attention[i], 0)} of the last layer's attention; masking it moves the prediction by ${number(text.kl[i])} nats.`;
  return [h("b", {}, now === text.said ? `The model still says ${quoted(now)}. ` : `The model turns to ${quoted(now)}. `), looked];
}

/* Shares over many questions, one group of bars for each. */
function lookingTypical({ n, rows }) {
  const group = (title, key, shown) => {
    const bars = meters(title);
    bars.update(rows.map((row) => ({ label: row.title, part: row[key], shown: shown(row[key]) })));
    return h("section", { class: "typical" }, h("h3", {}, title), bars.node);
  };
  return h(
    "div",
    { class: "stack" },
    group("The highest word is not the one that the answer needs most", "differs", (v) => percent(v, 0)),
    group("Masking the highest word leaves the answer as it was", "unchanged", (v) => percent(v, 0)),
    group("The order of all words agrees with that of the KL (Spearman: 1 the same, 0 chance)", "spearman", (v) => v.toFixed(2)),
    h("p", { class: "note" }, ...told([[`${n} questions that the model was not trained on, as many of each skill. The start mark and the last token stay out of the comparison. `], ["Spearman’s rank correlation", "spearman"], [" is a mean over those that have an order: here all. HETA does not take attention as it is: its gate M weighs what flows through all layers, and multiplies it with what masking and curvature find."]])),
  );
}
