"use strict";
/** The page's tables by column, and what a reader chose; the parts of the page listen to it. */
const tables = JSON.parse(document.getElementById("tables").textContent);
const numberOf = (id) => Number(document.getElementById(id)?.value ?? 0);
const state = { query: "", chosen: -1, row: numberOf("row"), against: numberOf("against") };
const listeners = [];

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
