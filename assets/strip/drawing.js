/* Drawings: SVG nodes, numbers that can be multiplied by hand, and logarithmic axes. */

const SVG = "http://www.w3.org/2000/svg";

/* As `h`, of SVG. */
function shape(tag, props = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("on")) node[name] = value;
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/* Three significant digits also of what is small: terms of a formula that a reader may want to check. */
function precise(value) {
  if (value === 0 || value >= 999.5) return number(value);
  if (value >= 1e-4) return value.toPrecision(3);
  const [digits, power] = value.toExponential(2).split("e");
  return `${digits} × 10${[...power.replace("-", "−")].map((c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c] ?? "⁻").join("")}`;
}

/* … with its standard error to as many decimals; an error that is not known is a question mark. */
function preciseWithError(value, error) {
  const told = precise(value);
  if (error === null) return `${told} ± ?`;
  const places = told.split(".")[1]?.length ?? 0;
  const same = told.includes("×") ? "0" : error.toFixed(places);
  return `${told} ± ${Number(same) > 0 ? same : precise(error)}`;
}

/* A logarithmic axis over values above 0, from one place on the screen to another; at least one decade long. */
function logAxis(values, from, to) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, Math.log10(value));
    high = Math.max(high, Math.log10(value));
  }
  const missing = Math.max(0, 1 - (high - low)) / 2;
  const room = 0.05 * (high - low) + 0.04;
  [low, high] = [low - missing - room, high + missing + room];
  const place = (log) => from + ((log - low) / (high - low)) * (to - from);
  return { low, high, place, at: (value) => place(Math.log10(value)) };
}

/* Decades on the axis, with 2 and 5 between them where there is room; at most as many as `most`. */
function logTicks({ low, high }, most) {
  const decades = Math.floor(high) - Math.ceil(low) + 1;
  const factors = decades * 3 <= most ? [1, 2, 5] : [1];
  const step = Math.max(1, Math.ceil(decades / most));
  const found = [];
  for (let power = Math.floor(low); power <= high; power += 1) {
    if (step > 1 && power % step !== 0) continue;
    for (const factor of factors) {
      const log = power + Math.log10(factor);
      if (log >= low && log <= high) found.push(Number(`${factor}e${power}`));
    }
  }
  return found;
}

/* A tick in as few characters as it takes. */
function tickLabel(value) {
  if (value >= 1e-4 && value < 1e4) return String(Number(value.toPrecision(1)));
  const power = Math.floor(Math.log10(value) + 1e-9);
  const factor = Math.round(value / 10 ** power);
  return precise(10 ** power).replace(/^[\d.,]+ × /, factor === 1 ? "" : `${factor} × `);
}
