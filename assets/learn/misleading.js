/* When explanations mislead: four traps, each one text with one thing to change. All of it was measured before. */

PICTURES["misleading"] = (ui) => {
  const traps = { sink: sinkTrap, redundancy: redundancyTrap, masks: masksTrap, wrong: wrongTrap };
  const names = Object.keys(traps);
  const which = choice(ui, "trap", "Four traps", names.map((name) => [name, ui.picture[name].title]), (name) => {
    ui.state.trap = name;
    ui.repaint();
  });
  const drawn = Object.fromEntries(names.map((name) => [name, traps[name](ui, ui.picture[name])]));
  const stages = names.map((name) => h("section", { class: "stack trap", "aria-label": ui.picture[name].title }, drawn[name].node, trapEnding(ui.picture[name])));
  const update = () => {
    ui.state.trap ??= names[0];
    which.update(ui.state.trap);
    names.forEach((name, k) => (stages[k].hidden = name !== ui.state.trap));
    drawn[ui.state.trap].update();
  };
  return { node: h("div", { class: "stack" }, which.node, ...stages), update };
};

/* What to conclude, and what to do about it in the app. */
const trapEnding = ({ conclude, act, text, link }) =>
  h("div", { class: "ending" }, h("p", { class: "conclude" }, conclude), h("p", { class: "note" }, `${act} `, exploreLink(text, "Open this text there", link)));

const ofHighest = (values, most = Math.max(...values.filter((v) => v !== null))) => values.map((v) => (v === null ? 0 : v / most));
const placeAmong = (values, i) => 1 + values.filter((v) => v > values[i]).length;
const quotedWord = (parts, i) => quoted(parts[i][1]);

/* ---- a sink: looked at, and no use ---- */

function sinkTrap(ui, { parts, attention, transition, kl, final, chances, without }) {
  const mark = parts.findIndex(([, body]) => body === "?");
  const words_ = wordRow(ui, "sink", "Words: press one to mask it", (i) => {
    ui.state.masked = i;
    ui.repaint();
  });
  const [heading, after] = [h("h3"), h("h3")];
  const [gauges, bars] = [meters("The word in four measures"), chanceBars("Chances with the word masked", 3)];
  const measures = [
    ["Attention", attention, "var(--heat)", (v) => percent(v)],
    ["Flow M", transition, "var(--transition)", (v) => percent(v)],
    ["KL", kl, "var(--kl)", inNats],
    ["Final score", final, "var(--ink)", (v) => percent(v)],
  ];
  const note = h("p", { class: "note" }, `Attention: how the place that answers looks, averaged over layers and heads. KL: with the word masked. Final score: Eq. 5. A full bar is the highest word. In many large models the first token is the sink. Not here: “<s>” gets ${percent(attention[0])} of the attention.`);
  /* Among values that are all next to nothing a place says nothing. */
  const written = (values, i, shown) => shown(values[i]) + (values[i] > 0.02 * Math.max(...values) ? ` · ${ordinal(placeAmong(values, i))}` : "");
  const update = () => {
    const i = (ui.state.masked ??= mark);
    words_.update({
      parts,
      heat: ofHighest(attention),
      numbers: attention.map((a) => percent(a, 0)),
      pressed: i,
      classes: parts.map((_, k) => (k === i ? "gone" : "")),
      names: parts.map(([, body], k) => `${body}: ${percent(attention[k])} of the attention, KL ${inNats(kl[k])}`),
    });
    heading.textContent = `${quotedWord(parts, i)} in four measures`;
    gauges.update(measures.map(([label, values, hue, shown]) => ({ label, part: values[i] / Math.max(...values), hue, shown: written(values, i, shown) })));
    after.textContent = `With ${quotedWord(parts, i)} masked`;
    bars.update(without[i], { before: chances, said: chances[0].label });
  };
  return { node: h("div", { class: "stack" }, h("p", {}, "The words are shaded by attention. Press one: is it used as much as it is looked at?"), words_.node, pair([heading, gauges.node], [after, bars.node]), note), update };
}

const ordinal = (n) => `${n}${n % 100 > 10 && n % 100 < 14 ? "th" : ["th", "st", "nd", "rd"][n % 10] ?? "th"}`;

/* ---- redundancy: each of two makes the other look unimportant ---- */

