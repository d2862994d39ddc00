/* Right for the wrong reason: the name in the question is swapped, and the answer changes or does not. */

PICTURES["wrong-reason"] = (ui) => {
  const { scenes, skills } = ui.picture;
  const picked = (key) => (value) => {
    ui.state[key] = value;
    ui.repaint();
  };
  const scene = choice(ui, "scene", "The scene", scenes.map(({ title }, k) => [k, title]), picked("scene"));
  const name = choice(ui, "name", "The name in the question", scenes[0].asked.map((each, k) => [k, each.name]), picked("name"));
  const [row, bars, verdict] = [plainWords("The text, with the KL of each word"), chanceBars("Chances", 3), h("p", { class: "outcome", role: "status" })];
  const gauges = meters("KL of the name in the question");
  const every = scenes.flatMap((each) => each.asked);
  const [most, mostOfNames] = [Math.max(...every.flatMap(({ kl }) => kl)), Math.max(...every.map(({ kl, at }) => kl[at]))];
  const update = () => {
    const { asked } = scenes[(ui.state.scene ??= 0)];
    const [now, before] = [asked[(ui.state.name ??= 0)], asked[0]];
    scene.update(ui.state.scene);
    name.update(ui.state.name);
    row.update(now.parts.map(([, body], i) => ({ body, number: shortKl(now.kl[i]), heat: now.kl[i] / most, mark: i === now.at ? "asked-for" : "" })));
    const [answer, was] = [now.chances[0].label, before.chances[0].label];
    bars.update(now.chances, { said: answer });
    verdict.textContent = now === before ? `Asked for ${now.name}: ${quoted(answer)}. Now ask for somebody else.` : answer === was ? `Asked for ${now.name} instead of ${before.name}: still ${quoted(answer)}.` : `Asked for ${now.name} instead of ${before.name}: the answer changes to ${quoted(answer)}.`;
    verdict.className = `outcome ${now !== before && answer === was ? "off" : ""}`;
    const kls = scenes.map((each) => each.asked[ui.state.name]).map((each) => each.kl[each.at]);
    gauges.update(kls.map((kl, k) => ({ label: scenes[k].title, part: kl / mostOfNames, shown: inNats(kl), hue: "var(--kl)", on: k === ui.state.scene })));
  };
  const lines = [["Scene:", scene], ["Ask for:", name]].map(([text, { node }]) => h("div", { class: "controls" }, h("span", {}, text), node));
  const note = h("p", { class: "note" }, "Below each word: its KL in nats. The highest KL of both scenes with any name has the full shade. “Where” and the last “:” are needed, whichever name stands in the question.");
  return { node: h("div", { class: "stack swap" }, ...lines, row.node, note, verdict, pair([h("h3", {}, "What it answers"), bars.node], [h("h3", {}, "KL of the name in the question"), gauges.node]), ...manySwaps(skills)), update };
};

/* How often the answer stays when another one is asked for, of a skill that was learnt and of one that was not. */
function manySwaps(skills) {
  const bars = meters("Answers that stay when the question asks about another one");
  bars.update(skills.map(({ title, same, n }) => ({ label: title, part: same / n, shown: `${same} of ${n}`, hue: "var(--warn)" })));
  const [learnt, guessed] = skills;
  const text = `${learnt.n} stories of each kind, each asked twice: as written, and about another person or thing. With one fact to find, ${learnt.right} answers are right and ${learnt.same} stay. With two facts to join, ${guessed.right} are right, and ${guessed.right_and_same} of those stay: Littletown has not learnt to join them, it guesses.`;
  return [h("h3", {}, "Same answer to the swapped question"), bars.node, h("p", { class: "note" }, text)];
}
