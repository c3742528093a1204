"use strict";
/** Figures, drawn by Vega from compiled charts and the page's tables: what is seen first. */
const specs = JSON.parse(document.getElementById("specs").textContent);
const views = new Map(), drawing = new Map();

/** New objects: Vega writes into those that it is given, so no two views may share them. */
function records(name) {
  const columns = Object.entries(tables[name]), length = columns[0]?.[1].length ?? 0;
  return Array.from({ length }, (_, i) =>
    Object.fromEntries(columns.map(([key, values]) => [key, values[i]])));
}

/** Which of the page's signals a view follows. */
function followed(view) {
  const known = view.getState({ signals: (key) => key in state, data: () => false, recurse: false });
  return Object.keys(known.signals);
}

async function draw(panel) {
  const spec = specs[panel.dataset.spec];
  for (const data of spec.data ?? []) if (data.name in tables) data.values = records(data.name);
  const { view } = await vegaEmbed(panel, spec, {
    renderer: "svg", ast: true, actions: false, defaultStyle: false,
    loader: { load: () => Promise.reject(Error("this page is offline")) },
    tooltip: { theme: "custom", disableDefaultStyle: true },
  });
  views.set(panel, view);
  const names = followed(view);
  for (const name of names) view.signal(name, state[name]);
  if (names.includes("chosen")) {
    view.addEventListener("click", (_, item) => { if (item?.datum?.id >= 0) choose(item.datum.id); });
  }
  await view.runAsync();
  panel.style.minHeight = "";
  sayRows(panel, names);
  performance.mark("panel");
}

/** Which rows a figure shows, beside its title. */
function sayRows(panel, names) {
  const name = (id) => document.getElementById(id)?.selectedOptions[0].text;
  const said = panel.closest("figure").querySelector(".rows");
  if (!names.includes("row") || name("row") === undefined) return;
  const other = state.row === state.against ? "itself" : name("against");
  said.textContent = names.includes("against") ? `${name("row")} against ${other}` : name("row");
}

/** Once, whoever asks first; a figure that fails says so and stops no other. */
function drawOnce(panel) {
  if (!drawing.has(panel)) {
    drawing.set(panel, draw(panel).catch((error) => {
      panel.textContent = `This figure could not be drawn: ${error.message}`;
      console.error(error);
    }));
  }
  return drawing.get(panel);
}

listeners.push((name, value) => {
  for (const [panel, view] of views) {
    const names = followed(view);
    if (!names.includes(name)) continue;
    view.signal(name, value).runAsync();
    sayRows(panel, names);
  }
});

const panels = [...document.querySelectorAll(".panel")];
/** Without a limit a frame that its browser takes for unimportant may wait for ever. */
const idle = window.requestIdleCallback
  ? (work) => window.requestIdleCallback(work, { timeout: 200 }) : (work) => setTimeout(work, 30);
const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) drawOnce(entry.target);
}, { rootMargin: "300px" });
panels.forEach((panel) => seen.observe(panel));
(async () => {
  for (const panel of panels) {
    await new Promise((done) => idle(done));
    await drawOnce(panel);
  }
  performance.mark("charts");
  document.documentElement.dataset.drawn = String(views.size);
})();
