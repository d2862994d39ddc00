/* Continuations side by side: a card for each, the first place marked at which it differs from what it is compared with. */

function drawForks(ui) {
  const { branches, branch } = ui.data;
  const active = branches.find((b) => b.number === branch.number);
  const others = branches.filter((b) => b !== active);
  ui.el.forks.hidden = !others.length;
  if (!others.length) return ui.el.forks.replaceChildren();
  const against = others.find((b) => b.number === active?.parent) ?? others[0];
  const cards = branches.map((b) => forkCard(ui, b, b === active ? against : active, b === active));
  ui.el.forks.replaceChildren(...cards);
}

function forkCard(ui, fork, other, isActive) {
  const at = firstDifference(fork.ids, other?.ids ?? []);
  const nodes = fork.tokens.flatMap(([lead, body, tail, kind], k) => {
    const names = [k < at ? "same" : "", k === at ? "differs" : "", kind.split(" ")[0]].filter(Boolean).join(" ");
    return [k ? lead : "", h("span", { class: names || null }, body), tail, h("wbr")];
  });
  const pick = { type: "button", class: "pick", "data-key": `b${fork.number}`, "aria-pressed": isActive, onclick: () => isActive || ui.send({ kind: "branch", index: fork.number }) };
  const remove = { type: "button", class: "x", "data-key": `x${fork.number}`, "aria-label": `Remove ${fork.name}`, onclick: () => ui.send({ kind: "remove", index: fork.number }) };
  const same = fork.ids.length === other?.ids.length ? "says the same" : "the same so far";
  const where = at < fork.ids.length ? `differs from step ${at + 1} on` : same;
  const title = h("header", {}, h("b", {}, h("bdi", {}, fork.name)), h("span", {}, isActive ? `shown · ${where}` : where));
  const text = h("span", { class: "says", dir: "auto" }, ...(nodes.length ? nodes : ["…"]));
  return h("article", { class: isActive ? "fork active" : "fork", "data-fork": fork.number }, h("button", pick, title, text), h("button", remove, "×"));
}

function firstDifference(ids, others) {
  const k = ids.findIndex((id, i) => id !== others[i]);
  return k < 0 ? ids.length : k;
}
