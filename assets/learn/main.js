/* A lesson: its words, its picture, its question. The picture is built once for a lesson and painted again for whatever is
   chosen in it. */

export default (component) => mount(component, buildLesson);

function buildLesson(ui) {
  const { data } = ui;
  ui.drawn = PICTURES[data.name](ui);
  const idea = h("div", { class: "idea" }, ...data.idea.map((paragraph) => h("p", {}, ...told(paragraph))));
  const look = h("p", { class: "look" }, ...told(data.look));
  const head = h("header", {}, h("p", { class: "which" }, `Lesson ${data.number} of ${data.all.length}`), h("h1", { tabindex: -1 }, data.title));
  const picture = h("section", { class: "picture", "aria-label": "The picture" }, look, ui.drawn.node);
  const side = h("div", { class: "words" }, idea, asked(data));
  ui.el.page.replaceChildren(lessonList(ui), head, h("div", { class: "desk" }, side, picture), exercises(data), ends(ui));
}

const lessonLink = (ui, { name }, key, props, ...inside) =>
  h("a", { href: `Learn?lesson=${name}`, "data-key": key, onclick: (e) => follow(ui, e, name), ...props }, ...inside);

function follow(ui, e, name) {
  if (!isPlain(e)) return;
  e.preventDefault();
  if (name === ui.data.name) return;
  ui.followed = name;
  ui.send({ kind: "lesson", name });
}

function lessonList(ui) {
  const items = ui.data.all.map((lesson, k) => {
    const current = lesson.name === ui.data.name ? "page" : null;
    return h("li", {}, lessonLink(ui, lesson, `lesson.${lesson.name}`, { "aria-current": current, "data-tip": lesson.title, "aria-label": `Lesson ${k + 1}: ${lesson.title}` }, String(k + 1)));
  });
  return h("nav", { class: "lessons", "aria-label": "Lessons" }, h("ol", {}, ...items));
}

/* The question with its answer under a cover. */
function asked(data) {
  const cover = h("details", { class: "cover" }, h("summary", { "data-key": "answer" }, "Show the answer"), h("p", {}, ...told(data.answer)));
  return h("section", { class: "asked" }, h("h2", {}, "Question"), h("p", {}, ...told(data.question)), cover);
}

function exercises(data) {
  const item = ({ task, expected, prompt }) =>
    h("li", {}, h("p", {}, ...told(task), " ", prompt ? exploreLink(prompt) : null), h("details", { class: "cover" }, h("summary", {}, "What you should see"), h("p", {}, ...told(expected))));
  return data.exercises.length ? h("section", { class: "exercises" }, h("h2", {}, "Exercises"), h("ol", {}, ...data.exercises.map(item))) : "";
}

function ends(ui) {
  const { all, number: n } = ui.data;
  const link = (lesson, sign, key) => (lesson ? lessonLink(ui, lesson, key, { class: "end" }, sign(lesson.title)) : h("span"));
  return h("nav", { class: "ends", "aria-label": "Before and after" }, link(all[n - 2], (t) => `← ${t}`, "before"), link(all[n], (t) => `${t} →`, "after"));
}
