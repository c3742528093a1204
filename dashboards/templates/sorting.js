"use strict";
/** Tables sorted by the buttons in their heads. */
const natural = new Intl.Collator("en", { numeric: true });

/** Numbers come before text; what is not defined comes last in both directions. */
function compare(a, b, sign) {
  if (a === null || b === null) return (a === null) - (b === null);
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return sign * (typeof a === "number" ? a - b : natural.compare(a, b));
}

/** Tell `sort` the place of the column and the direction: numbers fall first, text rises. */
function sortByHeads(head, sort) {
  for (const cell of head.cells) {
    cell.querySelector("button")?.addEventListener("click", () => {
      const first = cell.classList.contains("text") ? "ascending" : "descending";
      const other = { ascending: "descending", descending: "ascending" };
      const direction = other[cell.getAttribute("aria-sort")] ?? first;
      for (const each of head.cells) each.removeAttribute("aria-sort");
      cell.setAttribute("aria-sort", direction);
      sort(cell.cellIndex, direction === "ascending" ? 1 : -1);
    });
  }
}

function valueOf(cell) {
  if (cell.classList.contains("undefined")) return null;
  return cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value);
}

for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  sortByHeads(table.tHead.rows[0], (column, sign) => {
    const key = (line) => valueOf(line.cells[column]);
    body.append(...[...body.rows].sort((a, b) => compare(key(a), key(b), sign)));
  });
}
