/* Explore: one result, and clicks that ask the model go out as one trigger, `event`, which carries the weights as well. */

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".heta");
  const ui = instance(root);
  ui.send = (event) => setTriggerValue("event", { ...event, weights: ui.weights });
  receive(ui, data);
  return () => release(root);
}
