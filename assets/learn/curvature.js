/* Probes: each a dot, their mean with its standard error as it settles on the exact value, and the order of the words. */

PICTURES["curvature"] = (ui) => {
  const { parts, labels, at, exact, draws } = ui.picture;
  const most = draws[0][0].length;
  const FEW = 8; // probes, below which the standard error is itself a guess
  const TICK = 70; // milliseconds from one probe to the next where several are added
  Object.assign(ui.state, { n: ui.state.n ?? 4, word: ui.state.word ?? 0, draw: ui.state.draw ?? 0 });
  const spelled = namesOf(labels).map(spokenName);
  const named = (k) => spelled[at[k]];
  let ticking = null;

  /* Mean and standard error after each number of probes, and the place of each word then: of every draw once. */
  const settled = draws.map((draw) => {
    const run = draw.map((probes) => {
      let [total, squares] = [0, 0];
      return probes.map((value, k) => {
        total += value;
        squares += value * value;
        const mean = total / (k + 1);
        return { mean, error: k ? Math.sqrt(Math.max(0, squares / (k + 1) - mean * mean) / k) : null };
      });
    });
    const ranks = draw[0].map((_, k) => {
      const order = run.map((_, w) => w).sort((a, b) => run[b][k].mean - run[a][k].mean);
      return order.map((_, w) => order.indexOf(w));
    });
    return { run, ranks };
  });

  /* ---- what can be pressed ---- */

  const halt = () => {
    clearTimeout(ticking);
    ticking = null;
  };
  const add = (count) => {
    halt();
    const end = Math.min(most, ui.state.n + count);
    const tick = () => {
      ui.state.n = calm() ? end : Math.min(end, ui.state.n + 1);
      ticking = ui.state.n < end ? ui.later(tick, TICK) : null;
      ui.repaint();
    };
    tick();
  };
  const set = (change) => () => (halt(), Object.assign(ui.state, change), ui.repaint());
  const one = pushed(ui, "one", "One probe more", { onclick: () => add(1) });
  const ten = pushed(ui, "ten", "Ten more", { onclick: () => add(10) });
  const again = pushed(ui, "again", "Start again", { onclick: set({ n: 1 }) });
  const word = choice(ui, "word", "The token", at.map((_, k) => [k, named(k)]), (k) => set({ word: k })());
  const draw = choice(ui, "draw", "Draws, each from a seed of its own", draws.map((_, k) => [k, `Draw ${k + 1}`]), (k) => set({ draw: k })());

  /* ---- the drawing ---- */

  const text = h("p", { class: "probes-text" }, ...parts.map(([lead, body, tail], i) => h("span", {}, lead, at.includes(i) ? h("b", {}, body) : body, i ? tail : " ")));
  const said = h("p", { class: "probes-said", "aria-hidden": true });
  const spoken = h("p", { class: "heard", role: "status" }); // the same, once all probes that were asked for are in
  const plate = shape("svg", { class: "probes-plate", role: "img" });
  const note = h("p", { class: "note" }, "Dots: what single probes say, S in nats per squared embedding unit. Line: their mean, with a band of ± one standard error. Dashed: the exact value. Below or beside it the places of the five tokens by their means.");
  const still = h("h3");
  const board = shape("svg", { class: "probes-plate", role: "img" });
  const node = h("div", { class: "stack probes whole" }, text, h("div", { class: "probes-controls" }, word.node, draw.node), h("div", { class: "probes-controls" }, h("div", { class: "choice", role: "group", "aria-label": "Probes" }, one, ten, again), said, spoken), h("div", { class: "probes-pair" }, plate, h("div", {}, still, board)), note);
  let seenWidth = 0;
  new ResizeObserver(() => plate.clientWidth !== seenWidth && node.isConnected && ui.repaint()).observe(node);

  const label = (x, y, text, props = {}) => shape("text", { x, y, ...props }, text);
  const path = (points) => `M${points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}`;

  function frame(drawing) {
    const width = drawing.clientWidth || 320;
    const em = parseFloat(getComputedStyle(node).fontSize) || 18;
    const [left, right] = [(drawing === plate ? 3.1 : 1.6) * em, width - 7.4 * em];
    return { width, em, left, right, x: (n) => left + 0.8 * em + (Math.log(n) / Math.log(most)) * (right - left - 1.2 * em) };
  }

  /* Round steps from 0 to the largest that any draw of the word has. */
  function scaleOf(k, top, bottom) {
    const high = 1.04 * Math.max(...draws.flatMap((each) => each[k]));
    const rough = high / 5;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 2.5, 5, 10].map((f) => f * power).find((s) => s >= rough);
    const ticks = Array.from({ length: Math.floor(high / step) + 1 }, (_, t) => t * step);
    return { ticks, y: (value) => bottom - (Math.min(value, high) / high) * (bottom - top) };
  }

  function steps({ em, x }, top, bottom) {
    const marks = Array.from({ length: Math.floor(Math.log2(most)) + 1 }, (_, k) => 2 ** k);
    return [
      ...marks.map((n) => label(x(n), bottom + 1.15 * em, String(n), { class: "probes-axis", "text-anchor": "middle" })),
      shape("path", { class: "probes-usual", d: path([[x(ui.picture.default), top], [x(ui.picture.default), bottom]]) }),
    ];
  }

  function cloud() {
    const f = frame(plate);
    seenWidth = plate.clientWidth;
    const { em, left, right, width, x } = f;
    const { n, word: k } = ui.state;
    const [top, bottom] = [1.6 * em, 14.6 * em];
    const { ticks, y } = scaleOf(k, top, bottom);
    const run = settled[ui.state.draw].run[k].slice(0, n);
    const band = run.map((r, i) => [x(i + 1), r]).filter(([, r]) => r.error !== null);
    const { mean, error } = run[n - 1];
    const [line, here] = [y(exact[k]), y(mean)];
    const apart = 2.5 * em;
    const beside = Math.max(top + em, Math.min(bottom, Math.abs(here - line) < apart ? line + (here > line ? apart : -apart) : here));
    plate.setAttribute("viewBox", `0 0 ${width} ${bottom + 2.9 * em}`);
    plate.style.height = `${bottom + 2.9 * em}px`;
    const drawn = [
      ...ticks.flatMap((t) => [shape("path", { class: "probes-grid", d: path([[left, y(t)], [right, y(t)]]) }), label(left - 0.4 * em, y(t) + 0.3 * em, number(t, 0), { class: "probes-axis", "text-anchor": "end" })]),
      ...steps(f, top, bottom),
      label(x(ui.picture.default), 1.05 * em, `the app takes ${ui.picture.default}`, { class: "probes-axis", "text-anchor": "middle" }),
      label(left, bottom + 2.5 * em, "probes → (each step twice as many)", { class: "probes-axis" }),
      band.length > 1 ? shape("path", { class: "probes-band", d: `${path([...band.map(([at_, r]) => [at_, y(r.mean + r.error)]), ...band.reverse().map(([at_, r]) => [at_, y(Math.max(0, r.mean - r.error))])])}Z` }) : null,
      shape("path", { class: "probes-exact", d: path([[left, line], [right + 0.3 * em, line]]) }),
      ...draws[ui.state.draw][k].slice(0, n).map((value, i) =>
        shape("circle", { class: i === n - 1 ? "probes-dot last" : "probes-dot", cx: x(i + 1), cy: y(value), r: (i === n - 1 ? 0.34 : 0.22) * em, "data-tip": `Probe ${i + 1} says ${number(value)}` })),
      n > 1 ? shape("path", { class: "probes-mean", d: path(run.map((r, i) => [x(i + 1), y(r.mean)])) }) : null,
      error === null ? null : shape("path", { class: "probes-bar", d: path([[x(n), y(mean + error)], [x(n), y(Math.max(0, mean - error))]]) }),
      label(right + 0.6 * em, line - 0.15 * em, "exact", { class: "probes-label" }),
      label(right + 0.6 * em, line + 0.95 * em, number(exact[k]), { class: "probes-label" }),
      label(right + 0.6 * em, beside - 0.15 * em, "mean", { class: "probes-label mean" }),
      label(right + 0.6 * em, beside + 0.95 * em, withSize(mean, error), { class: "probes-label mean" }),
    ];
    plate.replaceChildren(...drawn.filter(Boolean));
    plate.setAttribute("aria-label", `What each probe says of ${named(k)}, and their mean. ${said.textContent}`);
  }

  const withSize = (mean, error) => `${number(mean)} ± ${error === null ? "?" : number(error, decimals(mean))}`;

  function race() {
    const f = frame(board);
    const { em, left, right, width, x } = f;
    const { n, word: chosen } = ui.state;
    const { run, ranks } = settled[ui.state.draw];
    const [top, row] = [0.4 * em, 2.7 * em];
    const bottom = top + row * at.length;
    const y = (rank) => top + row * (rank + 0.5);
    board.setAttribute("viewBox", `0 0 ${width} ${bottom + 1.6 * em}`);
    board.style.height = `${bottom + 1.6 * em}px`;
    const last = ranks[n - 1];
    board.replaceChildren(
      ...steps(f, top, bottom),
      ...at.map((_, rank) => label(left - 0.4 * em, y(rank) + 0.3 * em, `${rank + 1}.`, { class: "probes-axis", "text-anchor": "end" })),
      ...at.flatMap((_, w) => {
        const kind = w === chosen ? "chosen" : "";
        const end = y(last[w]);
        return [
          shape("path", { class: `probes-place ${kind}`, d: path(ranks.slice(0, n).map((each, i) => [x(i + 1), y(each[w])])) }),
          shape("path", { class: `probes-lead ${kind}`, d: path([[x(n), end], [right + 0.4 * em, end]]) }),
          shape("circle", { class: `probes-end ${kind}`, cx: x(n), cy: end, r: 0.26 * em }),
          label(right + 0.6 * em, end - 0.1 * em, named(w), { class: `probes-label ${kind}` }),
          label(right + 0.6 * em, end + 1 * em, withSize(run[w][n - 1].mean, run[w][n - 1].error), { class: `probes-label small ${kind}` }),
        ];
      }),
    );
    const isSame = (a, b) => a.every((rank, w) => rank === b[w]);
    let since = n;
    while (since > 1 && isSame(ranks[since - 2], last)) since -= 1;
    const exactly = isSame(last, at.map((_, w) => w)) ? "It is that of the exact values." : "It is not that of the exact values.";
    still.textContent = n === 1 ? `The order of the five after one probe each. ${exactly}` : `The order of the five ${since === n ? "has just changed" : `stands since probe ${since}`}. ${exactly}`;
    board.setAttribute("aria-label", `${still.textContent} ${at.map((_, w) => w).sort((a, b) => last[a] - last[b]).map(named).join(", ")}.`);
  }

  const update = () => {
    const { n, word: k } = ui.state;
    const { mean, error } = settled[ui.state.draw].run[k][n - 1];
    word.update(k);
    draw.update(ui.state.draw);
    for (const button of [one, ten]) barred(button, n === most);
    text.querySelectorAll("span").forEach((span, i) => span.classList.toggle("on", i === at[k]));
    const trust = n === 1 ? " One probe alone has no ±." : n < FEW ? ` So few probes make the ± itself a guess.` : "";
    said.textContent = `${n} probe${n > 1 ? "s" : ""} of ${named(k)}: S = ${withSize(mean, error)}, off by ${percent(Math.abs(mean / exact[k] - 1))}.${trust}`;
    if (!ticking) write(spoken, said.textContent);
    cloud();
    race();
  };
  return { node, update };
};
