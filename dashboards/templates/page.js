"use strict";
const read = (id) => JSON.parse(document.getElementById(id).textContent);
const specs = read("specs"), tables = read("tables"), views = [], state = {};

/** New row objects: Vega writes into those that it is given, so no two views may share them. */
function rows(name) {
  const columns = Object.entries(tables[name]), length = columns[0]?.[1].length ?? 0;
  return Array.from({ length }, (_, i) => Object.fromEntries(columns.map(([key, values]) => [key, values[i]])));
}

async function draw(panel) {
  if (panel.drawn) return;
  panel.drawn = true;
  const spec = specs[panel.dataset.spec];
  for (const data of spec.data) if (data.name in tables) data.values = rows(data.name);
  const { view } = await vegaEmbed(panel, spec, {
    renderer: "svg", ast: true, actions: false, defaultStyle: false,
    loader: { load: () => Promise.reject(Error("this page is offline")) },
    tooltip: { theme: "custom", disableDefaultStyle: true },
  });
  views.push(view);
  for (const [name, value] of Object.entries(state)) tell(view, name, value);
  await view.runAsync();
}

/** Only views that know a signal are told. */
function tell(view, name, value) {
  const known = view.getState({ signals: (key) => key === name, data: () => false, recurse: false }).signals;
  if (name in known) view.signal(name, value);
}
function set(name, value) {
  state[name] = value;
  for (const view of views) { tell(view, name, value); view.runAsync(); }
}

const panels = [...document.querySelectorAll(".panel")];
const idle = window.requestIdleCallback ?? ((work) => setTimeout(work, 30));
const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) draw(entry.target);
}, { rootMargin: "300px" });
panels.forEach((panel) => seen.observe(panel));
(async () => {
  for (const panel of panels) { await new Promise((done) => idle(done)); await draw(panel); }
  performance.mark("charts");
  document.documentElement.dataset.drawn = String(views.length);
})();
