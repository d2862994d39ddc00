/* Explore: one result, and clicks that ask the model go out as one trigger, `event`, which carries the weights as well. */

/* Streamlit may take the component down and put it up anew between two runs: what the reader was at goes on there. */
const LEFT = "hetaExploreLeft";

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".heta");
  const isNew = !INSTANCES.has(root);
  const ui = instance(root, { glossary: GLOSSARY_PAGE });
  ui.send = (event) => setTriggerValue("event", { ...event, weights: ui.weights });
  receive(ui, data);
  if (isNew) resume(ui, globalThis[LEFT]);
  return () => {
    const { signature, received, weights, pin, all, planeOpen, rather, whole } = ui;
    globalThis[LEFT] = { signature, received, weights, pin, all, planeOpen, rather, whole };
    release(root);
  };
}

function resume(ui, left) {
  if (!left) return;
  Object.assign(ui, { rather: left.rather, whole: left.whole }); // typed, whatever is explained now
  if (left.signature === ui.signature) {
    const weights = left.received === ui.received ? left.weights : ui.weights;
    Object.assign(ui, { weights, pin: left.pin, all: left.all, planeOpen: left.planeOpen });
  }
  mix(ui);
  render(ui);
}
