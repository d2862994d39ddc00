/* The text as a strip of tokens, the component that colours it, and the ways around it by keyboard. */

function buildStrip(ui) {
  const { tokens, labels, n_context, target } = ui.view;
  const answer = h("span", { class: "answer", dir: "auto", "data-answer": "" }, target.label);
  const foil = isContrast(ui) ? [h("span", { class: "rather" }, " rather than "), h("span", { class: "answer foil", dir: "auto" }, target.foil)] : [];
  const hasEdges = target.is_observed && ui.onSpan && !isContrast(ui);
  const nodes = [];
  ui.gaps = [];
  const gap = (text, before, after) => {
    if (!text) return "";
    const node = h("span", { class: "gap" }, text);
    ui.gaps.push({ node, before, after });
    return node;
  };
  const last = summedUpTo(ui);
  const spelled = new Set(spelledStarts(ui));
  // Of a character that is spelled by several tokens the first is drawn, for all of them.
  ui.rest = new Set(tokens.map((_, i) => i).filter((i) => i < last && !spelled.has(i)));
  ui.seen = tokens.map((_, i) => i).filter((i) => !ui.rest.has(i));
  ui.chips = tokens.map(([lead, body, tail, kind], i) => {
    const glued = !lead && i > 0 && !tokens[i - 1][2] && !tokens[i - 1][3] && !kind;
    const names = ["tok", kind.split(" ")[0], glued ? "glued" : "", i >= n_context ? "later" : "", ui.rest.has(i) ? "rest" : ""];
    const chip = h("span", { class: names.join(" "), "data-i": i, "data-key": `t${i}`, role: "button", tabindex: -1 }, body);
    if (kind.startsWith("part") && !ui.rest.has(i) && !ui.rest.has(i + 1)) chip.append(h("sup", {}, kind.slice(5)));
    if (i === n_context && !target.is_observed) nodes.push(" ", answer, ...foil, " ");
    if (isExplained(ui, i)) chip.classList.add(i < n_context ? "explained" : "answer");
    const [isFirst, isLast] = [i === target.start, i === target.stop - 1];
    nodes.push(gap(lead, i - 1, i), hasEdges && isFirst ? edge(ui, "start") : "", chip, hasEdges && isLast ? edge(ui, "stop") : "");
    if (isLast && target.is_observed) nodes.push(...foil);
    nodes.push(gap(tail, i, i + 1), h("wbr"));
    chip.label = labels[i];
    return chip;
  });
  if (target.start === tokens.length) nodes.push(" ", answer, ...foil);
  else {
    const ask = () => ui.send({ kind: "target", position: null, stop: null, token_id: null, foil: null });
    nodes.push(" ", h("button", { class: "next", type: "button", "data-key": "next", onclick: ask }, "next word?"));
  }
  ui.el.strip.replaceChildren(...nodes);
  ui.focus = seat(ui, Math.min(ui.focus, tokens.length - 1));
}

const isExplained = ({ view: { target } }, i) => target.is_observed && i >= target.start && i < target.stop;

function paintStrip(ui) {
  const { n_context, masked } = ui.view;
  const changes = new Set(masked?.changes);
  const raises = new Set(isContrast(ui) ? [] : masked?.raises);
  const looked = ui.pin === null ? ui.hover : null;
  ui.el.strip.classList.toggle("signed", isContrast(ui));
  ui.chips.forEach((chip, i) => {
    const isCause = i < n_context;
    const side = isCause ? SIDES[sideOf(ui, i)] : null;
    chip.style.setProperty("--v", isCause && ui.top > 0 ? (ui.values[i] / ui.top).toFixed(4) : 0);
    for (const name of Object.values(SIDES)) chip.classList.toggle(name, side === name);
    chip.classList.toggle("changes", changes.has(i));
    chip.classList.toggle("raises", raises.has(i));
    chip.classList.toggle("pin", ui.pin === i);
    chip.classList.toggle("look", looked === i);
    chip.classList.toggle("marked", isMarked(ui, i));
    chip.classList.toggle("wanted", ui.wanted !== null && i >= ui.wanted[0] && i < ui.wanted[1]);
    chip.tabIndex = i === ui.focus ? 0 : -1;
    if (i < n_context) chip.setAttribute("aria-pressed", isPinned(ui, i));
    chip.setAttribute("aria-label", describe(ui, i, changes.has(i), raises.has(i)));
  });
  paintUnits(ui);
}

function describe(ui, i, changes, raises) {
  const { target, n_context, prediction } = ui.view;
  const label = ui.chips[i].label;
  // Of a block that holds several explained tokens there is no one chance to tell.
  const hasOne = isExplained(ui, i) && prediction.tokens.length === target.stop - target.start;
  const said = hasOne ? prediction.tokens[i - target.start] : null;
  const explained = !said ? "" : prediction.tokens.length === 1 ? "the word being explained" : `being explained, ${percent(said.p)} sure, rank ${said.rank.toLocaleString("en-US")}`;
  if (i >= n_context) return `${label}: ${explained || "explain why the model says this word here"}`;
  if (isSeveral(ui.unitOf[i])) return describeUnit(ui, i, changes, raises) + (explained && `; ${explained}`);
  const rank = ui.shown ? `, rank ${ui.unitOf[i].rank} of ${ui.units.length}` : "";
  const side = sideOf(ui, i) === null ? "" : sideOf(ui, i) === 0 ? `, speaks for neither (${effectOf(ui, i)} nats)` : `, Δ ${effectOf(ui, i).replace(" for ", " nats, speaks for ")}`;
  const effect = `${changes ? ", masking it changes the answer" : ""}${raises ? ", masking it makes the answer likelier" : ""}`;
  return `${label}: ${measured(ui, i)}${rank}${side}${effect}${explained && `; ${explained}`}`;
}

