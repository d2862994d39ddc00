/* What every page that was saved can do: give its report back as a file. */

function saveReport(name) {
  const report = document.getElementById("report").textContent;
  const url = URL.createObjectURL(new Blob([report], { type: "application/json" }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
