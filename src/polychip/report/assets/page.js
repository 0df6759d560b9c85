"use strict";
(() => {
  const data = JSON.parse(document.getElementById("chips-data").textContent);
  const byId = (id) => document.getElementById(id);
  const made = (tag, text) => Object.assign(document.createElement(tag), { textContent: text });
  const picture = (number) => byId("picture-" + number);
  const last = data.columns.length;

  const told = (value, kind) => {
    if (value === null || value === undefined) return "–";
    if (kind === "share") return (100 * value).toFixed(1) + " %";
    return kind === "number" ? value.toLocaleString("en") : String(value);
  };

  // A chip that is shown twice is embedded once.
  for (const place of document.querySelectorAll(".layers[data-of]")) {
    const first = picture(place.dataset.of);
    place.style.cssText = first.style.cssText;
    place.append(...[...first.children].map((image) => image.cloneNode()));
  }

  // The large view.
  const large = byId("large");
  let now = 0;
  const paint = () => {
    for (const mask of byId("large-mask").querySelectorAll(".mask")) {
      mask.style.opacity = byId("large-strength").value / 100;
    }
  };
  const show = (number) => {
    now = (number + data.shown.length) % data.shown.length;
    const row = data.shown[now];
    byId("large-title").textContent = row[0];
    for (const [id, kept] of [["large-image", ".photo"], ["large-mask", "img"]]) {
      const copy = picture(now).cloneNode(true);
      copy.removeAttribute("id");
      for (const image of copy.querySelectorAll("img")) if (!image.matches(kept)) image.remove();
      byId(id).replaceChildren(copy);
    }
    byId("large-facts").replaceChildren(...data.columns.map(([title, kind], place) => {
      const both = document.createElement("div");
      both.append(made("dt", title), made("dd", told(row[place], kind)));
      return both;
    }));
    paint();
    if (!large.open) large.showModal();
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-picture]");
    if (button) show(Number(button.dataset.picture));
    else if (event.target === large) large.close();
  });
  large.addEventListener("keydown", (event) => {
    if (event.target.type === "range") return;
    if (event.key === "ArrowLeft") show(now - 1);
    if (event.key === "ArrowRight") show(now + 1);
  });
  byId("large-back").addEventListener("click", () => show(now - 1));
  byId("large-on").addEventListener("click", () => show(now + 1));
  byId("large-close").addEventListener("click", () => large.close());
  byId("large-strength").addEventListener("input", paint);

  // The table.
  const PAGE = 50;
  const body = byId("chips-table").tBodies[0];
  let rows = data.rows, sorted = { column: -1, up: true }, page = 0;
  const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  const order = (a, b) => {
    const [x, y] = [a[sorted.column], b[sorted.column]];
    if (x === null || y === null) return (x === null) - (y === null);
    return sorted.up ? compare(x, y) : compare(y, x);
  };
  const fill = () => {
    const pages = Math.max(1, Math.ceil(rows.length / PAGE));
    page = Math.min(Math.max(page, 0), pages - 1);
    const seen = rows.slice(page * PAGE, (page + 1) * PAGE);
    body.replaceChildren(...seen.map((row) => {
      const line = document.createElement("tr");
      data.columns.forEach(([, kind], place) => {
        const cell = document.createElement(place ? "td" : "th");
        if (!place) cell.scope = "row";
        if (kind !== "text") cell.className = "number";
        if (!place && row[last] !== null) {
          const button = made("button", row[0]);
          button.type = "button";
          button.className = "open";
          button.dataset.picture = row[last];
          cell.append(button);
        } else cell.textContent = told(row[place], kind);
        line.append(cell);
      });
      return line;
    }));
    const every = data.rows.length < data.chips
      ? `; of all ${data.chips.toLocaleString("en")} chips a sample, chips.parquet has the rest` : "";
    const some = data.classes[0] < data.classes[1]
      ? `; ${data.classes[0]} of ${data.classes[1]} classes` : "";
    const first = rows.length ? page * PAGE + 1 : 0;
    byId("chips-said").textContent = `${first.toLocaleString("en")} to ` +
      `${(page * PAGE + seen.length).toLocaleString("en")} of ${rows.length.toLocaleString("en")}` +
      every + some;
    byId("chips-back").disabled = page === 0;
    byId("chips-on").disabled = page === pages - 1;
  };
  const choose = () => {
    const sought = byId("chips-find").value.trim().toLowerCase();
    rows = data.rows.filter((row) => !sought || data.columns.some(([, kind], place) =>
      kind === "text" && row[place] !== null && row[place].toLowerCase().includes(sought)));
    if (sorted.column >= 0) rows = [...rows].sort(order);
    page = 0;
    fill();
  };
  const heads = document.createElement("tr");
  data.columns.forEach(([title, kind], place) => {
    const head = document.createElement("th");
    const button = made("button", title);
    button.type = "button";
    head.scope = "col";
    head.setAttribute("aria-sort", "none");
    if (kind !== "text") head.className = "number";
    button.addEventListener("click", () => {
      sorted = { column: place, up: sorted.column === place ? !sorted.up : kind === "text" };
      for (const other of heads.cells) other.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", sorted.up ? "ascending" : "descending");
      choose();
    });
    head.append(button);
    heads.append(head);
  });
  byId("chips-table").tHead.append(heads);
  byId("chips-find").addEventListener("input", choose);
  byId("chips-back").addEventListener("click", () => { page -= 1; fill(); });
  byId("chips-on").addEventListener("click", () => { page += 1; fill(); });
  byId("chips-controls").hidden = false;
  choose();
})();
