/* What lessons draw with: texts with links, words in a row, bars of chances, choices, sliders, a text to ask about.

   A lesson's own file puts its picture into PICTURES by the lesson's name:
       PICTURES["next-token"] = (ui) => { …; return { node, update }; };
   It is built once; `update` paints `node` again from `ui.picture` (what was shipped), `ui.reply` (what the server said
   last: {busy}, {problem} or an answer; null) and `ui.state` (what the reader chose, kept for the visit). What is chosen
   calls `ui.repaint()`, and the server hears nothing; questions to the model go out as `ui.send({kind, …})`. `ui.later(f,
   ms)` runs once and is called off with the lesson. Anything with a `data-key` keeps its focus through a repaint. */

const PICTURES = {};

const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/* ---- texts ---- */

/* Pieces of a text: [text], or [text, id] for a word of the glossary. */
const told = (pieces) => pieces.map(([text, word]) => (word ? h("a", { class: "term", href: `Learn?word=${word}`, target: "_blank", rel: "noopener" }, text) : text));

/* `more`: what else the link asks for, such as "&mask=mean". */
const exploreLink = (prompt, text = "Open on Explore", more = "") =>
  h("a", { class: "term", href: `./#heta?model=littletown&prompt=${encodeURIComponent(prompt)}${more}`, target: "_blank", rel: "noopener" }, text);

/* Written only where it changes: what is read aloud is read once. */
const write = (node, text) => {
  if (node.textContent !== text) node.textContent = text;
};

/* What is waited for, why there is no answer, and which words of the text the model never saw: nodes that stay. */
function replyNotes(ui) {
  const [busy, problem, strange] = [h("p", { class: "note", role: "status" }), h("p", { class: "note problem", role: "alert" }), h("p", { class: "note problem" })];
  const update = (isAsked, strangers) => {
    write(busy, isAsked && ui.reply?.busy && !ui.reply.problem ? `${ui.reply.busy} …` : "");
    write(problem, (isAsked && ui.reply?.problem) || "");
    write(strange, isAsked ? toldStrange(strangers) : "");
  };
  return { node: h("div", { class: "notes" }, busy, problem, strange), update };
}

const toldStrange = (words) =>
  words?.length ? `Littletown never saw ${words.slice(0, 3).map(quoted).join(", ")}: it reads such words in pieces, and what it then says means little.` : "";

/* Two parts side by side where there is room; each is some nodes below one another. */
const pair = (...parts) => h("div", { class: "pair" }, ...parts.map((nodes) => h("div", { class: "stack" }, ...nodes)));

/* ---- choices ---- */

const pushed = (ui, key, title, { onclick, ...props } = {}) =>
  h("button", { type: "button", class: "push", "data-key": key, onclick: (e) => isBarred(e.currentTarget) || onclick(e), ...props }, title);

/* Nothing to do now. A button that is `disabled` would throw the focus away, this one keeps it. */
const barred = (button, isSo) => button.setAttribute("aria-disabled", isSo);
const isBarred = (button) => button.getAttribute("aria-disabled") === "true";

/* One of some options: [value, title]. */
function choice(ui, key, name, options, onpick) {
  const buttons = options.map(([value, title]) => pushed(ui, `${key}.${value}`, title, { onclick: () => onpick(value) }));
  const node = h("div", { class: "choice", role: "group", "aria-label": name }, ...buttons);
  const update = (value) => buttons.forEach((button, k) => button.setAttribute("aria-pressed", options[k][0] === value));
  return { node, update };
}

/* A slider with its name and value; `shown` writes the value. */
function slider(ui, key, name, { min, max, step, shown = String, oninput }) {
  const input = h("input", { type: "range", min, max, step, "data-key": key, "aria-label": typeof name === "string" ? name : key });
  const output = h("output", { "aria-live": "off" }); // the slider says it
  input.oninput = () => oninput(Number(input.value));
  const update = (value) => {
    if (Number(input.value) !== value) input.value = value;
    output.textContent = shown(value);
    input.setAttribute("aria-valuetext", shown(value));
  };
  return { node: h("label", { class: "slider" }, h("span", {}, name), input, output), update };
}

const PAUSE = 280; // milliseconds without a key after which what is typed is asked

/* A text of the reader's own, asked when its typing pauses, or at once when the reader goes on to something else. */
function typed(ui, key, name, onask, rows = 3) {
  const field = h("textarea", { rows, "data-key": key, "aria-label": name, spellcheck: "false", maxlength: 2000 });
  let waiting = null;
  const rest = () => {
    clearTimeout(waiting);
    waiting = null;
  };
  const ask = () => {
    if (waiting === null) return;
    rest();
    onask(field.value);
  };
  field.oninput = () => {
    clearTimeout(waiting);
    waiting = ui.later(ask, PAUSE);
  };
  field.onblur = ask;
  ui.unasked.add(ask);
  const update = (text) => {
    if (field.getRootNode().activeElement === field || field.value === text) return;
    rest();
    field.value = text;
  };
  return { node: h("label", { class: "typed" }, h("span", {}, name), field), update };
}

/* ---- chances ---- */

