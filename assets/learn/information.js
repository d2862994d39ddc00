/* Information: mask a word and watch the bars move; the KL as a sum, one term for each next token. */

const KL_TERMS = 3; // as many of the sum are drawn alone at most, the others as one
const KL_SMALL = 1e-3; // nats; a smaller term is drawn alone only where fewer than two are larger

PICTURES.information = (ui) => {
  const { texts, opens } = ui.picture;
  const { state } = ui;
  const ask = (text) => {
    Object.assign(state, { text, edit: null, masked: null });
    ui.send({ kind: "mask", text });
    ui.repaint();
  };
  const field = typed(ui, "text", "Your text", ask, 2);
  const options = [...texts.map(({ title }, k) => [k, title]), [null, "Your own text"]];
  const buttons = choice(ui, "edit", "Texts", options, (k) => {
    if (k === null) return ask(state.text);
    Object.assign(state, { edit: k, text: texts[k].text, masked: null });
    ui.repaint();
  });
  const row = wordRow(ui, "word", "The text, with the KL of each word in nats", (i) => {
    state.masked = state.masked === i ? null : i;
    ui.repaint();
  });
  row.node.style.setProperty("--hue", "var(--kl)");
  const bars = chanceBars("The likeliest next tokens", 5);
  const terms = klSum();
  const [note, heading, legend] = [replyNotes(ui), h("p", { class: "kl-said", role: "status" }), h("p", { class: "note" })];
  const scale = h("p", { class: "note" }, `Below each word its KL in nats, when it alone is masked. No number: below ${LEAST_EFFECT}. The strongest colour is the highest of this text.`);
  const drawn = h("div", { class: "stack" }, row.node, scale, heading, h("div", { class: "kl-both" }, h("div", { class: "stack" }, bars.node, legend), terms.node));
  const update = () => {
    if (state.text === undefined) Object.assign(state, { edit: 0, text: texts[0].text, masked: opens });
    const shown = state.edit === null ? (ui.reply?.masked ? ui.reply : null) : texts[state.edit];
    field.node.hidden = state.edit !== null;
    field.update(state.text);
    buttons.update(state.edit);
    note.update(state.edit === null, ui.reply?.strangers);
    drawn.hidden = !shown;
    if (!shown) return;
    const isStale = shown.text.trim() !== state.text.trim();
    const masked = isStale || state.masked >= shown.masked.length ? null : state.masked;
    drawn.classList.toggle("stale", isStale);
    klRow(row, shown, masked);
    const found = masked === null ? shown.whole : shown.masked[masked];
    heading.replaceChildren(...klHeading(shown, masked));
    klMoved(bars, legend, found, masked !== null);
    terms.node.hidden = masked === null;
    if (masked !== null) terms.update(found);
  };
  return { node: h("div", { class: "stack" }, buttons.node, field.node, note.node, drawn), update };
};

function klHeading({ whole, labels, masked }, i) {
  const before = klFirst(whole, "p");
  if (i === null) return [`With the whole text: ${before.name} ${before.chance}`];
  const after = klFirst(masked[i], "q");
  const isSame = before.name === after.name;
  const told_ = `Without ${spokenName(namesOf(labels)[i])}: ${isSame ? "still " : ""}${after.name} ${after.chance}, before ${isSame ? "" : `${before.name} `}${before.chance}. `;
  return [told_, h("span", { class: "kl" }, `KL ${number(masked[i].kl)} nats`)];
}

/* The likeliest token of a prediction, p or q, with its chance. */
function klFirst({ tokens }, which) {
  const first = tokens.reduce((best, t) => (t[which] > best[which] ? t : best));
  return { name: quoted(first.label), chance: percent(first[which]) };
}

function klRow(row, { parts, labels, masked: found }, masked) {
  const kls = found.map(({ kl }) => kl);
  const most = Math.max(...kls);
  const names = namesOf(labels);
  row.update({
    parts,
    heat: kls.map((kl) => (most > 0 ? kl / most : 0)),
    numbers: kls.map((kl) => (kl < LEAST_EFFECT ? "" : number(kl))),
    pressed: masked,
    classes: kls.map((_, i) => (i === masked ? "gone" : "")),
    names: kls.map((kl, i) => `${spokenName(names[i])}: KL ${number(kl)} nats${i === masked ? ", masked" : ""}`),
  });
}

/* Where the bars are now, and a mark where each was. */
function klMoved(bars, legend, { tokens }, isMasked) {
  const longest = new Set([...tokens].sort((a, b) => Math.max(b.p, b.q) - Math.max(a.p, a.q)).slice(0, 5));
  const shown = tokens.filter((t) => longest.has(t));
  bars.update(shown.map(({ label, p, q }) => ({ label, p: q, was: isMasked ? p : undefined })));
  const rest = (which) => percent(Math.max(0, 1 - sum(shown.map((t) => t[which]))));
  const others = `All other tokens together: ${rest("q")}`;
  legend.textContent = isMasked ? `Bar: without the word. Line: with the whole text. ${others}, before ${rest("p")}.` : `${others}.`;
}

const klChance = (p) => (p >= 0.001 ? p.toFixed(4) : precise(p));
const klSigned = (value) => (value !== 0 && Math.abs(value) < KL_SMALL ? (value < 0 ? "> −0.001" : "< +0.001") : (value < 0 ? "" : "+") + number(value, 3));

/* The largest terms of a KL, each beginning where the one before it ended, down to the sum. */
function klSum() {
  const list = h("ol", { class: "kl-terms" });
  const scale = h("p", { class: "note" });
  const title = h("h3", {}, "The KL as a sum: p · ln(p / q)");
  const update = ({ kl, tokens }) => {
    const largest = [...tokens].sort((a, b) => Math.abs(b.term) - Math.abs(a.term)).slice(0, KL_TERMS).filter(({ term }, k) => k < 2 || Math.abs(term) >= KL_SMALL);
    const rows = largest.map(({ label, p, q, term }) => ({ name: quoted(label), told: `${klChance(p)} · ln(${klChance(p)} / ${klChance(q)})`, value: term }));
    rows.push({ name: "all others", told: "", value: kl - sum(largest.map((t) => t.term)) });
    let end = 0;
    for (const one of rows) [one.from, one.to] = [end, (end += one.value)];
    rows.push({ name: "KL", told: "the sum, in nats", value: kl, from: 0, to: kl, isSum: true });
    const ends = rows.flatMap(({ from, to }) => [from, to]);
    const [low, high] = [Math.min(0, ...ends), Math.max(0.1, ...ends)];
    list.replaceChildren(...rows.map((one) => klTerm(one, (x) => (100 * (x - low)) / (high - low))));
    scale.textContent = `p: with the whole text. q: without the word. Each bar goes on where the one before it ended; full width is ${number(high - low)} nats.`;
  };
  return { node: h("section", { class: "stack" }, title, list, scale), update };
}

function klTerm({ name, told: made, value, from, to, isSum }, at) {
  const style = `left:${at(Math.min(from, to))}%;width:${at(Math.max(from, to)) - at(Math.min(from, to))}%`;
  const bar = h("span", { class: "rail" }, h("i", { class: value < 0 ? "less" : null, style }));
  return h("li", { class: isSum ? "sum" : null }, h("bdi", {}, name), h("span", { class: "made" }, made), bar, h("span", { class: "num" }, isSum ? number(value, 3) : klSigned(value)));
}
