/* Words, numbers, nodes and tips: what every other file here is made of.

   These files are joined in a fixed order into one script (pages/ui/component.py): no imports, one shared scope, and one
   `export default`, in main.js for Explore. Text from a model reaches the page through text nodes alone. */

const LEAST_EFFECT = 1e-3; // nats; below it an effect has no sign

/* ---- words and numbers, written as heta_core/views/words.py writes them ---- */

function percent(value, digits = 1) {
  if (value < 0) return `−${percent(-value, digits)}`;
  if (value > 0 && value < 0.5 * 10 ** (-2 - digits)) return `< ${10 ** -digits}\u00a0%`;
  if (value < 1 && value > 1 - 0.5 * 10 ** (-2 - digits)) return `> ${100 - 10 ** -digits}\u00a0%`;
  return `${(100 * value).toFixed(digits)}\u00a0%`;
}

const decimals = (size) => (size > 0 ? Math.min(3, Math.max(0, 2 - Math.floor(Math.log10(size)))) : 0);

function number(value, places = decimals(Math.abs(value))) {
  const size = Math.abs(value);
  const sign = value < 0 ? "−" : "";
  if (size === 0) return "0";
  if (size < 0.001) return `${sign}< 0.001`;
  if (size >= 1000) return sign + Math.round(size).toLocaleString("en-US");
  return sign + size.toFixed(places);
}

const quoted = (label) => `“${label}”`;

/* A long label by its beginning and end; where it is cut, the whole stands in the strip. */
function short(label, most = 28) {
  const all = [...label];
  const end = Math.floor(most / 3);
  return all.length <= most ? label : `${all.slice(0, most - end - 1).join("")}…${all.slice(-end).join("")}`;
}

const sum = (values) => values.reduce((a, b) => a + b, 0);

/* ---- nodes ---- */

function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("on")) node[name] = value;
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function keepFocus(ui, draw) {
  const tree = ui.root.getRootNode();
  const key = tree.activeElement?.dataset?.key;
  const [start, end] = [tree.activeElement?.selectionStart, tree.activeElement?.selectionEnd];
  const typed = tree.activeElement?.matches?.("input:not([type])") ? tree.activeElement.value : null;
  draw();
  const again = key && ui.root.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (!again || again === tree.activeElement) return;
  again.focus({ preventScroll: true });
  if (typed !== null) {
    again.value = typed;
    again.setSelectionRange(start, end);
  }
}

/* A plain click, which may stay on this page; any other, such as one for a new tab, is the browser's. */
const isPlain = (e) => !(e.ctrlKey || e.metaKey || e.shiftKey || e.button > 0);

function isDark(root) {
  const [r, g, b] = (getComputedStyle(root).backgroundColor.match(/[\d.]+/g) || [255, 255, 255]).map(Number);
  return 0.299 * r + 0.587 * g + 0.114 * b < 128;
}

function showTip(ui, node) {
  const { tip } = ui.el;
  const text = !node ? "" : node.dataset.tip ?? node.getAttribute("aria-label");
  tip.hidden = !text;
  if (!text) return;
  tip.textContent = text;
  const [box, home] = [node.getBoundingClientRect(), ui.root.getBoundingClientRect()];
  tip.style.left = `${Math.max(0, Math.min(box.left - home.left, home.width - tip.offsetWidth))}px`;
  tip.style.top = `${box.bottom - home.top + 6}px`;
}
