/* A link that was opened: its fragment goes to the server as one trigger, over the page's own connection, and leaves the
   address bar at once, so that neither the history nor a picture of the screen keeps the prompt. */

const START = /^#heta(-generate)?\?/;

let leave = null; // what ends the listening of the mount before: Streamlit calls this again whenever it draws anew

function follow(setTriggerValue) {
  const { hash, pathname, search } = location;
  if (!START.test(hash)) return;
  history.replaceState(history.state, "", pathname + search);
  setTriggerValue("event", hash);
}

export default function ({ setTriggerValue }) {
  leave?.();
  const listen = () => follow(setTriggerValue);
  addEventListener("hashchange", listen); // a link that is pasted into a page that is open
  leave = () => removeEventListener("hashchange", listen);
  listen();
  return leave;
}