/* A piece with its sum, and of which of its tokens one points at. */
function describeUnit(ui, i, changes, raises) {
  const unit = ui.unitOf[i];
  unit.told ??= tellUnit(ui, unit); // the same for all of its tokens
  const isCharacter = unit.seen === 1;
  const own = isCharacter || !ui.shown ? "" : `; here ${quoted(ui.view.labels[i])}, ${amount(ui, ui.values[i])}`;
  const effect = `${changes ? ", masking this token alone changes the answer" : ""}${raises ? ", masking this token alone makes the answer likelier" : ""}`;
  return `${unit.told}${own}${effect}`;
}

function tellUnit(ui, unit) {
  const many = hasBlocks(ui) ? ui.view.scored.many : "tokens";
  const place = ui.shown ? `, ${placeOf(ui, unit.start, false)}, the sum of ${unit.stop - unit.start} ${many}` : "";
  const side = unitSide(ui, unit) === null ? "" : unitSide(ui, unit) === 0 ? ", its Δ add up to neither side" : `, Δ ${unitEffect(ui, unit).replace(" for ", " nats, for ")}`;
  unit.seen = membersOf(unit).filter((i) => !ui.rest.has(i)).length;
  return `${short(unitLabel(ui, unit), 60)}: ${measuredUnit(ui, unit)}${place}${side}`;
}

function drawTabs(ui) {
  const tabs = ui.view.components.map((c) => {
    const pick = () => {
      ui.component = c.name;
      mix(ui);
      repaint(ui);
    };
    const pressed = ui.component === c.name;
    const props = { type: "button", "data-key": c.name, "data-tip": c.meaning, "aria-pressed": pressed, onclick: pick };
    return h("button", props, c.title, h("small", {}, c.plain));
  });
  ui.el.tabs.replaceChildren(...tabs);
  const wanted = words(ui, ui.component);
  const missing = ui.shown === ui.component ? null : h("span", {}, `${wanted.title}: not known yet. `);
  if (!ui.shown) return ui.el.legend.replaceChildren(missing);
  const top = ui.order.length ? measured(ui, ui.order[0]) : "";
  const name = ui.shown === "final" ? ui.view.scalings[ui.weights.scaling] : words(ui, ui.shown).title;
  ui.el.legend.replaceChildren(
    ...[missing, scaleOf(ui), ...offScale(ui)].filter(Boolean),
    ...(ui.view.masked ? [...sides(ui), ...marks(ui)] : [])
  );
  ui.el.legend.classList.toggle("signed", isContrast(ui));
}

/* The hues of a contrast in words. */
function sides(ui) {
  if (!isContrast(ui)) return [];
  const { label, foil } = ui.view.target;
  const entry = (name, ...text) => h("span", { class: `side-of ${name}` }, h("i"), h("span", {}, ...text));
  return [
    entry("for", "speaks for ", h("bdi", {}, quoted(short(label)))),
    entry("against", "speaks for ", h("bdi", {}, quoted(short(foil)))),
    entry("neither", `for neither: |Δ| < ${LEAST_EFFECT} nats`),
  ];
}

function marks(ui) {
  const { changes, raises } = ui.view.masked;
  const it = readingOf(ui) === "tokens" ? "it" : "that token alone";
  return [
    changes.length ? h("span", { class: "mark" }, h("u", {}, "dotted"), ` masking ${it} changes the answer`) : null,
    raises.length && !isContrast(ui) ? h("span", { class: "mark" }, h("b", {}, "▴"), ` masking ${it} makes this answer likelier (× 1.02 or more)`) : null,
  ].filter(Boolean);
}

function moveTo(ui, i) {
  const last = ui.chips.length - 1;
  const isOn = i > ui.focus;
  ui.chips[ui.focus].tabIndex = -1;
  ui.focus = seat(ui, Math.max(0, Math.min(last, i)), isOn);
  ui.chips[ui.focus].tabIndex = 0;
  ui.chips[ui.focus].focus();
}

/* The token that is drawn for token i: after it where one goes on, else before. */
function seat(ui, i, isOn = false) {
  let at = i;
  while (isOn && ui.rest.has(at)) at += 1;
  if (at >= ui.chips.length) at = i;
  while (ui.rest.has(at)) at -= 1;
  return at;
}

/* The word nearest above or below. */
function otherLine(ui, from, isDown) {
  const here = ui.chips[from].getBoundingClientRect();
  const [x, y] = [here.left + here.width / 2, here.top];
  let [best, cost] = [from, Infinity];
  ui.chips.forEach((chip, i) => {
    if (ui.rest.has(i)) return;
    const box = chip.getBoundingClientRect();
    const down = isDown ? box.top - y : y - box.top;
    if (down < here.height / 2) return;
    const away = 50 * down + Math.abs(box.left + box.width / 2 - x);
    if (away < cost) [best, cost] = [i, away];
  });
  return best;
}
