/* Littletown: what can be asked for, the question, and the same with one change. */

export default (component) => mount(component, buildTown);

function buildTown(ui) {
  const head = h("header", {}, h("h1", { tabindex: -1 }, "Littletown"), h("p", {}, "A question about a scene that training never saw. The generator wrote the scene, so it knows which words the answer rests on. Guess them, then compare the model’s map with your guess and with the truth."));
  const [asking, first, second] = [wish(ui), question(ui), changed(ui)];
  ui.el.page.replaceChildren(head, asking.node, first.node, second.node);
  ui.el.page.classList.add("town");
  ui.drawn = {
    update() {
      asking.update();
      first.update();
      second.update();
    },
  };
}
