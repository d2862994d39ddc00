/* Where gradients go blind: what slope and bend at one place predict of a step, on a curve and in the model; then many
   prompts from sure to unsure, and the same word in two texts or under two questions.

   Three kinds of numbers keep their colour and shape throughout: gradient, curvature, and what a whole step changes. */

const BLIND = {
  g: { name: "gradient", mark: "triangle", unit: "‖∇f‖₁, nats per embedding unit" },
  s: { name: "curvature S", mark: "circle", unit: "nats per squared embedding unit" },
  kl: { name: "KL under masking", mark: "square", unit: "nats" },
};

PICTURES.blind = (ui) => {
  const views = { curve: blindCurve(ui), way: blindWay(ui), many: blindMany(ui), pair: blindPair(ui.picture.pair, "the text", BLIND_PAIR), asked: blindPair(ui.picture.asked.slice(0, 2), "asked about", BLIND_ASKED) };
  const titles = { curve: "A curve", way: "In the model", many: `${ui.picture.points.length} prompts`, pair: "Another text", asked: "Another word" };
  const tabs = choice(ui, "view", "What is looked at", Object.entries(titles), (view) => {
    ui.state.view = view;
    ui.repaint();
  });
  const node = h("div", { class: "stack blind" }, tabs.node, ...Object.values(views).map((view) => view.node));
  let width = 0;
  const update = () => {
    const shown = (ui.state.view ??= "curve");
    tabs.update(shown);
    for (const [name, view] of Object.entries(views)) view.node.hidden = name !== shown;
    width = node.clientWidth;
    views[shown].update(Math.max(250, width));
  };
  new ResizeObserver(() => node.clientWidth !== width && node.clientWidth > 0 && update()).observe(node);
  return { node, update };
};

/* ---- one place, one step ---- */

