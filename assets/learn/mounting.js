/* How a component of Learn comes onto the page: built once for what it is about, painted again for whatever is chosen in
   it; what a reader chose is kept for the visit. */

const MOUNTED = new WeakMap();
const KEPT = "hetaLearn"; // Streamlit may take the component down and put it up anew: what was chosen goes on there
const kept = (name) => ((globalThis[KEPT] ??= {})[name] ??= {});

/* `build` puts nodes into `ui.el.page` and {update}, which paints them, into `ui.drawn`. */
function mount({ data, parentElement, setTriggerValue }, build) {
  const root = parentElement.querySelector(".heta");
  if (!MOUNTED.has(root)) MOUNTED.set(root, mounted(root));
  const ui = MOUNTED.get(root);
  ui.send = (event) => setTriggerValue("event", event);
  const isOther = ui.data?.name !== data.name;
  Object.assign(ui, { data, picture: data.picture, reply: data.reply, state: kept(data.name) });
  root.dataset.theme = isDark(root) ? "dark" : "light";
  root.classList.toggle("presenter", data.presenter);
  if (isOther) {
    ui.timers.forEach(clearTimeout);
    ui.timers.clear();
    ui.unasked.clear();
    build(ui);
  }
  ui.repaint();
  if (isOther && ui.followed === data.name) readOn(ui);
  return () => {
    ui.unasked.forEach((ask) => ask()); // what was typed is kept, and answered to what is put up anew
    ui.timers.forEach(clearTimeout);
    MOUNTED.delete(root);
  };
}

/* Who followed a link goes on at its beginning, and not where the link stood. */
function readOn(ui) {
  ui.followed = null;
  const heading = ui.el.page.querySelector("h1");
  heading.focus({ preventScroll: true });
  heading.scrollIntoView({ block: "nearest" });
}

function mounted(root) {
  const el = { page: h("article", { class: "lesson" }), tip: h("div", { class: "tip", hidden: "" }) };
  root.replaceChildren(el.page, el.tip);
  const ui = { root, el, timers: new Set(), unasked: new Set(), followed: null };
  ui.repaint = () => keepFocus(ui, () => ui.drawn.update());
  ui.later = (run, wait) => {
    const timer = setTimeout(() => (ui.timers.delete(timer), run()), wait);
    ui.timers.add(timer);
    return timer;
  };
  const tip = (e) => showTip(ui, e.target.closest?.("[data-tip]"));
  root.onmouseover = tip;
  el.page.addEventListener("focusin", tip); // it has no property of its own
  root.onmouseleave = () => showTip(ui, null);
  return ui;
}
