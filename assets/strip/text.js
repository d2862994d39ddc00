/* The text as a strip of tokens, the component that colours it, and the ways around it by keyboard. */

function buildStrip(ui) {
  const { tokens, labels, n_context, target } = ui.view;
  const answer = h("span", { class: "answer", dir: "auto", "data-answer": "" }, target.label);
  const nodes = [];
  ui.chips = tokens.map(([lead, body, tail, kind], i) => {
    const glued = !lead && i > 0 && !tokens[i - 1][2] && !tokens[i - 1][3] && !kind;
    const names = ["tok", kind.split(" ")[0], glued ? "glued" : "", i >= n_context ? "later" : ""];
    const chip = h("span", { class: names.join(" "), "data-i": i, "data-key": `t${i}`, role: "button", tabindex: -1 }, body);
    if (kind.startsWith("part")) chip.append(h("sup", {}, kind.slice(5)));
    if (i === n_context && !target.is_observed) nodes.push(" ", answer, " ");
    if (i === n_context && target.is_observed) chip.classList.add("answer");
    nodes.push(lead, chip, tail, h("wbr"));
    chip.label = labels[i];
    return chip;
  });
  if (n_context === tokens.length) nodes.push(" ", answer);
  else {
    const ask = () => ui.send({ kind: "target", position: null, token_id: null });
    nodes.push(" ", h("button", { class: "next", type: "button", "data-key": "next", onclick: ask }, "next word?"));
  }
  ui.el.strip.replaceChildren(...nodes);
  ui.focus = Math.min(ui.focus, tokens.length - 1);
}

function paintStrip(ui) {
  const { n_context, masked } = ui.view;
  const changes = new Set(masked?.changes);
  const raises = new Set(masked?.raises);
  const looked = ui.pin === null ? ui.hover : null;
  ui.chips.forEach((chip, i) => {
    const isCause = i < n_context;
    chip.style.setProperty("--v", isCause && ui.top > 0 ? (ui.values[i] / ui.top).toFixed(4) : 0);
    chip.classList.toggle("changes", changes.has(i));
    chip.classList.toggle("raises", raises.has(i));
    chip.classList.toggle("pin", ui.pin === i);
    chip.classList.toggle("look", looked === i);
    chip.tabIndex = i === ui.focus ? 0 : -1;
    if (isCause) chip.setAttribute("aria-pressed", ui.pin === i);
    chip.setAttribute("aria-label", describe(ui, i, changes.has(i), raises.has(i)));
  });
}

function describe(ui, i, changes, raises) {
  const label = ui.chips[i].label;
  if (i === ui.view.n_context && ui.view.target.is_observed) return `${label}: the word being explained`;
  if (i >= ui.view.n_context) return `${label}: explain why the model says this word here`;
  const rank = ui.shown ? `, rank ${ui.rank[i]} of ${ui.view.n_context}` : "";
  const effect = `${changes ? ", masking it changes the answer" : ""}${raises ? ", masking it makes the answer likelier" : ""}`;
  return `${label}: ${measured(ui, i)}${rank}${effect}`;
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
    ...[missing, h("span", { class: "scale" }, `${name} `, h("span", {}, "0"), h("i"), h("span", {}, top))].filter(Boolean),
    ...(ui.view.masked ? marks(ui) : [])
  );
}

function marks(ui) {
  const { changes, raises } = ui.view.masked;
  return [
    changes.length ? h("span", { class: "mark" }, h("u", {}, "dotted"), " masking it changes the answer") : null,
    raises.length ? h("span", { class: "mark" }, h("b", {}, "▴"), " masking it makes this answer likelier") : null,
  ].filter(Boolean);
}

function moveTo(ui, i) {
  const last = ui.chips.length - 1;
  ui.chips[ui.focus].tabIndex = -1;
  ui.focus = Math.max(0, Math.min(last, i));
  ui.chips[ui.focus].tabIndex = 0;
  ui.chips[ui.focus].focus();
}

/* The word nearest above or below. */
function otherLine(ui, from, isDown) {
  const here = ui.chips[from].getBoundingClientRect();
  const [x, y] = [here.left + here.width / 2, here.top];
  let [best, cost] = [from, Infinity];
  ui.chips.forEach((chip, i) => {
    const box = chip.getBoundingClientRect();
    const down = isDown ? box.top - y : y - box.top;
    if (down < here.height / 2) return;
    const away = 50 * down + Math.abs(box.left + box.width / 2 - x);
    if (away < cost) [best, cost] = [i, away];
  });
  return best;
}
