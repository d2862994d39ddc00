/* What is a next token? The chances after a prepared text at once, after the reader's own from the server. */

PICTURES["next-token"] = (ui) => {
  const { edits } = ui.picture;
  const field = typed(ui, "text", "The text so far", (text) => {
    ui.state.text = text;
    ui.state.edit = null;
    ui.send({ kind: "ask", text });
    ui.repaint();
  });
  const buttons = choice(ui, "edit", "Prepared texts", edits.map(({ title }, k) => [k, title]), (k) => {
    Object.assign(ui.state, { edit: k, text: edits[k].text });
    ui.repaint();
  });
  const bars = chanceBars("The likeliest next tokens", 8);
  const [heading, sure, notes] = [h("h3"), h("p", { class: "note" }), replyNotes(ui)];
  const update = () => {
    ui.state.edit ??= ui.state.text === undefined ? 0 : null;
    ui.state.text ??= edits[0].text;
    const own = ui.reply?.chances ? ui.reply : null;
    const shown = ui.state.edit === null ? own : edits[ui.state.edit];
    field.update(ui.state.text);
    buttons.update(ui.state.edit);
    notes.update(ui.state.edit === null, ui.reply?.strangers);
    for (const node of [bars.node, sure]) node.classList.toggle("stale", shown?.text.trim() !== ui.state.text.trim());
    if (!shown) return; // the answer is on its way, or there is none: what stands is that of the heading's text
    bars.update(shown.chances);
    heading.textContent = `What follows “… ${shown.text.trim().split(" ").slice(-3).join(" ")}”`;
    const rest = Math.max(0, 1 - sum(shown.chances.slice(0, 8).map((c) => c.p)));
    sure.textContent = `All other tokens together: ${percent(rest)}. Entropy ${shown.entropy.toFixed(2)} nats, as in a fair draw among ${Math.exp(shown.entropy).toFixed(1)} tokens: 0 is certain, ${Math.log(ui.picture.vocabulary).toFixed(1)} would be no idea at all.`;
  };
  return { node: h("div", { class: "stack" }, field.node, buttons.node, notes.node, heading, bars.node, sure), update };
};
