/* Try to fool it: a scene, the reader's marks, and after the question the map, the answer and the test by masking. */

{
  const SPLIT = /[A-Za-z]+|[^A-Za-z\s]/gu; // as the server cuts a text into words
  const cut = (text) => [...text.matchAll(SPLIT)].map(([word]) => word);

  /* Which words come before the last question; all where there is none. */
  function storyOf(text) {
    const end = text.lastIndexOf("Question:");
    return [...text.matchAll(SPLIT)].map(({ index }) => end < 0 || index < end);
  }

  /* Each ranked word's part of M · I. */
  function heldBy({ m, kl, order }) {
    const ranked = new Set(order.mi);
    const products = m.map((flow, k) => (ranked.has(k) ? flow * kl[k] : 0));
    const total = sum(products);
    return products.map((product) => (total > 0 ? product / total : 0));
  }

  PICTURES.fooling = (ui) => {
    const { scenes } = ui.picture;
    const begin = (scene, text) => {
      Object.assign(ui.state, { scene, text, picks: [], asked: null });
      ui.repaint();
    };
    const prepared = choice(ui, "scene", "Prepared scenes", scenes.map(({ title }, k) => [k, title]), (k) => begin(k, scenes[k].text));
    const field = typed(ui, "text", "The scene and the question", (text) => begin(scenes.findIndex((s) => s.text === text.trim()), text));
    const row = wordRow(ui, "word", "The scene, word by word. Press the words that the answer will rest on.", (k) => {
      const { picks, text } = ui.state;
      if (!storyOf(text)[k]) return;
      ui.state.picks = picks.includes(k) ? picks.filter((i) => i !== k) : [...picks, k].sort((a, b) => a - b);
      ui.repaint();
    });
    const go = pushed(ui, "ask", "Ask the model", { class: "push strong", onclick: () => {
      ui.state.asked = { text: ui.state.text.trimEnd(), picks: ui.state.picks };
      ui.send({ kind: "ask", ...ui.state.asked });
      ui.repaint();
    } });
    const [hint, waiting, below, card] = [h("span", { class: "note" }), h("div"), h("div", { class: "stack", "aria-live": "polite" }), h("p", { class: "card-of-visit" })];
    const update = () => {
      if (ui.state.text === undefined) Object.assign(ui.state, { scene: 0, text: scenes[0].text, picks: [], asked: null, card: {} });
      const { text, picks, asked } = ui.state;
      const found = asked && ui.reply?.text === asked.text && String(ui.reply.picks) === String(asked.picks) ? ui.reply : null;
      prepared.update(ui.state.scene);
      field.update(text);
      go.disabled = !picks.length || (found && String(picks) === String(found.picks));
      hint.textContent = picks.length ? `${picks.length} ${picks.length === 1 ? "word" : "words"} marked` : "Mark at least one word of the scene first.";
      waiting.replaceChildren(...(asked && !found ? [replyNote(ui)] : []), ...(found ? [strangersNote(found.strangers)] : []));
      const scene = scenes[ui.state.scene] ?? null;
      paintRow(ui, row, scene, found);
      if (found) note(ui.state, scene, found);
      below.replaceChildren(...(found ? result(ui, scene, found) : []));
      card.textContent = visit(ui.state.card);
    };
    return { node: h("div", { class: "stack fooling" }, prepared.node, field.node, row.node, h("div", { class: "choice" }, go, hint), waiting, below, card), update };
  };

  /* The words, marked by the reader; once the model has answered, shaded by their part of M · I. */
  function paintRow(ui, row, scene, found) {
    const { text, picks } = ui.state;
    const [bodies, story] = [cut(text), storyOf(text)];
    const shares = found && heldBy(found);
    const most = shares ? Math.max(...shares) : 0;
    const decides = (k) => found && scene?.decides.includes(k);
    const numbers = bodies.map((_, k) => (shares && story[k] ? percent(shares[k], 0) : ""));
    row.update({
      parts: bodies.map((body) => ["", body, "", ""]),
      numbers,
      heat: bodies.map((_, k) => (most > 0 ? shares[k] / most : 0)),
      pressed: picks,
      classes: bodies.map((_, k) => `${story[k] ? "" : "asks"} ${decides(k) ? "evidence" : ""}`),
      names: bodies.map((body, k) => [body, numbers[k], story[k] ? "" : "of the question", decides(k) ? "decides the right answer" : ""].filter(Boolean).join(", ")),
    });
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
    return `Score card of this visit: you predicted the map’s first word in ${tries.filter(({ first }) => first).length} of ${tries.length}; the model was fooled in ${fooled} of ${judged.length}.`;
  }

  /* What the model says, what the map has in common with the reader's words, and the test by masking. */
  function result(ui, scene, found) {
    const said = found.chances[0];
    const bars = chanceBars("The likeliest next words", 4);
    bars.update(found.chances, { said: scene?.right ?? said.label });
    return [verdict(ui, scene, found, said), bars.node, comparison(found), tested(found, said), legend(scene)];
  }

  function verdict(ui, scene, found, said) {
    const says = `it says ${quoted(said.label)} with ${percent(said.p)}`;
    if (!scene) return judgement(ui, found, says);
    const isRight = said.label === scene.right;
    const should = scene.right ? `; right is ${quoted(scene.right)}.` : "; the scene does not tell it.";
    return h("p", { class: "ruled" }, h("b", {}, isRight ? "✓ Not fooled: " : "✗ Fooled: "), `${says}${isRight ? "." : should}`);
  }

  function judgement(ui, found, says) {
    const one = ui.state.card[found.text];
    const options = [[false, "It is right"], [true, "It is wrong"]];
    const judge = choice(ui, "judge", "Is the answer right?", options, (fooled) => {
      one.fooled = fooled;
      ui.repaint();
    });
    judge.update(one.fooled);
    return h("div", { class: "choice" }, h("span", {}, `You know the truth: ${says}.`), judge.node);
  }

  function comparison(found) {
    const words = cut(found.text);
    const first = found.order.mi[0];
    const isIn = found.picks.includes(first);
    const shares = heldBy(found);
    const yours = sum(found.picks.map((k) => shares[k]));
    return h("p", {}, h("b", {}, isIn ? "✓ Predicted: " : "✗ Not predicted: "), `the map’s first word is ${quoted(words[first])}. Your words hold ${percent(yours)} of M · I among the words of the scene.`);
  }

  /* Masked at once: the reader's words, and as many of the map's first. */
  function tested(found, said) {
    const words = cut(found.text);
    const named = (places) => places.map((k) => words[k]).join(", ");
    const after = (chances) => {
      const isOther = chances[0].label !== said.label;
      return h("td", {}, `${quoted(chances[0].label)} ${percent(chances[0].p)}: `, h("b", {}, isOther ? "another answer" : "the same answer"));
    };
    const line = (name, places, chances) => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, named(places)), after(chances));
    const head = h("tr", {}, ...["Masked at once", "Words", "Then it says"].map((title) => h("th", { scope: "col" }, title)));
    const rows = [line("Yours", found.picks, found.hidden.yours), line(`The map’s first ${found.first.length}`, found.first, found.hidden.map)];
    return h("div", { class: "wide" }, h("table", {}, h("thead", {}, head), h("tbody", {}, ...rows)));
  }

  const legend = (scene) =>
    h("p", { class: "note" }, `Below the words: part of M · I, flow times KL, which is HETA’s score without its curvature.${scene?.decides.length ? " Underlined: what decides the right answer." : ""}`);
}
