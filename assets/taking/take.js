/* Two buttons that only a browser can serve: the picture as PNG, and the link on the clipboard.

   data: {svg, name, link, why}; `link` is the fragment of the address, or null where there is none, and `why` says why. */

const SCALE = 3; // pixels for one unit of the picture: 288 dpi where it is printed at its own size
const MOST_PIXELS = 16_000; // along one side; browsers draw nothing on a canvas that is much larger

function node(tag, props, ...children) {
  const made = Object.assign(document.createElement(tag), props);
  made.append(...children);
  return made;
}

async function rasterised(svg) {
  const url = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const scale = Math.min(SCALE, MOST_PIXELS / Math.max(image.width, image.height));
    const canvas = node("canvas", { width: Math.round(image.width * scale), height: Math.round(image.height * scale) });
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("too large"))), "image/png"));
  } finally {
    URL.revokeObjectURL(url);
  }
}

function download(blob, name) {
  const url = URL.createObjectURL(blob);
  node("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/* The clipboard needs https or this computer; elsewhere the link is shown, to be copied by hand. */
async function copy(text, said) {
  try {
    await navigator.clipboard.writeText(text);
    said.replaceChildren("Copied. The link holds the text you see: whoever gets it can read it.");
  } catch {
    const box = node("input", { value: text, readOnly: true, ariaLabel: "The link" });
    said.replaceChildren("Copy this link: ", box);
    box.select();
  }
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".take");
  const { svg, name, link, why } = data;
  const said = node("span", { className: "said", role: "status" });
  const png = node("button", { type: "button", disabled: svg === null }, "PNG");
  const share = node("button", { type: "button", disabled: link === null }, "Copy link");
  png.onclick = () => rasterised(svg).then((blob) => download(blob, name), () => said.replaceChildren("This browser could not draw the picture: take the SVG."));
  share.onclick = () => copy(location.origin + location.pathname + link, said);
  if (link === null) said.append(why);
  root.replaceChildren(png, share, said);
}
