// What the page about networks can do besides being read: search, sizes, sorting, arrow keys.
"use strict";
for (const hidden of document.querySelectorAll("[data-script]")) hidden.hidden = false;
const search = document.querySelector("#search"), said = document.querySelector("#found");
search?.addEventListener("input", () => {
  const text = search.value.trim().toLowerCase();
  let count = 0;
  for (const one of document.querySelectorAll("[data-name]")) {
    const fits = one.dataset.name.toLowerCase().includes(text);
    if (one.tagName === "TR") { one.hidden = !fits; count += fits && one.dataset.layer === ""; }
    else one.classList.toggle("found", fits && text !== "");
  }
  said.textContent = text ? count + (count === 1 ? " layer" : " layers") : "";
  const first = text && document.querySelector(".diagram .found");
  if (first) first.scrollIntoView({block: "nearest", inline: "nearest"});
});
document.addEventListener("keydown", (event) => {
  const at = document.activeElement;
  if (event.key === "/" && at.tagName !== "INPUT" && search) {
    event.preventDefault(); search.focus();
  }
  const step = {ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1}[event.key];
  const drawing = at.closest?.(".diagram");
  if (!step || !drawing) return;
  event.preventDefault();
  const boxes = [...drawing.querySelectorAll("a")], next = boxes[boxes.indexOf(at) + step];
  if (next) { at.tabIndex = -1; next.tabIndex = 0; next.focus(); }
});
for (const drawing of document.querySelectorAll(".pane .diagram")) {
  drawing.querySelector("a")?.setAttribute("tabindex", "0");
}
for (const button of document.querySelectorAll(".zoom button")) {
  button.addEventListener("click", () => {
    const drawing = button.closest("figure").querySelector("svg"), pane = drawing.parentElement;
    const now = drawing.getBoundingClientRect().width;
    const wide = {in: now * 1.25, out: now / 1.25, fit: pane.clientWidth,
      whole: pane.clientHeight * drawing.viewBox.baseVal.width / drawing.viewBox.baseVal.height,
    }[button.dataset.zoom];
    drawing.style.width = wide + "px";
  });
}
for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    const head = button.closest("th"), column = head.cellIndex;
    const up = head.getAttribute("aria-sort") === "descending";
    for (const other of head.parentElement.children) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const body = head.closest("table").tBodies[0];
    const value = (row) => Number(row.cells[column].dataset.value ?? -1);
    body.append(...[...body.rows].sort((a, b) => (value(a) - value(b)) * (up ? 1 : -1)));
  });
}
