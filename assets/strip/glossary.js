/* The glossary: all entries by the alphabet, what is asked for before the others, and a box that filters them.

   The server says what is asked for once; looking another one up, or typing, draws at once and asks it nothing. It is only
   told which word is read, for the address of the page. */

const GLOSSARY = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".heta");
  const isNew = !GLOSSARY.has(root);
  if (isNew) GLOSSARY.set(root, mountGlossary(root));
  const ui = GLOSSARY.get(root);
  ui.send = (event) => setTriggerValue("event", event);
  root.dataset.theme = isDark(root) ? "dark" : "light";
  const isOther = isNew || (JSON.stringify([data.asked, data.unknown]) !== ui.told && !isOwn(ui, data.asked));
  ui.told = JSON.stringify([data.asked, data.unknown]);
  const isAsked = isOther && ui.asked !== data.asked;
  Object.assign(ui, { data, asked: isOther ? data.asked : ui.asked });
  drawEntries(ui);
  if (isAsked) ui.el.list.querySelector(".asked")?.scrollIntoView({ block: "nearest" });
  return () => GLOSSARY.delete(root);
}

/* The server repeats, later, what was looked up here: the page has it, or is further already. */
function isOwn(ui, asked) {
  const at = ui.sent.lastIndexOf(asked);
  ui.sent = ui.sent.slice(at + 1);
  return at >= 0;
}

function mountGlossary(root) {
  const ui = { root, asked: null, typed: "", sent: [] };
  const find = (e) => ((ui.typed = e.target.value), drawEntries(ui));
  const input = h("input", { type: "search", "data-key": "find", autocomplete: "off", oninput: find, onkeydown: (e) => e.stopPropagation() });
  ui.el = { unknown: h("p", { class: "unknown", role: "status" }), count: h("output", { class: "count" }), list: h("div", { class: "entries" }) };
  const box = h("label", { class: "find" }, "Find a word ", input);
  root.replaceChildren(h("section", { class: "glossary", "aria-label": "Glossary" }, h("h1", {}, "Glossary"), ui.el.unknown, h("div", { class: "finder" }, box, ui.el.count), ui.el.list));
  return ui;
}

/* Where what is typed stands: 0 in what an entry is called, 1 in what it says, null nowhere. */
function place(entry, typed) {
  const has = (text) => text.toLowerCase().includes(typed);
  return [entry.title, ...entry.forms].some(has) ? 0 : [entry.definition, entry.source].some(has) ? 1 : null;
}

function drawEntries(ui) {
  const { entries, unknown } = ui.data;
  const typed = ui.typed.trim().toLowerCase();
  const placed = entries.map((entry) => [entry, place(entry, typed)]).filter(([, at]) => at !== null);
  const first = (entry) => (entry.id === ui.asked && !typed ? 0 : 1);
  placed.sort(([a, at], [b, other]) => first(a) - first(b) || at - other); // stable: else by the alphabet
  ui.el.unknown.replaceChildren(...(unknown && !ui.asked ? ["No entry is called ", h("bdi", {}, quoted(short(unknown, 60))), ". These are all there are."] : []));
  ui.el.count.textContent = typed ? (placed.length ? `${placed.length} of ${entries.length}` : `None of ${entries.length} says “${ui.typed.trim()}”`) : `${entries.length} words`;
  keepFocus(ui, () => ui.el.list.replaceChildren(...placed.map(([entry]) => drawEntry(ui, entry))));
}

function drawEntry(ui, entry) {
  const also = entry.forms.length ? h("p", { class: "also" }, `on the pages: ${entry.forms.join(", ")}`) : null;
  const isAsked = entry.id === ui.asked;
  const said = [
    h("p", { class: "definition" }, entry.definition),
    entry.formula ? h("p", { class: "equation" }, entry.formula) : null,
    h("ul", { class: "further" }, ...further(ui, entry).map((node) => h("li", {}, ...node))),
  ];
  return h("article", { class: isAsked ? "entry asked" : "entry", "data-id": entry.id }, h("header", {}, h("h2", { tabindex: -1 }, entry.title), also), h("div", {}, ...said.filter(Boolean)));
}

/* What leads on from an entry: its neighbours, the lesson that shows it, and where it comes from. */
function further(ui, entry) {
  const links = entry.see.flatMap(({ id, name }, k) => [k ? ", " : "", h("a", { href: `Learn?word=${id}`, "data-key": `${entry.id}.${id}`, onclick: (e) => lookUp(ui, e, id) }, name)]);
  const lesson = entry.lesson && h("a", { href: `Learn?lesson=${entry.lesson.name}`, "data-key": `${entry.id}.lesson` }, entry.lesson.title);
  return [links.length ? ["See also ", ...links] : null, lesson ? ["Shown in the lesson ", lesson] : null, entry.source ? ["From ", entry.source] : null].filter(Boolean);
}

function lookUp(ui, e, id) {
  if (!isPlain(e)) return;
  e.preventDefault();
  Object.assign(ui, { asked: id, typed: "" });
  ui.root.querySelector("[data-key=find]").value = "";
  drawEntries(ui);
  const heading = ui.el.list.querySelector(".asked h2");
  heading.focus({ preventScroll: true });
  heading.closest(".entry").scrollIntoView({ block: "nearest" });
  ui.sent.push(id);
  ui.send({ kind: "word", word: id });
}
