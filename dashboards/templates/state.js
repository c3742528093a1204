"use strict";
/** The page's tables by column, and what a reader chose; the parts of the page listen to it. */
const tables = JSON.parse(document.getElementById("tables").textContent);
for (const table of Object.values(tables)) {
  for (const [name, column] of Object.entries(table)) {
    if (typeof column === "string") table[name] = unpacked(column);
  }
}
const numberOf = (id) => Number(document.getElementById(id)?.value ?? 0);
const state = { query: "", chosen: -1, row: numberOf("row"), against: numberOf("against") };
const listeners = [];

/** A long column of numbers: hundredths in two bytes each, low byte first; 65535 is null. */
function unpacked(text) {
  const bytes = atob(text);
  return Array.from({ length: bytes.length / 2 }, (_, i) => {
    const hundredths = bytes.charCodeAt(2 * i) + 256 * bytes.charCodeAt(2 * i + 1);
    return hundredths === 65535 ? null : hundredths / 100;
  });
}

/** Change what is shown, everywhere. */
function set(name, value) {
  if (state[name] === value) return;
  state[name] = value;
  for (const listen of listeners) listen(name, value);
}

/** Mark a category, or none when it is marked already. */
function choose(id) {
  set("chosen", state.chosen === id ? -1 : id);
}
