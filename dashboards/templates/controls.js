"use strict";
/** The search and the choice of two rows, which figures and the table of categories follow. */
function searchControl(input, status) {
  const names = (tables.categories?.name ?? []).map((name) => name.toLowerCase());
  const matches = (text) => names.filter((name) => name.includes(text)).length;
  input.addEventListener("input", () => {
    const typed = input.value.trim().toLowerCase();
    // Names of several words are often written with underscores.
    const wanted = matches(typed) ? typed : typed.replaceAll(" ", "_");
    status.textContent = wanted === "" ? "" : `${matches(wanted)} of ${names.length} categories`;
    set("query", wanted);
  });
}

const search = document.getElementById("query");
if (search) {
  // A browser that comes back to a page fills in what was typed.
  search.value = "";
  searchControl(search, document.getElementById("shown"));
}
for (const id of ["row", "against"]) {
  document.getElementById(id)?.addEventListener("change", () => set(id, numberOf(id)));
}
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") set("chosen", -1);
});
