/* The gate: what flows from the words to the prediction, as curves whose width is their part of M.

   An edge of a layer goes from position i to position j. What it adds goes on from j through the layers above, half of
   it in its place and half as attention, averaged over heads, mixes: `onward`. All that flows arrives at the last
   position, so the widths into it are those that went out of the words. */

PICTURES["gate"] = (ui) => {
  const { parts, labels, m, flow, edges, mixing, arriving, target } = ui.picture;
  const [n, depth, heads] = [labels.length, flow.length, flow[0].length];
  const PAUSE_BETWEEN = 1900; // milliseconds for each layer: a sentence of the teacher's
  // Of M; thinner curves are not drawn, and what they come to is said.
  const thin = () => (ui.state.word === null ? 0.002 : 0.0005);
  const top = Math.max(...m);
  const LEAST = 0.75; // pixels; what is thinner is drawn as thin as this
  Object.assign(ui.state, { step: ui.state.step ?? depth, head: ui.state.head ?? "all", word: ui.state.word ?? null });
  let [playing, grown, drawnFor] = [null, null, ""];

  const isIn = (head) => ui.state.head === "all" || ui.state.head === head;
  const isFrom = (i) => ui.state.word === null || ui.state.word === i;
  const added = (layer, i) => sum(flow[layer].filter((_, head) => isIn(head)).map((each) => each[i]));
  const soFar = (i, step = ui.state.step) => sum(flow.slice(0, step).map((_, layer) => added(layer, i)));
  const ofLayer = (layer) => sum(labels.map((_, i) => (isFrom(i) ? added(layer, i) : 0)));
  const spelled = namesOf(labels).map(spokenName);
  const named = (i) => (i === n - 1 ? "the last token" : spelled[i]);

  const reading = (i, j) => `read by ${i === j ? "its own place" : named(j)}`;

  /* For each layer [from, to, part of M]: what it adds, and what it only hands on. */
  function ways() {
    let held = Array(n).fill(0);
    return flow.map((_, layer) => {
      const [direct, onward, next] = [[], [], Array(n).fill(0)];
      for (let j = 0; j < n; j += 1) {
        for (let i = 0; i <= j; i += 1) {
          const adds = isFrom(i) ? sum(edges[layer].filter((_, head) => isIn(head)).map((each) => each[j][i])) : 0;
          const goes = layer && held[i] ? (held[i] * mixing[layer][j][i] * arriving[layer][j]) / arriving[layer - 1][i] : 0;
          next[j] += adds + goes;
          if (adds > 0) direct.push([i, j, adds]);
          if (goes > 0) onward.push([i, j, goes]);
        }
      }
      held = next;
      return { direct, onward, held };
    });
  }

  /* ---- what can be pressed ---- */

  const halt = () => {
    clearTimeout(playing);
    playing = null;
  };
  const go = (step, isGrowing = false) => {
    grown = isGrowing && step > ui.state.step ? step : null;
    ui.state.step = Math.max(0, Math.min(depth, step));
    ui.repaint();
  };
  const next = () => {
    playing = ui.state.step + 1 < depth ? ui.later(next, PAUSE_BETWEEN) : null;
    go(ui.state.step + 1, true);
  };
  const play = () => {
    if (playing) return halt(), ui.repaint();
    if (ui.state.step === depth) go(0);
    playing = ui.later(next, 400);
    ui.repaint();
  };
  const by = (change) => () => (halt(), go(ui.state.step + change, change > 0));
  const back = pushed(ui, "back", "Back", { onclick: by(-1) });
  const run = pushed(ui, "play", "Play", { onclick: play });
  const forth = pushed(ui, "next", "Next", { onclick: by(1) });
  const reach = slider(ui, "step", "Layers passed", { min: 0, max: depth, step: 1, shown: (k) => `${k} of ${depth}`, oninput: (k) => (halt(), go(k)) });
  const which = choice(ui, "head", "Heads", [["all", "All heads"], ...flow[0].map((_, head) => [head, `Head ${head + 1}`])], (head) => {
    ui.state.head = head;
    ui.repaint();
  });
  const pick = (i) => {
    ui.state.word = ui.state.word === i ? null : i;
    stop(i);
    ui.repaint();
  };

  /* ---- the drawing ---- */

  const plate = shape("svg", { class: "gate-plate", role: "img" });
  const buttons = labels.map((_, i) =>
    h("button", { type: "button", class: "gate-word", tabindex: i ? -1 : 0, "data-key": `word.${i}`, onclick: () => pick(i) }, h("bdi", {}, parts[i][1]), h("small"), h("i")));
  const row = h("div", { role: "group", "aria-label": "The words, each with its part of M so far" }, ...buttons);
  const stop = roving(row, () => buttons, true);
  const said = h("p", { class: "gate-said", role: "status" });
  const note = h("p", { class: "note" });
  const field = h("div", { class: "gate-field" }, plate, row);
  new ResizeObserver(() => field.clientWidth !== laid?.width && field.isConnected && ui.repaint()).observe(field);
  let laid = null;

  /* Where everything stands: words in a line below where they fit, else one below the other on the left. */
  function layout() {
    const width = field.clientWidth || 320;
    const em = parseFloat(getComputedStyle(field).fontSize) || 18;
    const units = labels.map((_, i) => Math.max(2.15, 0.56 * parts[i][1].length + 0.6));
    const font = Math.min(1.05 * em, (width - 5.2 * em) / sum(units));
    const isWide = font > 0.7 * em;
    if (isWide) {
      const [left, head, bar] = [5.2 * em, 2.5 * em, 3.6 * em];
      const room = (0.55 * innerHeight - 7 * em - 2.9 * font) / depth; // the whole picture on one screen where it goes
      const gap = Math.max(2.5 * em, Math.min(4.1 * em, room));
      const xs = units.map((_, i) => left + font * (sum(units.slice(0, i)) + units[i] / 2));
      const base = head + depth * gap;
      return { isWide, width, em, font, bar, units, xs, base, height: base + 0.9 * em + 2.9 * font + bar, at: (level, i) => [xs[i], base - level * gap] };
    }
    const [left, line, head] = [9.6 * em, 1.62 * em, 3.2 * em];
    const gap = (width - left - 0.8 * em) / depth;
    return { isWide, width, em, font: 0.86 * em, bar: 2.3 * em, line, base: left, height: head + line * n + 2.4 * em, at: (level, i) => [left + level * gap, head + line * (i + 0.5)] };
  }

  const curve = ([x, y], [to, down]) =>
    laid.isWide ? `M${x} ${y}C${x} ${(y + down) / 2} ${to} ${(y + down) / 2} ${to} ${down}` : `M${x} ${y}C${(x + to) / 2} ${y} ${(x + to) / 2} ${down} ${to} ${down}`;

  const full = () => (laid.isWide ? 4.2 : 3.2) * laid.em; // the width of all that flows

  function drawn(layer, found, kind) {
    const step = ui.state.step - 1;
    const names = ["gate-edge", kind, layer === step || ui.state.word !== null ? "now" : "", layer === step && grown === layer + 1 && !calm() ? "grows" : ""].join(" ");
    return found
      .filter(([, , part]) => part >= thin())
      .sort((a, b) => b[2] - a[2])
      .map(([i, j, part]) =>
        shape("path", {
          class: names, pathLength: 1, d: curve(laid.at(layer, i), laid.at(layer + 1, j)), "stroke-width": Math.max(LEAST, part * full()).toFixed(2),
          "data-tip": `Layer ${layer + 1}: ${named(i)} ${kind === "direct" ? reading(i, j) : `handed on to ${named(j)}`}, ${percent(part)} of M`,
        }));
  }

  function points(level, held) {
    return labels.flatMap((label, i) => {
      const [x, y] = laid.at(level, i);
      const part = held[i];
      const dot = shape("circle", { class: part >= thin() ? "gate-dot" : "gate-dot faint", cx: x, cy: y, r: part >= thin() ? 2.5 + 5 * Math.sqrt(part) : 1.6 });
      if (level === 0 || level === depth || i === n - 1 || part < 0.04) return [dot];
      const place = laid.isWide ? { x, y: y - 0.55 * laid.em, "text-anchor": "middle" } : { x: x + 0.4 * laid.em, y: y - 0.5 * laid.em };
      return [dot, shape("text", { class: "gate-name", "font-size": 0.72 * laid.em, ...place }, label)];
    });
  }

  function layerNames(step) {
    return flow.flatMap((_, layer) => {
      const is = layer < step ? (layer === step - 1 ? "now" : "past") : "ahead";
      const told_ = layer < step ? percent(ofLayer(layer)) : "…";
      const [x, y] = laid.at(layer + 0.5, 0);
      if (laid.isWide) {
        return [
          shape("text", { class: `gate-layer ${is}`, x: 0, y: y - 0.1 * laid.em, "font-size": 0.82 * laid.em }, `Layer ${layer + 1}`),
          shape("text", { class: `gate-layer ${is}`, x: 0, y: y + 0.95 * laid.em, "font-size": 0.82 * laid.em }, told_),
        ];
      }
      const props = { class: `gate-layer ${is}`, x, "text-anchor": "middle", "font-size": 0.78 * laid.em };
      return [shape("text", { ...props, y: 0.9 * laid.em }, layer ? String(layer + 1) : "Layer 1"), shape("text", { ...props, y: 1.95 * laid.em }, told_)];
    });
  }

  function place() {
    const { isWide, width, em, font, units, xs, base, line, height } = laid;
    field.style.height = `${height}px`;
    field.classList.toggle("tall", !isWide);
    plate.setAttribute("viewBox", `0 0 ${width} ${height}`);
    buttons.forEach((button, i) => {
      const [left, down] = isWide ? [xs[i] - (units[i] * font) / 2, base + 0.8 * em] : [0, laid.at(0, i)[1] - line / 2];
      Object.assign(button.style, { left: `${left}px`, top: `${down}px`, width: isWide ? `${units[i] * font}px` : `${9.1 * em}px`, height: isWide ? `${2.9 * font + laid.bar}px` : `${line}px`, fontSize: `${font}px` });
    });
  }

  function paintWords() {
    buttons.forEach((button, i) => {
      const [value, [, number_, bar]] = [soFar(i), button.children];
      number_.textContent = percent(value).replace("\u00a0%", "");
      bar.style[laid.isWide ? "height" : "width"] = `${(value / top) * laid.bar}px`;
      bar.style[laid.isWide ? "width" : "height"] = "";
      button.classList.toggle("aside", !isFrom(i));
      button.setAttribute("aria-pressed", ui.state.word === i);
      button.setAttribute("aria-label", `${spelled[i]}, ${percent(value)} of M so far`);
    });
  }

  /* What the picture shows, in words; it is read aloud after each step. */
  function telling(all) {
    const { step, head, word } = ui.state;
    const [whose, whole] = [head === "all" ? "" : `Head ${head + 1}: `, sum(labels.map((_, i) => (isFrom(i) ? soFar(i) : 0)))];
    const yet = step < depth ? " so far" : "";
    if (!step) return `${whose}The words, before the first layer: nothing has flowed yet.`;
    if (word !== null) {
      const [part, from] = all.slice(0, step).flatMap(({ direct }, layer) => direct.map(([, j, adds]) => [adds, { layer, j }])).reduce((a, b) => (b[0] > a[0] ? b : a), [0, null]);
      const end = from ? ` Its widest path: ${reading(word, from.j)} in layer ${from.layer + 1}, ${percent(part)}.` : "";
      return `${whose}${named(word)} has ${percent(whole)} of M${yet}.${end}`;
    }
    const widest = all[step - 1].direct.reduce((a, b) => (b[2] > a[2] ? b : a), [0, 0, 0]);
    const end = widest[2] >= 0.0005 ? ` Widest: ${named(widest[0])}, ${reading(...widest)}, ${percent(widest[2])}.` : "";
    return `${whose}Layer ${step} adds ${percent(ofLayer(step - 1))} of M.${end} ${step < depth ? "So far" : "In all"} ${percent(whole)}.`;
  }

  /* What the curves mean, how far their widths can be trusted, and what is not drawn. */
  function legend(all) {
    const thinner = (found) => sum(found.map(([, , part]) => (part < thin() ? part : 0)));
    const passed = all.slice(0, ui.state.step);
    const [added_, handed] = [sum(passed.map(({ direct }) => thinner(direct))), Math.max(0, ...passed.map(({ onward }) => thinner(onward)))];
    return [
      `Purple: what a layer adds. Grey: what it hands on; M assumes that half of each place is carried on unchanged. Width: the part of M, but at least a hair: below ${percent(LEAST / full())} all are equally thin.`,
      `Below ${percent(thin(), 2)} nothing is drawn: purple, ${percent(added_)} of M in all; grey, at most ${percent(handed)} in a layer.`,
      "Numbers below the words: M so far, in %. At the last token, “:”, the next word is predicted.",
    ].join(" ");
  }

  const update = () => {
    const { step, head, word } = ui.state;
    const all = ways();
    laid = layout();
    place();
    run.textContent = playing ? "Pause" : "Play";
    run.hidden = calm();
    barred(back, step === 0);
    barred(forth, step === depth);
    reach.update(step);
    which.update(head);
    paintWords();
    const signature = [step, head, word, laid.width, laid.em, calm()].join();
    if (signature !== drawnFor) {
      const passed = all.slice(0, step);
      const [x, y] = laid.at(depth, n - 1);
      const arrived = shape("text", { class: step === depth ? "gate-answer" : "gate-answer ahead", "text-anchor": "end", x: laid.isWide ? x + 0.5 * laid.em : laid.width, y: laid.isWide ? y - 0.95 * laid.em : y + 1.7 * laid.em, "font-size": 1.02 * laid.em }, `→ ${target.label} ${percent(target.p)}`);
      plate.replaceChildren(
        ...passed.flatMap(({ onward }, layer) => drawn(layer, onward, "onward")),
        ...passed.flatMap(({ direct }, layer) => drawn(layer, direct, "direct")),
        ...points(0, m.map((_, i) => (isFrom(i) ? soFar(i) : 0))),
        ...flow.flatMap((_, layer) => points(layer + 1, layer < step ? all[layer].held : Array(n).fill(0))),
        ...layerNames(step),
        arrived,
      );
      plate.setAttribute("aria-label", `Curves from the words through ${step} of ${depth} layers to the prediction. ${telling(all)}`);
      said.textContent = telling(all);
      note.textContent = legend(all);
      drawnFor = signature;
      grown = null;
    }
  };
  const controls = h("div", { class: "gate-controls" }, h("div", { class: "choice", role: "group", "aria-label": "Layer by layer" }, back, run, forth), reach.node, which.node);
  return { node: h("div", { class: "stack gate whole" }, controls, said, field, note), update };
};