const softplus = (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
const logistic = (z) => 1 / (1 + Math.exp(-z));

const BLIND_CURVE = { x: [-4, 3], h: [0, 4], w: [0.5, 3], b: [-4, 4], drawn: [-5, 7], opens: { x: -3, h: 4, w: 2, b: 0 } };
const BLIND_OF_CURVE =
  "This is −log p of a model with two answers; wx + b is how far the other one is ahead. Far left the model is sure: p is nearly 1, and the curve is flat. HETA uses only the size of the curvature, not this parabola.";
const BLIND_PLACES = [
  ["left", "Far left", { x: -3, h: 4 }],
  ["bend", "At the bend", { x: -0.5, h: 1.5 }],
  ["right", "Far right", { x: 3, h: 3 }],
];

function blindCurve(ui) {
  const at = () => (ui.state.curve ??= { ...BLIND_CURVE.opens });
  const set = (values) => {
    Object.assign(at(), values);
    ui.repaint();
  };
  const places = choice(ui, "place", "Places on the curve", BLIND_PLACES.map(([value, title]) => [value, title]), (value) => set({ w: BLIND_CURVE.opens.w, b: 0, ...BLIND_PLACES.find(([name]) => name === value)[2] }));
  const titles = { x: "place x", h: "step h", w: "w, how steep", b: "b, moved by" };
  const sliders = Object.entries(titles).map(([name, title]) => {
    const [min, max] = BLIND_CURVE[name];
    return [name, slider(ui, `curve.${name}`, title, { min, max, step: 0.1, shown: (v) => v.toFixed(1).replace("-", "−"), oninput: (v) => set({ [name]: v }) })];
  });
  const chart = blindChart("The curve f(x) with what slope and bend predict of a step", h("div", { class: "sliders" }, ...sliders.map(([, s]) => s.node)));
  const node = h("div", { class: "stack" }, h("div", { class: "ways" }, h("p", { class: "formula" }, "f(x) = log(1 + e", h("sup", {}, "wx + b"), ")"), places.node), chart.node, h("p", { class: "note" }, BLIND_OF_CURVE));
  const update = (width) => {
    const { x, h: step, w, b } = at();
    places.update(BLIND_PLACES.find(([, , to]) => to.x === x && to.h === step && w === BLIND_CURVE.opens.w && b === 0)?.[0]);
    sliders.forEach(([name, s]) => s.update(at()[name]));
    const [sigma, [low, high]] = [logistic(w * x + b), BLIND_CURVE.drawn];
    const points = Array.from({ length: 161 }, (_, k) => low + (k / 160) * (high - low)).map((u) => [u, softplus(w * u + b)]);
    chart.update(width, { points, y: [-1.5, Math.max(6, softplus(w * high + b))], across: "x", up: "f", place: [x, softplus(w * x + b)], end: [x + step, softplus(w * (x + step) + b)], slope: w * sigma, bend: w * w * sigma * (1 - sigma) });
  };
  return { node, update };
}

function blindWay(ui) {
  const { ways, asked } = ui.picture;
  const own = asked[0].asked;
  const to = choice(ui, "to", "Where the word goes", ways.map((way, k) => [k, `${own} → ${way.to}`]), (k) => {
    ui.state.to = k;
    ui.repaint();
  });
  const last = ways[0].f.length - 1;
  const place = slider(ui, "way.at", "looked at after", { min: 0, max: last - 1, step: 1, shown: (k) => `${((100 * k) / last).toFixed(1)} % of the way`, oninput: (k) => {
    ui.state.wayAt = k;
    ui.repaint();
  } });
  const [text, sure] = [h("p", { class: "note" }), h("p", { class: "note" })];
  const chart = blindChart("log p along the way with what slope and bend predict of its end", place.node);
  const node = h("div", { class: "stack" }, text, to.node, chart.node, sure);
  const update = (width) => {
    const [k, way] = [(ui.state.wayAt ??= 0), ways[(ui.state.to ??= 0)]];
    to.update(ui.state.to);
    place.update(k);
    text.textContent = `“${asked[0].text}” The embedding of ${quoted(own)} goes in a straight line to that of ${quoted(way.to)}; f is the log-probability of ${quoted(own)}.`;
    const points = way.f.map((f, i) => [i / last, f]);
    const low = Math.min(...way.f);
    chart.update(width, { points, y: [1.15 * low, -0.22 * low], across: "part of the way", up: "f = log p", place: points[k], end: points[last], slope: way.slope[k], bend: way.bend[k] });
    sure.textContent = `There the model gives ${quoted(own)} ${percent(Math.exp(way.f[k]))}, at the end ${percent(Math.exp(way.f[last]))}.`;
  };
  return { node, update };
}

/* A curve, a place on it, a step: the tangent, the parabola that bends with it, and the end that comes. */
function blindChart(name, controls) {
  const drawing = h("div", { class: "chart" });
  const [verdict, table] = [h("p", { class: "outcome", role: "status" }), h("table", { class: "measured" })];
  const update = (width, spec) => {
    const { place, end, slope, bend, y } = spec;
    const step = end[0] - place[0];
    const found = { change: end[1] - place[1], first: slope * step, both: slope * step + (bend * step * step) / 2 };
    drawing.replaceChildren(blindStep(width, spec, found, name));
    const [said, isBlind] = blindVerdict(found, step);
    verdict.textContent = said;
    verdict.classList.toggle("off", isBlind);
    const row = (kind, title, value, how) => h("tr", {}, blindHead(kind, title, how + blindBeyond(place[1] + value, y)), h("td", {}, blindSigned(value)));
    table.replaceChildren(
      row("kl", "what the step changes", found.change, ""),
      row("g", `the gradient ${blindSigned(slope)} predicts`, found.first, "slope · step"),
      row("s", `with the curvature ${blindSigned(bend)}`, found.both, "slope · step + ½ curvature · step²"),
    );
  };
  return { node: h("div", { class: "stack" }, drawing, controls, verdict, table), update };
}

function blindStep(width, { points, y, across, up, place, end, slope, bend }, found, name) {
  const height = Math.round(Math.min(330, Math.max(200, 0.4 * width)));
  const [box, x] = [{ left: 44, right: width - 12, top: 12, bottom: height - 42 }, [points[0][0], points.at(-1)[0]]];
  const atX = (v) => box.left + ((v - x[0]) / (x[1] - x[0])) * (box.right - box.left);
  const atY = (v) => box.bottom - ((v - y[0]) / (y[1] - y[0])) * (box.bottom - box.top);
  const line = (props, some) => shape("path", { fill: "none", ...props, d: some.map(([a, b], k) => `${k ? "L" : "M"}${(atX(a) - box.left).toFixed(1)} ${(atY(b) - box.top).toFixed(1)}`).join("") });
  const span = Array.from({ length: 41 }, (_, k) => (k / 40) * (end[0] - place[0]));
  const inside = shape(
    "svg",
    { x: box.left, y: box.top, width: box.right - box.left, height: box.bottom - box.top, overflow: "hidden" },
    line({ class: "curve" }, points),
    line({ class: "told s" }, span.map((d) => [place[0] + d, place[1] + slope * d + (bend * d * d) / 2])),
    line({ class: "told g" }, span.map((d) => [place[0] + d, place[1] + slope * d])),
  );
  const ends = [["s", found.both], ["g", found.first], ["kl", found.change]].flatMap(([kind, v], k) => blindEnd(kind, atX(end[0]), atY(place[1] + v), box, { size: blindSize(width), k }));
  const drop = shape("line", { class: "drop", x1: atX(end[0]), x2: atX(end[0]), y1: atY(place[1]), y2: atY(end[1]) });
  return shape(
    "svg",
    { width, height, role: "img", "aria-label": `${name}.` },
    ...blindGrid(x, y, atX, atY, box),
    shape("text", { class: "axis", x: box.right, y: height - 2, "text-anchor": "end" }, `${across} →`),
    shape("text", { class: "axis", x: box.left + 6, y: box.top + 12 }, `↑ ${up}`),
    inside,
    drop,
    ...ends,
    shape("circle", { class: "here", cx: atX(place[0]), cy: atY(place[1]), r: 6 }),
  );
}

/* Where a prediction ends. One beyond the picture stays at its edge, with an arrow, and aside of the others there. */
function blindEnd(kind, x, y, box, { size, k }) {
  if (y >= box.top - 1 && y <= box.bottom + 1) return [blindMark(kind, x, y, {}, size)];
  const [edge, to, sign] = y < box.top ? [box.top + 8 * size, x - (20 + 30 * k) * size, "↑"] : [box.bottom - 8 * size, x - (20 + 30 * k) * size, "↓"];
  return [blindMark(kind, to, edge, {}, size), shape("text", { class: "axis", x: to + 7 * size, y: edge + 5 }, sign)];
}

const blindBeyond = (v, [low, high]) => (v > high ? " (↑ above the picture)" : v < low ? " (↓ below the picture)" : "");

function blindGrid(x, y, atX, atY, box) {
  const steps = ([low, high], most) => {
    const unit = [0.1, 0.2, 0.5, 1, 2, 5, 10].find((u) => (high - low) / u <= most) ?? 20;
    return Array.from({ length: Math.floor(high / unit) - Math.ceil(low / unit) + 1 }, (_, k) => (Math.ceil(low / unit) + k) * unit);
  };
  const written = (v) => String(Number(v.toFixed(2))).replace("-", "−");
  return [
    ...steps(x, 10).flatMap((v) => [shape("line", { class: "grid", x1: atX(v), x2: atX(v), y1: box.top, y2: box.bottom }), shape("text", { class: "tick", x: atX(v), y: box.bottom + 16, "text-anchor": "middle" }, written(v))]),
    ...steps(y, 6).flatMap((v) => [shape("line", { class: v === 0 ? "grid zero" : "grid", x1: box.left, x2: box.right, y1: atY(v), y2: atY(v) }), shape("text", { class: "tick", x: box.left - 6, y: atY(v) + 4, "text-anchor": "end" }, written(v))]),
  ];
}

const blindSigned = (value) => (Math.abs(value) < LEAST_EFFECT ? "≈ 0" : (value > 0 ? "+" : "") + number(value));

const BLIND_CLOSE = 0.1; // of the change: what is predicted is right up to this
const BLIND_NOTHING = 0.02; // of the change: what curvature then adds cannot be seen
const BLIND_BELOW = 0.25; // of the change: less than this is next to nothing

/* What is to be said of what was predicted, and whether it failed. */
function blindVerdict({ change, first, both }, step) {
  const size = Math.abs(change);
  if (step === 0 || size < 0.01) return ["This step changes next to nothing.", false];
  const [one, two] = [first, both].map((said) => Math.abs(said - change) / size);
  if (one < BLIND_CLOSE && Math.abs(both - first) < BLIND_NOTHING * size) return ["The gradient predicts the step. The curvature is next to nothing: alone it would miss this step.", false];
  if (one < BLIND_CLOSE) return ["The gradient predicts the step.", false];
  if (Math.max(Math.abs(first), Math.abs(both)) < BLIND_BELOW * size) return ["Both are blind: flat ground here, a slope further on.", true];
  if (two < one / 2) return ["The curvature helps: it predicts more than the gradient alone.", false];
  return ["Neither predicts it: the step leads too far from what is known at this place.", true];
}

/* ---- marks ---- */

function blindMark(kind, x, y, props = {}, size = 1) {
  const { mark } = BLIND[kind];
  const own = { class: `mark ${kind}`, ...props };
  if (mark === "circle") return shape("circle", { ...own, cx: x, cy: y, r: 4.6 * size });
  if (mark === "square") return shape("rect", { ...own, x: x - 4.2 * size, y: y - 4.2 * size, width: 8.4 * size, height: 8.4 * size });
  return shape("path", { ...own, d: `M${x} ${y - 5.4 * size}L${x + 5.2 * size} ${y + 4 * size}L${x - 5.2 * size} ${y + 4 * size}Z` });
}

/* Marks grow with the drawing: in a hall they are seen from the last row. */
const blindSize = (width) => Math.max(1, width / 640);

const blindSwatch = (kind) => shape("svg", { width: 16, height: 14, class: "swatch", "aria-hidden": "true" }, blindMark(kind, 7, 7));

/* The name of a row, and in what it is measured. */
const blindHead = (kind, title, unit) => h("th", { scope: "row" }, kind && blindSwatch(kind), title, unit && h("small", {}, unit));

/* ---- many prompts ---- */

function blindMany(ui) {
  const { points, growth } = ui.picture;
  const drawing = h("div", { class: "chart" });
  const pick = (k) => {
    ui.state.point = k;
    ui.repaint();
  };
  const which = slider(ui, "point", "prompt", { min: 0, max: points.length - 1, step: 1, shown: (k) => `${k + 1} of ${points.length}, the surest first`, oninput: pick });
  const card = h("div", { class: "stack" });
  const rise = (kind) => ["grows as (1 − p)", h("sup", {}, growth[kind].slope.toFixed(2).replace("-", "−"))];
  const node = h("div", { class: "stack" }, drawing, which.node, card, h("p", { class: "note" }, "Both axes are logarithmic. The three have different units: compare how they rise, not their heights."));
  const update = (width) => {
    const k = (ui.state.point ??= Math.floor(points.length / 4));
    which.update(k);
    drawing.replaceChildren(blindPoints(width, points, k, pick));
    const p = points[k];
    const row = (kind) => h("tr", {}, blindHead(kind, BLIND[kind].name, BLIND[kind].unit), h("td", {}, number(p[kind])), h("td", { class: "note" }, ...rise(kind)));
    card.replaceChildren(
      h("table", { class: "measured" }, h("caption", {}, "Sums over the tokens of this prompt"), row("s"), row("g"), row("kl")),
      h("p", {}, h("i", {}, p.text), " ", h("b", {}, p.said), ` ${percent(1 - p.q)}`),
      h("p", { class: "note" }, `1 − p = ${precise(p.q)}. Masking its strongest word moves the prediction by ${number(p.most)} nats.`),
    );
  };
  return { node, update };
}

function blindPoints(width, points, k, pick) {
  const height = Math.round(Math.min(380, Math.max(260, 0.46 * width)));
  const box = { left: 56, right: width - 12, top: 12, bottom: height - 40 };
  const x = logAxis(points.map((p) => p.q), box.left, box.right);
  const y = logAxis(points.flatMap((p) => [p.s, p.g, p.kl]), box.bottom, box.top);
  const dots = ["kl", "g", "s"].flatMap((kind) => points.map((p, i) => blindMark(kind, x.at(p.q), y.at(p[kind]), { opacity: i === k ? 1 : 0.5 }, blindSize(width))));
  const at = x.at(points[k].q);
  const near = (e) => {
    const place = e.clientX - drawing.getBoundingClientRect().left;
    const scale = drawing.getBoundingClientRect().width / width; // of a page that is shown enlarged
    const far = points.map((p) => Math.abs(x.at(p.q) - place / scale));
    const nearest = far.indexOf(Math.min(...far));
    if (nearest !== k) pick(nearest);
  };
  const drawing = shape(
    "svg",
    { width, height, role: "img", class: "many", onpointermove: near, onpointerdown: near, "aria-label": `${points.length} prompts from sure to unsure: gradient and curvature fall with 1 − p, the KL does not. The slider below goes from prompt to prompt.` },
    ...logTicks(x, Math.floor((box.right - box.left) / 62)).flatMap((v) => [shape("line", { class: "grid", x1: x.at(v), x2: x.at(v), y1: box.top, y2: box.bottom }), shape("text", { class: "tick", x: x.at(v), y: box.bottom + 16, "text-anchor": "middle" }, tickLabel(v))]),
    ...logTicks(y, Math.floor((box.bottom - box.top) / 34)).flatMap((v) => [shape("line", { class: "grid", x1: box.left, x2: box.right, y1: y.at(v), y2: y.at(v) }), shape("text", { class: "tick", x: box.left - 6, y: y.at(v) + 4, "text-anchor": "end" }, tickLabel(v))]),
    shape("text", { class: "axis", x: box.left, y: height - 4 }, "← sure"),
    shape("text", { class: "axis", x: box.right, y: height - 4, "text-anchor": "end" }, "1 − p, unsure →"),
    shape("line", { class: "drop", x1: at, x2: at, y1: box.top, y2: box.bottom }),
    ...dots,
    ...["kl", "g", "s"].map((kind) => blindMark(kind, at, y.at(points[k][kind]), { class: `mark ${kind} on` }, blindSize(width))),
  );
  return drawing;
}

/* ---- the same word twice ---- */

/* A ratio of two estimates, to the one digit that can be relied on. */
const blindTimes = (ratio) => `about ${number(Number(ratio.toPrecision(1)))} times`;

const BLIND_PAIR = (a, b) =>
  `The curvature is ${blindTimes(a.word.s / b.word.s)} smaller, the gradient ${blindTimes(a.word.g / b.word.g)}. Masking the word does as much as before: without it the model says ${quoted(b.word.without)} both times.`;
const BLIND_ASKED = (a, b) =>
  `Neither the text nor the model has changed: only the word whose log p is explained. The curvature is ${blindTimes(b.word.s / a.word.s)} larger now, the gradient ${blindTimes(b.word.g / a.word.g)}. The KL is about the whole prediction and stays.`;

function blindPair(pair, name, said) {
  const sides = pair.map(({ parts, at }) => h("p", { class: "quote" }, ...parts.slice(1).flatMap(([lead, body, tail], k) => [lead, k + 1 === at ? h("mark", {}, body) : body, tail])));
  const word = quoted(pair[0].parts[pair[0].at][1]);
  const line = (title, of, kind = null) => h("tr", {}, blindHead(kind, title, kind && BLIND[kind].unit), ...pair.map((one) => h("td", {}, of(one))));
  const table = h(
    "table",
    { class: "twice", "aria-label": `${word} twice` },
    h("thead", {}, h("tr", {}, h("td", {}), ...sides.map((side) => h("th", { scope: "col" }, side)))),
    h("tbody", {}, line(name === "the text" ? "the answer" : "word that is explained", ({ asked, q }) => h("span", {}, quoted(asked), " ", h("small", { class: "nowrap" }, percent(1 - q)))), line(`curvature S of ${word}`, ({ word: w }) => number(w.s), "s"), line("gradient", ({ word: w }) => number(w.g), "g"), line("KL under masking", ({ word: w }) => number(w.kl), "kl"), line("without it the model says", ({ word: w }) => quoted(w.without))),
  );
  return { node: h("div", { class: "stack" }, table, h("p", { class: "outcome" }, said(...pair))), update: () => {} };
}
