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
const quotedWord = (parts, i) => spokenName(namesOf(parts.map(([, body]) => body))[i]);

/* ---- a sink: looked at, and not used ---- */

function sinkTrap(ui, { parts, attention, transition, kl, hidden, final, chances, without }) {
  const mark = parts.findIndex(([, body]) => body === "?");
  const words_ = wordRow(ui, "sink", "Words: press one to mask it", (i) => {
    ui.state.masked = i;
    ui.repaint();
  });
  const [heading, after] = [h("h3"), h("h3")];
  const [gauges, bars] = [meters("The word in five measures"), chanceBars("Chances with the word masked", 3)];
  const measures = [
    ["Attention", attention, "var(--heat)", (v) => percent(v)],
    ["Flow M", transition, "var(--transition)", (v) => percent(v)],
    ["KL, set to zero", kl, "var(--kl)", inNats],
    ["KL, hidden from attention", hidden, "var(--kl)", inNats],
    ["Final score", final, "var(--ink)", (v) => percent(v)],
  ];
  const note = h("p", { class: "note" }, `Attention: where the last token looks, averaged over layers and heads. KL: with the word masked in two ways. Final score: Eq. 5. A full bar, like the full shade, is the highest word.`);
  const more = h("p", { class: "note" }, `“?” is no relay, which only hands on what was brought to it, as in “Looking is not influencing”: replace what it holds before any layer, and the model still says ${quoted(chances[0].label)}. What it hands on is not small, so M does not see that nobody uses it. In many large models the first token is the sink. Not here: “<s>” gets ${percent(attention[0])} of the attention.`);
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
    heading.textContent = `${quotedWord(parts, i)} in five measures`;
    gauges.update(measures.map(([label, values, hue, shown]) => ({ label, part: values[i] / Math.max(...values), hue, shown: written(values, i, shown) })));
    after.textContent = `With ${quotedWord(parts, i)} masked`;
    bars.update(without[i], { before: chances, said: chances[0].label });
  };
  return { node: h("div", { class: "stack" }, h("p", {}, "The words are shaded by attention. Press one: is it used as much as it is looked at?"), words_.node, pair([heading, gauges.node], [after, bars.node]), note, more), update };
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
    heading.textContent = `Masked: ${chosen?.title ?? states[0][1]}`;
    bars.update(chosen ? chosen.chances : chances, { before: chosen ? chances : null, said: chances[0].label });
    gauges.update(sets.map((s, k) => ({ label: s.title, part: s.kl / most, shown: inNats(s.kl), hue: "var(--kl)", on: k === ui.state.set })));
  };
  const note = h("p", { class: "note" }, "Below each word: the KL in nats when that word alone is masked. The highest has the full shade.");
  return { node: h("div", { class: "stack" }, h("div", { class: "controls" }, h("span", {}, "Mask:"), buttons.node), ...rows.map(({ row }) => row.node), note, pair([heading, bars.node], [h("h3", {}, "KL of what is masked at once"), gauges.node])), update };
}

/* ---- masks: with another one, other words matter ---- */

function masksTrap(ui, { parts, chances, masks, high }) {
  const buttons = choice(ui, "mask", "How a word is taken away", masks.map(({ title }, k) => [k, title]), (k) => {
    ui.state.mask = k;
    ui.repaint();
  });
  const row = plainWords("The text, with the KL of each word");
  const most = Math.max(...masks.flatMap((m) => m.kl));
  const isHigh = (m, i) => m.kl[i] !== null && m.kl[i] >= high;
  const steady = parts.map((_, i) => masks.every((m) => m.kl[i] === null || m.kl[i] >= high));
  const listed = (found) => found.map((i) => quotedWord(parts, i)).join(", ") || "none";
  const [kept, moved] = [h("p"), h("ul", { class: "moved" })];
  const update = () => {
    const m = masks[(ui.state.mask ??= 0)];
    buttons.update(ui.state.mask);
    row.update(parts.map(([, body], i) => ({ body, number: shortKl(m.kl[i]), heat: (m.kl[i] ?? 0) / most, mark: steady[i] ? "evidence" : "" })));
    const some = parts.map((_, i) => i).filter((i) => !steady[i] && isHigh(m, i));
    moved.replaceChildren(...some.map((i) => h("li", {}, `${quotedWord(parts, i)} ${inNats(m.kl[i])}: without it the model says ${quoted(m.says[i])} (${percent(m.says_p[i], 0)}). High under ${masks.filter((x) => isHigh(x, i)).length} of ${masks.filter((x) => x.kl[i] !== null).length} masks.`)));
    if (!some.length) moved.replaceChildren(h("li", {}, "none"));
  };
  kept.append(`Underlined, at least ${high} nat under every mask: ${listed(parts.map((_, i) => i).filter((i) => steady[i]))}.`);
  const note = h("p", { class: "note" }, `The answer is ${quoted(chances[0].label)} (${percent(chances[0].p)}). Below each word: its KL in nats. The highest KL under any of the masks has the full shade. — : the last token cannot be hidden from itself.`);
  return { node: h("div", { class: "stack" }, h("div", { class: "controls" }, h("span", {}, "Take a word away:"), buttons.node), row.node, note, kept, h("h3", {}, "High under this mask, but not under all"), moved), update };
}

/* ---- a wrong answer, explained faithfully ---- */

function wrongTrap(ui, { stories }) {
  const buttons = choice(ui, "story", "The story", stories.map(({ title }, k) => [k, title]), (k) => {
    ui.state.story = k;
    ui.repaint();
  });
  const [row, bars, verdict] = [plainWords("The story, with the KL of each word"), chanceBars("Chances", 3), h("p", { class: "outcome", role: "status" })];
  const most = Math.max(...stories.flatMap((s) => s.kl));
  const base = stories[0].parts.map(([, body]) => body);
  const update = () => {
    const s = stories[(ui.state.story ??= 0)];
    buttons.update(ui.state.story);
    const changed = ([, body], i) => (s.parts.length === base.length ? body !== base[i] : false);
    row.update(s.parts.map((part, i) => ({ body: part[1], number: shortKl(s.kl[i]), heat: s.kl[i] / most, mark: changed(part, i) ? "changed" : "" })));
    bars.update(s.chances, { said: s.truth });
    const answer = s.chances[0].label;
    const isRight = answer === s.truth;
    verdict.className = `outcome ${isRight ? "right" : "off"}`;
    verdict.textContent = `${isRight ? "✓ Right" : "✗ Wrong"}: the story puts Kate in the ${s.truth}, the model says ${quoted(answer)}.`;
  };
  const note = h("p", { class: "note" }, `Below each word: its KL in nats. The highest KL of all ${stories.length} stories has the full shade. Change the place with a high KL, and the answer follows; change the other place, and the answer stays. “Then” is not a word that Littletown knows: it reads “The” and “n”.`);
  return { node: h("div", { class: "stack" }, h("div", { class: "controls" }, h("span", {}, "Change:"), buttons.node), row.node, note, bars.node, verdict), update };
}
