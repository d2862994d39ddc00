/* The values that are drawn: Eq. 5 on the raw vectors, by the weights chosen here, and the component looked at. */

/* Eq. 5: transition · (β · Hessian + γ · KL), from the raw vectors; balanced divides Hessian and KL by their sums. */
function combined(view, { beta, gamma, scaling }) {
  const [gates, { hessian, kl }] = [gatesOf(view), view];
  if (!gates || !hessian || !kl) return null;
  const scale = (values) => (scaling === "unit" && sum(values) > 0 ? sum(values) : 1);
  const [s, k] = [scale(hessian), scale(kl)];
  const parts = gates.map((m, i) => [(m * beta * hessian[i]) / s, (m * gamma * kl[i]) / k]);
  const total = sum(parts.map(([a, b]) => a + b));
  const shares = parts.map((both) => both.map((x) => (total > 0 ? x / total : 0)));
  const final = { parts: shares, shares: shares.map(([a, b]) => a + b), total, s, k };
  ranked(final);
  return final;
}

function mix(ui) {
  ui.final = combined(ui.view, ui.weights);
  if (ui.final) ui.final.standing = standing(ui);
  const wanted = ui.component;
  const instead = wanted === "final" ? ["final", "kl", "transition"] : [wanted];
  ui.shown = instead.find((name) => values(ui, name)) ?? null;
  ui.values = ui.shown ? values(ui, ui.shown) : null;
  ui.top = ui.values ? Math.max(...ui.values, 0) : 0;
  ui.order = ui.values
    ? ui.values.map((_, i) => i).sort((a, b) => ui.values[b] - ui.values[a] || a - b)
    : Array.from({ length: ui.view.n_context }, (_, i) => i);
  ui.rank = [];
  ui.order.forEach((i, k) => (ui.rank[i] = k + 1));
  gather(ui);
}

/* Places by the final score, whichever component is drawn; equal ones in reading order. */
function ranked(final) {
  final.order = final.shares.map((_, i) => i).sort((a, b) => final.shares[b] - final.shares[a] || a - b);
  final.rank = [];
  final.order.forEach((i, k) => (final.rank[i] = k + 1));
}

/* What stands before the bracket: the transition, or 1 of a model whose attention cannot be read. */
const gatesOf = ({ is_gated, transition, n_context }) => (is_gated ? transition : Array(n_context).fill(1));

const values = (ui, name) => (name === "final" ? ui.final?.shares : ui.view[name]) ?? null;
const words = (ui, name) => ui.view.components.find((c) => c.name === name);

function withError(ui, i) {
  const [value, error] = [ui.view.hessian[i], ui.view.hessian_error[i]];
  const shared = ui.view.shared?.[i] ? ", shared probes" : "";
  return `${number(value)} ± ${error === null ? "?" : number(error, decimals(value))}${shared}`;
}

/* The chosen component of token i, as it is spoken. */
function measured(ui, i) {
  if (!ui.shown) return "not known yet";
  const unit = words(ui, ui.shown).unit;
  if (ui.shown === "final") return `${percent(ui.values[i], 0)} ${unit}`;
  if (ui.shown === "transition") return `${percent(ui.values[i])} ${unit}`;
  return `${ui.shown === "hessian" ? withError(ui, i) : number(ui.values[i])} ${unit}`;
}

/* The word that the card is about: the pinned one, else the one looked at, else the first of the ranking. */
const subject = (ui) => ui.pin ?? ui.hover ?? ui.ranked[0]?.start ?? 0;
