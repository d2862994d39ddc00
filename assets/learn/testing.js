/* Is the map any good? Words are masked in a chosen order; p of the answer falls along it, and along random orders. */

{
  const MANY = "many";
  const OWN = "own";
  const RANDOM = "random";
  const TOLD = {
    heta: "HETA’s final score, as Explore opens",
    gradient_norm: "how steep the answer is at each word",
    last_attention: "where the last layer looks",
    recency: "from the last word back; no model is asked",
    random: "drawn blindly",
    own: "words in the order in which you press them",
  };

  /* The mean height of a curve over its first n steps, by trapezoids. */
  const height = (p, n) => (n ? sum(p.slice(0, n + 1)) - (p[0] + p[n]) / 2 : p[0]) / Math.max(n, 1);
  const mean = (values) => sum(values) / values.length;
  function quantile(values, part) {
    const sorted = [...values].sort((a, b) => a - b);
    const at = part * (sorted.length - 1);
    return sorted[Math.floor(at)] * (1 - (at % 1)) + sorted[Math.ceil(at)] * (at % 1);
  }
  const startsWith = (long, head) => head.every((i, k) => long[k] === i);
  const unmasked = ({ orders: [{ p, says, says_p }] }) => ({ masked: [], p: [p[0]], says: [says[0]], says_p: [says_p[0]] });
  const nWords = (n) => `${n} ${n === 1 ? "word" : "words"}`;

  PICTURES.testing = (ui) => {
    const { texts, many, scopes } = ui.picture;
    const chose = (values) => (Object.assign(ui.state, values), ui.repaint());
    const text = choice(ui, "text", "What is tested", [...texts.map(({ title }, k) => [k, title]), [MANY, `${many.all.n} questions`]], (k) => chose({ text: k, k: 0 }));
    const scope = choice(ui, "scope", "What may be masked", scopes, (name) => chose({ scope: name, k: 0 }));
    const row = wordRow(ui, "word", "The text: press a word", (i) => press(ui, seen(ui), i));
    const list = rowsOf(ui);
    const steps = slider(ui, "masked", "Words masked", { min: 0, max: 1, step: 1, oninput: (k) => chose({ k }) });
    const clear = pushed(ui, "clear", "Start again", { onclick: () => ask(ui, [], 0) });
    const again = pushed(ui, "again", "Another random order", { onclick: () => chose({ draw: (ui.state.draw + 1) % texts[0].all.random.length }) });
    const [hint, says, notes] = [h("p", { class: "note" }), h("p", { class: "test-says", role: "status" }), replyNotes(ui)];
    const plate = curves(ui);
    const one = h("div", { class: "stack" }, row.node, h("div", { class: "controls test-hand" }, steps.node, again, clear, hint), says, notes.node, h("div", { class: "test-desk" }, plate.node, list.node), plate.note);
    const all = Object.fromEntries(scopes.map(([name]) => [name, manyOf(many[name])]));
    const update = () => {
      if (ui.state.text === undefined) Object.assign(ui.state, { text: 0, scope: scopes[0][0], order: "heta", k: 0, draw: 0, own: {}, known: {} });
      text.update(ui.state.text);
      scope.update(ui.state.scope);
      one.hidden = ui.state.text === MANY;
      for (const [name, node] of Object.entries(all)) node.hidden = ui.state.text !== MANY || name !== ui.state.scope;
      if (ui.state.text === MANY) return;
      take(ui);
      const now = seen(ui);
      wordsOf(row, now);
      steps.node.querySelector("input").max = now.end;
      steps.update(now.k);
      clear.hidden = now.name !== OWN || !now.order.length;
      again.hidden = now.name !== RANDOM;
      hint.textContent = now.name === OWN ? "Press words one by one; again to put one back." : "Press a word to mask all up to it.";
      write(says, spoken(now));
      notes.update(now.isWaiting);
      list.update(now);
      plate.update(now);
    };
    return { node: h("div", { class: "stack test" }, h("div", { class: "controls test-top" }, text.node, scope.node), one, ...Object.values(all)), update };
  };

  /* ---- what is looked at ---- */

  const keyOf = ({ text, scope }) => `${text} ${scope}`; // of an own order

  /* All that is drawn: the text, the chosen order with its curve as far as it is known, and how far things are compared. */
  function seen(ui) {
    const { state } = ui;
    const text = ui.picture.texts[state.text];
    const way = text[state.scope];
    const n = way.places.length;
    const name = state.order;
    const known = state.known[keyOf(state)] ?? unmasked(way);
    const found = name === OWN ? known : name === RANDOM ? way.random[state.draw] : way.orders.find((each) => each.name === name);
    const order = name === OWN ? (state.own[keyOf(state)] ?? []) : found.masked;
    const isWaiting = name === OWN && !startsWith(known.masked, order);
    const end = order.length;
    const p = name === OWN ? known.p.slice(0, isWaiting ? 1 : end + 1) : found.p;
    const chance = way.random[0].p.map((_, step) => way.random.map((each) => each.p[step])); // of each step the p of every random order
    return { text, way, n, name, order, end, k: Math.min(state.k, end), p, says: found.says ?? null, says_p: found.says_p, isWaiting, chance, upTo: name === OWN && end ? end : n };
  }

  function press(ui, now, i) {
    const { state } = ui;
    if (!now.way.places.includes(i)) return;
    if (now.name !== OWN) {
      const place = now.order.indexOf(i) + 1;
      Object.assign(state, { k: place === now.k ? place - 1 : place });
      return ui.repaint();
    }
    const own = now.order.includes(i) ? now.order.filter((j) => j !== i) : [...now.order, i];
    ask(ui, own, own.length);
  }

  /* An own order goes to the model only where its curve is not known yet. */
  function ask(ui, own, k) {
    const { state } = ui;
    state.own[keyOf(state)] = own;
    state.k = k;
    const { isWaiting } = seen(ui);
    if (isWaiting) ui.send({ kind: "order", text: state.text, masked: own });
    ui.repaint();
  }

  /* What the server found of an own order is kept with its text. */
  function take(ui) {
    const { reply, state } = ui;
    if (!reply?.masked) return;
    for (const [scope] of ui.picture.scopes) {
      const key = keyOf({ text: reply.text, scope });
      if (state.own[key]?.length && startsWith(reply.masked, state.own[key])) state.known[key] = reply;
    }
  }

  function spoken({ text, k, p, says, says_p, chance, isWaiting }) {
    const answer = quoted(text.answer);
    if (isWaiting || p[k] === undefined) return "Asking the model …";
    if (!k) return `Nothing is masked: the model says ${answer} with ${percent(p[0])}.`;
    const left = `p of ${answer}: ${percent(p[k])}, random ${percent(mean(chance[k]), 0)}.`;
    if (!says) return `Without ${nWords(k)}: ${left}`;
    return `Without ${nWords(k)} it ${says[k] === text.answer ? "still " : ""}says ${quoted(says[k])}${says[k] === text.answer ? "" : ` (${percent(says_p[k], 0)})`}. ${left}`;
  }

  function wordsOf(row, { text, way, order, k, n, name }) {
    const place = new Map(order.map((i, rank) => [i, rank]));
    const gone = (i) => place.has(i) && place.get(i) < k;
    const at = text.parts.map((_, i) => place.get(i));
    const stays = new Set(text.parts.keys());
    way.places.forEach((i) => stays.delete(i));
    row.update({
      parts: text.parts,
      heat: at.map((rank) => (rank === undefined || name === RANDOM ? 0 : Math.max(0, 1 - (2 * rank) / n))),
      numbers: at.map((rank) => (rank === undefined ? "" : String(rank + 1))),
      pressed: order.slice(0, k),
      classes: at.map((_, i) => (gone(i) ? "gone" : stays.has(i) ? "test-stays" : "")),
      names: namesOf(text.parts.map(([, body]) => body)).map((called, i) => `${spokenName(called)}${stays.has(i) ? ": stays" : at[i] === undefined ? "" : `: place ${at[i] + 1}${gone(i) ? ", masked" : ""}`}`),
    });
  }

  /* ---- the orders: a choice, a legend and their numbers in one ---- */

  function rowsOf(ui) {
    const names = [...ui.picture.texts[0].all.orders.map(({ name, title }) => [name, title]), [RANDOM, "Random"], [OWN, "Your own order"]];
    const head = h("h3");
    const rows = names.map(([name, title]) => {
      const [bar, span, number_] = [h("i"), h("s", { "aria-hidden": "true" }), h("span", { class: "num" })];
      const swatch = shape("svg", { viewBox: "0 0 30 10", class: `test-swatch ${name}`, "aria-hidden": "true" }, shape("path", { class: `test-line ${name}`, d: "M0 5H30" }));
      const button = h("button", { type: "button", "data-key": `order.${name}`, "data-tip": TOLD[name], onclick: () => (Object.assign(ui.state, { order: name, k: name === OWN ? (ui.state.own[keyOf(ui.state)] ?? []).length : ui.state.k }), ui.repaint()) }, swatch, h("bdi", {}, title), h("span", { class: "rail" }, span, bar), number_);
      return { name, title, bar, span, number_, button };
    });
    const node = h("section", { class: "stack test-orders" }, head, h("ol", { "aria-label": "Orders" }, ...rows.map(({ button }) => h("li", {}, button))));
    const update = (now) => {
      const { upTo, n, way } = now;
      const drawn = way.random.map(({ p }) => height(p, upTo)).sort((a, b) => a - b);
      head.textContent = upTo === n ? `Mean p until all ${n} are masked; less is better` : `Mean p over the first ${nWords(upTo)}; less is better`;
      for (const { name, title, bar, span, number_, button } of rows) {
        const own = name === OWN && (now.name !== OWN || !now.end || now.isWaiting);
        const value = own ? null : name === RANDOM ? mean(drawn) : name === OWN ? height(now.p, upTo) : height(way.orders.find((each) => each.name === name).p, upTo);
        const range = name === RANDOM ? `, from ${percent(drawn[0])} to ${percent(drawn.at(-1))}` : "";
        const beats = value === null || name === RANDOM ? "" : `, better than ${drawn.filter((other) => value < other).length} of ${drawn.length} random orders`;
        bar.style.width = `${100 * (value ?? 0)}%`;
        bar.hidden = value === null;
        span.hidden = name !== RANDOM;
        span.style.left = `${100 * drawn[0]}%`;
        span.style.width = `${100 * (drawn.at(-1) - drawn[0])}%`;
        number_.textContent = value === null ? "–" : percent(value);
        button.setAttribute("aria-pressed", name === now.name);
        button.setAttribute("aria-label", `${title}: ${value === null ? "nothing pressed yet" : `mean p ${percent(value)}${range}${beats}`}`);
      }
    };
    return { node, update };
  }

  /* ---- the curves ---- */

  function curves(ui) {
    const plate = shape("svg", { class: "test-plate", role: "img" });
    const note = h("p", { class: "note" });
    const node = h("div", { class: "test-chart" }, plate);
    let wide = 0;
    new ResizeObserver(() => plate.clientWidth !== wide && node.isConnected && ui.repaint()).observe(node);
    const label = (x, y, text, props = {}) => shape("text", { x, y, ...props }, text);
    const path = (points) => `M${points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}`;
    const update = (now) => {
      const { text, way, n, p, k, chance, upTo } = now;
      const drawn = way.random.map((each) => height(each.p, upTo));
      note.textContent = `Grey: ${drawn.length} random orders (mean p ${percent(Math.min(...drawn))} to ${percent(Math.max(...drawn))}), their mean and middle half. Shaded: better than it; orange: worse.`;
      wide = plate.clientWidth;
      const width = wide || 420;
      const em = parseFloat(getComputedStyle(node).fontSize) || 18;
      const [left, right, top, bottom] = [3 * em, width - 0.8 * em, 0.8 * em, 10.4 * em];
      const x = (step) => left + (step / n) * (right - left);
      const y = (value) => bottom - value * (bottom - top);
      const points = (values) => values.map((value, step) => [x(step), y(value)]);
      const means = chance.map(mean);
      const between = (values) => path([...points(means.slice(0, p.length)), ...points(values).reverse()]) + "Z";
      const [low, high] = [0.25, 0.75].map((part) => points(chance.map((each) => quantile(each, part))));
      const spread = [...high, ...low.reverse()];
      const by = n > 24 && width < 24 * em ? 10 : 5;
      plate.setAttribute("viewBox", `0 0 ${width} ${bottom + 2.6 * em}`);
      plate.style.height = `${bottom + 2.6 * em}px`;
      plate.replaceChildren(
        ...[0, 0.5, 1].flatMap((v) => [shape("path", { class: "test-grid", d: path([[left, y(v)], [right, y(v)]]) }), label(left - 0.4 * em, y(v) + 0.3 * em, `${100 * v}\u00a0%`, { class: "test-axis", "text-anchor": "end" })]),
        ...Array.from({ length: Math.floor(n / by) + 1 }, (_, t) => label(x(by * t), bottom + 1.15 * em, String(by * t), { class: "test-axis", "text-anchor": "middle" })),
        label(right, bottom + 2.3 * em, `words masked, of ${n}`, { class: "test-axis", "text-anchor": "end" }),
        label(left, bottom + 2.3 * em, `↑ p of ${quoted(text.answer)}`, { class: "test-axis" }),
        shape("path", { class: "test-band", d: `${path(spread)}Z` }),
        shape("path", { class: "test-better", d: between(p.map((value, step) => Math.min(value, means[step]))) }),
        shape("path", { class: "test-worse", d: between(p.map((value, step) => Math.max(value, means[step]))) }),
        shape("path", { class: "test-line random", d: path(points(means)) }),
        ...way.orders.filter(({ name }) => name !== now.name).map((each) => shape("path", { class: `test-line other ${each.name}`, d: path(points(each.p)) })),
        shape("path", { class: `test-line now ${now.name}`, d: path(points(p)) }),
        shape("path", { class: "test-here", d: path([[x(k), top], [x(k), bottom]]) }),
        ...(p[k] === undefined ? [] : [shape("circle", { class: `test-dot ${now.name}`, cx: x(k), cy: y(p[k]), r: 0.36 * em })]),
      );
      plate.setAttribute("aria-label", `p of ${quoted(text.answer)} as words are masked, along the chosen order and the others. ${spoken(now)}`);
    };
    return { node, note, update };
  }

  /* ---- over many questions ---- */

  function manyOf({ n, rows }) {
    const most = 1.08 * Math.max(...rows.map(({ high }) => high));
    const at = (value) => `${(100 * value) / most}%`;
    const range = ({ low, high }) => `${percent(low)} to ${percent(high)}`;
    const signed = (value) => (value > 0 ? `+${(100 * value).toFixed(1)}` : number(100 * value, 1));
    const heta = rows.find(({ name }) => name === "heta");
    const line = (row) =>
      h("tr", {},
        h("th", { scope: "row" }, row.title),
        h("td", { class: "test-many-rail" }, h("span", { class: "rail" }, h("i", { style: `left:${at(row.low)};width:${at(row.high - row.low)}` }), h("b", { style: `left:${at(row.mean)}` }))),
        h("td", { class: "num" }, `${percent(row.mean)} `, h("small", {}, range(row))),
        h("td", { class: "num" }, row === heta ? "–" : `${signed(row.apart.mean)} `, row === heta ? "" : h("small", {}, `${signed(row.apart.low)} to ${signed(row.apart.high)}`)),
        h("td", { class: "num" }, row.name === "random" ? "–" : percent(row.beats, 0)));
    const titles = ["Order", "", "Mean p", "More than HETA, points", "Beats random"];
    const head = h("thead", {}, h("tr", {}, ...titles.map((title) => (title ? h("th", { scope: "col" }, title) : h("td")))));
    return h("div", { class: "stack test-many" },
      h("h3", {}, "Mean p of the answer, from nothing masked to all"),
      h("div", { class: "wide" }, h("table", {}, head, h("tbody", {}, ...rows.map(line)))),
      h("p", { class: "note" }, `${n} held-out questions, as many of each skill; random is the mean of five orders of each. Small: the middle 95\u00a0% over questions drawn again. A difference whose range holds 0 may be chance. “Each word alone” asks for p without each word in turn, which is a deletion test itself.`));
  }
}
