/* A link that was opened: its fragment goes to the server as one trigger, over the page's own connection, and leaves the
   address bar at once, so that neither the history nor a screenshot keeps the prompt. */

const START = "#heta?";

function follow(setTriggerValue) {
  const { hash, pathname, search } = location;
  if (!hash.startsWith(START)) return;
  history.replaceState(history.state, "", pathname + search);
  setTriggerValue("event", hash);
}

export default function ({ setTriggerValue }) {
  const listen = () => follow(setTriggerValue);
  listen();
  addEventListener("hashchange", listen); // a link that is pasted into a page that is open
  return () => removeEventListener("hashchange", listen);
}