/* Bars of next tokens; `before` says where each stood, unless its own `was` does; `said` marks one. */
function chanceBars(name, most = 6) {
  const node = h("ol", { class: "chances", "aria-label": name });
  const rows = Array.from({ length: most }, () => {
    const [label, bar, was, now, old_] = [h("bdi"), h("i"), h("s", { "aria-hidden": "true" }), h("span"), h("small")];
    return { row: h("li", {}, label, h("span", { class: "rail" }, was, bar), h("span", { class: "num" }, now, old_)), label, bar, was, now, old_ };
  });
  const update = (chances, { before = null, said = null } = {}) => {
    const shown = chances.slice(0, most);
    rows.forEach(({ row, label, bar, was, now, old_ }, k) => {
      const chance = shown[k];
      row.hidden = !chance;
      if (!chance) return;
      const old = chance.was ?? before?.find((c) => c.label === chance.label)?.p;
      label.textContent = chance.label;
      bar.style.width = `${100 * chance.p}%`;
      was.hidden = old === undefined;
      was.style.width = `${100 * (old ?? 0)}%`;
      now.textContent = percent(chance.p);
      old_.textContent = old === undefined ? "" : ` before ${percent(old)}`;
      row.classList.toggle("said", chance.label === said);
    });
    node.replaceChildren(...rows.map(({ row }) => row));
  };
  return { node, update };
}

/* Bars of anything that is measured: a name, a length, and the value as it is written. */
function meters(name) {
  const node = h("ol", { class: "chances meters", "aria-label": name });
  const row = ({ label, part, shown, hue = null, on = false }) =>
    h("li", { class: on ? "said" : null }, h("bdi", {}, label), h("span", { class: "rail" }, h("i", { class: part > 0 ? null : "none", style: `width:${100 * Math.max(0, Math.min(1, part))}%;${hue ? `background:${hue}` : ""}` })), h("span", { class: "num" }, shown));
  /* rows: {label, part: 0 … 1 of the rail, shown: the number with its unit, hue: a colour, on: one that stands out} */
  return { node, update: (rows) => node.replaceChildren(...rows.map(row)) };
}

/* ---- words ---- */

/* What tokens are called: one of several that look the same says which it is, [label, "1 of 2"]. */
function namesOf(labels) {
  const places = new Map();
  labels.forEach((label, i) => places.set(label, [...(places.get(label) ?? []), i]));
  return labels.map((label, i) => {
    const all = places.get(label);
    return [label, all.length > 1 ? `${all.indexOf(i) + 1} of ${all.length}` : ""];
  });
}

const spokenName = ([label, which]) => quoted(label) + (which && ` (${which})`);

/* Makes buttons one stop of the tab key: arrow keys go from one to the next. Gives what moves the stop. */
function roving(node, buttons, isUpright = false) {
  const stop = (i) => buttons().forEach((button, k) => (button.tabIndex = k === i ? 0 : -1));
  node.onkeydown = (e) => {
    const all = buttons();
    const at = all.indexOf(node.getRootNode().activeElement);
    const also = isUpright ? { ArrowDown: at + 1, ArrowUp: at - 1 } : {};
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1, ...also }[e.key];
    if (at < 0 || to === undefined) return;
    e.preventDefault();
    const next = Math.max(0, Math.min(all.length - 1, to));
    stop(next);
    all[next].focus();
  };
  return stop;
}

/* A text as a row of words: each a button with its number below. Arrow keys go from word to word; one stop of the tab key. */
function wordRow(ui, key, name, onpick) {
  const node = h("div", { class: "row", role: "group", "aria-label": name });
  let [chips, from] = [[], null];
  const stop = roving(node, () => chips);
  const build = (parts) => {
    chips = parts.map(([lead, body, tail], i) =>
      h("button", { type: "button", class: "word", tabindex: i ? -1 : 0, "data-key": `${key}.${i}`, onclick: () => (stop(i), onpick(i)) }, h("bdi", {}, body), h("small")));
    node.replaceChildren(...chips);
  };
  /* parts: [lead, body, tail, kind] of each word; heat: 0 … 1; numbers: what stands below; pressed: one word, or a list of
     them; classes: a name for some. */
  const update = ({ parts, heat = [], numbers = [], pressed = null, classes = [], names = [] }) => {
    const signature = JSON.stringify(parts);
    if (signature !== from) build(parts);
    from = signature;
    chips.forEach((chip, i) => {
      chip.className = `word ${classes[i] ?? ""}`;
      chip.style.setProperty("--v", (heat[i] ?? 0).toFixed(4));
      chip.lastChild.textContent = numbers[i] ?? "";
      chip.setAttribute("aria-pressed", Array.isArray(pressed) ? pressed.includes(i) : i === pressed);
      if (names[i]) chip.setAttribute("aria-label", names[i]);
      else chip.removeAttribute("aria-label");
    });
  };
  return { node, update };
}

/* A text as a row of words, each with a number below; nothing to press. */
function plainWords(name, hue = "var(--kl)") {
  const node = h("div", { class: "row", "aria-label": name, role: "group" });
  const word = ({ body, number, heat = 0, gone = false, mark = "", heard = "" }) =>
    h("span", { class: `word still ${gone ? "gone" : ""} ${mark}`, style: `--v:${heat.toFixed(4)};--hue:${hue}` }, h("bdi", {}, body), h("small", {}, number), heard ? h("span", { class: "heard" }, ` ${heard}`) : null);
  /* each: {body, number, heat: 0 … 1, gone: masked, mark: a name of its look, heard: what the look says} */
  return { node, update: (words_) => node.replaceChildren(...words_.map(word)) };
}

/* Each word's part of M · I, flow times KL, among the words that compete; the others have none. */
function partsOfProduct({ m, kl }, competes) {
  const products = m.map((flow, k) => (competes[k] ? flow * kl[k] : 0));
  const total = sum(products);
  return products.map((product) => (total > 0 ? product / total : 0));
}

/* A KL below a word; null is one that cannot be had. */
const shortKl = (kl) => (kl === null ? "—" : number(kl));
const inNats = (kl) => (kl === null ? "cannot be masked" : `${number(kl)}\u00a0nats`);