function redundancyTrap(ui, { parts, kl, chances, sets }) {
  const states = [["none", "Nothing"], ...sets.map(({ title }, k) => [k, title])];
  const buttons = choice(ui, "set", "What is masked", states, (k) => {
    ui.state.set = k;
    ui.repaint();
  });
  const story = sets[2].span; // the two sentences about Noah
  const question = parts.findIndex(([, body]) => body === "Question");
  const lines = [...sets.slice(0, 2).map(({ span }) => span), [story[1], question], [question, parts.length]];
  const rows = lines.map(([start, stop], k) => ({ row: plainWords(`Line ${k + 1} of the text`), start, stop }));
  const [bars, gauges, heading] = [chanceBars("Chances", 3), meters("KL of what is masked at once"), h("h3")];
  const most = Math.max(...sets.map((s) => s.kl));
  const update = () => {
    ui.state.set ??= "none";
    buttons.update(ui.state.set);
    const chosen = sets[ui.state.set] ?? null;
    for (const { row, start, stop } of rows) {
      const isGone = (i) => chosen && i >= chosen.span[0] && i < chosen.span[1];
      row.update(parts.slice(start, stop).map(([, body], k) => ({ body, number: shortKl(kl[start + k]), heat: kl[start + k] / Math.max(...kl), gone: isGone(start + k) })));
    }
    heading.textContent = chosen ? `With ${chosen.title === "Both at once" ? "both sentences" : `s${chosen.title.slice(1)}`} masked` : "With nothing masked";
    bars.update(chosen ? chosen.chances : chances, { before: chosen ? chances : null, said: chances[0].label });
    gauges.update(sets.map((s, k) => ({ label: s.title, part: s.kl / most, shown: inNats(s.kl), hue: "var(--kl)", on: k === ui.state.set })));
  };
  const note = h("p", { class: "note" }, "Below each word: the KL in nats when that word alone is masked.");
  return { node: h("div", { class: "stack" }, h("div", { class: "controls" }, h("span", {}, "Mask:"), buttons.node), ...rows.map(({ row }) => row.node), note, pair([heading, bars.node], [h("h3", {}, "KL of what is masked at once"), gauges.node])), update };
}

/* ---- masks: another stand-in, another tale ---- */

const HIGH_KL = 1; // nats: any reader would call it another prediction

function masksTrap(ui, { parts, chances, masks }) {
  const buttons = choice(ui, "mask", "How a word is taken away", masks.map(({ title }, k) => [k, title]), (k) => {
    ui.state.mask = k;
    ui.repaint();
  });
  const row = plainWords("The text, with the KL of each word");
  const most = Math.max(...masks.flatMap((m) => m.kl));
  const isHigh = (m, i) => m.kl[i] !== null && m.kl[i] >= HIGH_KL;
  const steady = parts.map((_, i) => masks.every((m) => m.kl[i] === null || m.kl[i] >= HIGH_KL));
  const listed = (found) => found.map((i) => quotedWord(parts, i)).join(", ") || "none";
  const [kept, moved] = [h("p"), h("ul", { class: "moved" })];
  const update = () => {
    const m = masks[(ui.state.mask ??= 0)];
    buttons.update(ui.state.mask);
    row.update(parts.map(([, body], i) => ({ body, number: shortKl(m.kl[i]), heat: (m.kl[i] ?? 0) / most, mark: steady[i] ? "evidence" : "" })));
    const some = parts.map((_, i) => i).filter((i) => !steady[i] && isHigh(m, i));
    moved.replaceChildren(...some.map((i) => h("li", {}, `${quotedWord(parts, i)} ${inNats(m.kl[i])}: without it the model says ${quoted(m.says[i])} (${percent(m.says_p[i], 0)}). High under ${masks.filter((x) => isHigh(x, i)).length} of ${masks.length} masks.`)));
    if (!some.length) moved.replaceChildren(h("li", {}, "none"));
  };
  kept.append(`Underlined, at least ${HIGH_KL} nat under every mask: ${listed(parts.map((_, i) => i).filter((i) => steady[i]))}.`);
  const note = h("p", { class: "note" }, `The answer is ${quoted(chances[0].label)} (${percent(chances[0].p)}). Below each word: its KL in nats. — : the attention mask cannot hide the place that answers from itself.`);
  return { node: h("div", { class: "stack" }, h("div", { class: "controls" }, h("span", {}, "Take a word away:"), buttons.node), row.node, note, kept, h("h3", {}, "High under this mask, but not under all"), moved), update };
}

/* ---- a wrong answer, explained faithfully ---- */

function wrongTrap(ui, { stories }) {
  const buttons = choice(ui, "story", "The story", stories.map(({ title }, k) => [k, title]), (k) => {
    ui.state.story = k;
    ui.repaint();
  });
  const [row, bars, verdict] = [plainWords("The story, with the KL of each word"), chanceBars("Chances", 3), h("p", { class: "outcome", role: "status" })];
  const base = stories[0].parts.map(([, body]) => body);
  const update = () => {
    const s = stories[(ui.state.story ??= 0)];
    buttons.update(ui.state.story);
    const changed = ([, body], i) => (s.parts.length === base.length ? body !== base[i] : false);
    row.update(s.parts.map((part, i) => ({ body: part[1], number: shortKl(s.kl[i]), heat: s.kl[i] / Math.max(...s.kl), mark: changed(part, i) ? "changed" : "" })));
    bars.update(s.chances, { said: s.truth });
    const answer = s.chances[0].label;
    const isRight = answer === s.truth;
    verdict.className = `outcome ${isRight ? "right" : "off"}`;
    verdict.textContent = `${isRight ? "✓ Right" : "✗ Wrong"}: the story puts Kate in the ${s.truth}, the model says ${quoted(answer)}.`;
  };
  const note = h("p", { class: "note" }, "Below each word: its KL in nats. Change the place with a high KL and the answer follows; change the other, and it stays. “Then” is no word of Littletown’s: it reads “The” and “n”.");
  return { node: h("div", { class: "stack" }, h("div", { class: "controls" }, h("span", {}, "Change:"), buttons.node), row.node, note, bars.node, verdict), update };
}
