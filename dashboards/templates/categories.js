"use strict";
/** The table of all categories: its lines are made when they are shown. */
function categoryTable(table) {
  const all = tables.categories, errors = tables.category_differences;
  const head = table.tHead.rows[0], body = table.tBodies[0];
  const [group, real, more, count, printed] = ["category-group", "category-real", "category-more",
    "category-count", "category-printed"].map((id) => document.getElementById(id));
  const errorPlaces = new Map((errors?.id ?? []).map((id, place) => [id, place]));
  const groups = Object.fromEntries([...group.options].map((item) => [item.value, item.text]));
  let limit = 200, sorted = { key: "images", sign: 1 };

  /** Half the width of the interval of the difference, null where it is not known. */
  const error = (i) => {
    const [low, high] = [state.row, state.against].sort((a, b) => a - b);
    return errors?.[`e${low}_${high}`]?.[errorPlaces.get(all.id[i])] ?? null;
  };
  const value = {
    name: (i) => all.name[i],
    group: (i) => groups[all.group[i]] ?? null,
    images: (i) => all.images[i],
    instances: (i) => all.instances[i],
    row: (i) => all[`a${state.row}`][i],
    against: (i) => all[`a${state.against}`][i],
    difference: (i) => {
      const [of, other] = [value.row(i), value.against(i)];
      return of === null || other === null || state.row === state.against ? null : of - other;
    },
  };
  const isReal = (i) => {
    const [difference, half] = [value.difference(i), error(i)];
    return difference !== null && half !== null && Math.abs(difference) > half;
  };
  const signed = (number) => {
    const shown = Math.abs(number).toFixed(2);
    return (Number(shown) === 0 ? "" : number < 0 ? "\u2212" : "+") + shown;
  };
  const points = (number) => number.toFixed(2), whole = (number) => number.toLocaleString("en");
  const text = {
    group: String, images: whole, instances: whole, row: points, against: points,
    difference: (number, i) => signed(number) + (error(i) === null ? "" : ` \u00b1 ${error(i).toFixed(1)}`),
  };

  const without = (key) => key === "difference" && state.row === state.against ? "none" : "not defined";
  const keys = [...head.cells].map((cell) => cell.dataset.key);
  const nameCell = (i) => {
    const cell = document.createElement("th"), button = document.createElement("button");
    cell.scope = "row";
    cell.className = all.name[i].length > 60 ? "text long" : "text";
    button.type = "button";
    button.textContent = all.name[i];
    button.addEventListener("click", () => choose(all.id[i]));
    cell.append(button);
    return cell;
  };
  const line = (i) => {
    const made = document.createElement("tr");
    made.dataset.id = all.id[i];
    for (const key of keys) {
      if (key === "name") { made.append(nameCell(i)); continue; }
      const cell = made.insertCell(), number = value[key](i);
      cell.textContent = number === null ? without(key) : text[key](number, i);
      cell.classList.toggle("undefined", number === null);
      cell.classList.toggle("text", key === "group");
      cell.classList.toggle("real", key === "difference" && isReal(i));
    }
    return made;
  };

  const found = () => [...all.id.keys()]
    .filter((i) => all.name[i].toLowerCase().includes(state.query))
    .filter((i) => group.value === "" || all.group[i] === group.value)
    .filter((i) => !real?.checked || isReal(i))
    .sort((a, b) => compare(value[sorted.key](a), value[sorted.key](b), sorted.sign)
      || natural.compare(all.name[a], all.name[b]));
  const mark = () => {
    for (const of of body.rows) {
      const isChosen = of.dataset.id === String(state.chosen);
      of.classList.toggle("chosen", isChosen);
      if (isChosen) of.setAttribute("aria-current", "true"); else of.removeAttribute("aria-current");
    }
  };
  const show = () => {
    const places = found(), shown = places.slice(0, limit);
    body.replaceChildren(...shown.map(line));
    mark();
    count.textContent = places.length === 0 ? "no category is left"
      : `${whole(shown.length)} of ${whole(places.length)} shown`;
    if (keys.includes("against") && state.row === state.against) {
      count.textContent += "; the row is compared with itself, so no difference is shown";
    }
    more.hidden = shown.length === places.length;
    more.textContent = `show all ${whole(places.length)}`;
    printed.hidden = shown.length <= 40;
    printed.textContent = `The first 40 of ${whole(places.length)} categories are printed.`;
  };
  const showChosen = () => {
    const wanted = all.id.indexOf(state.chosen);
    if (wanted >= 0 && found().indexOf(wanted) >= limit) { limit = Infinity; show(); }
    mark();
    const of = body.querySelector("tr.chosen"), box = table.parentElement;
    // Only the table moves: who clicked in a figure still sees it.
    if (of) box.scrollTop = of.offsetTop - (box.clientHeight - of.offsetHeight) / 2;
  };
  const titles = () => {
    for (const key of ["row", "against"]) {
      const cell = head.querySelector(`[data-key=${key}] button`);
      // A page of one row has nothing to choose from.
      const choice = document.getElementById(key)?.selectedOptions[0];
      if (cell && choice) cell.textContent = `AP of ${choice.text}`;
    }
  };

  sortByHeads(head, (column, sign) => { sorted = { key: keys[column], sign }; show(); });
  for (const control of [group, real]) control?.addEventListener("change", show);
  more.addEventListener("click", () => {
    const first = body.rows.length;
    limit = Infinity;
    show();
    body.rows[first].querySelector("button").focus();
  });
  listeners.push((name) => {
    if (name === "chosen") showChosen();
    else { titles(); show(); }
  });
  titles();
  show();
}
if (document.getElementById("category-table")) categoryTable(document.getElementById("category-table"));
