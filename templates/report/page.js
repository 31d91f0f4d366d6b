"use strict";
(() => {
  const LARGEST_PRINT = 300;
  const FORMULA = /^'*\s*[=+\-@\t\r\n＝＋－＠]/;
  const collator = new Intl.Collator(document.documentElement.lang || "en", { numeric: true, sensitivity: "base" });
  /* The words of another language than English. */
  const said = JSON.parse(document.querySelector("script.words")?.textContent ?? "{}");
  const say = (text, facts = {}) => (said[text] ?? text).replace(/\{(\w+)\}/g, (_, name) => facts[name]);
  const make = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  const labelled = (text, control) => {
    control.setAttribute("aria-label", text);
    return make("label", { textContent: text }, control);
  };

  /* Letters without their accents, so that "grosle" finds "Größle"; any script. */
  const plainer = { "ß": "s", "ẞ": "s", "ł": "l", "đ": "d", "ð": "d", "ø": "o", "æ": "ae", "œ": "oe", "þ": "th", "ı": "i" };
  const folded = (text) => text.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "").replace(/[ßẞłđðøæœþı]/g, (one) => plainer[one])
    .replaceAll("ss", "s");
  const parts = (text) => folded(text).split(/\s+/).filter(Boolean);

  const isText = (column) => column.kind === "text" || column.kind === "prose";

  /* The texts of a column, one for each row; a row without one shows its cell as it stands. */
  function unpacked(texts, cells) {
    const own = texts?.said ? texts.at.map((place) => texts.said[place]) : texts ?? [];
    return cells.map((cell, row) => own[row] ?? String(cell ?? ""));
  }

  function compare(a, b) {
    if (typeof a === "string") return collator.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);
    return a - b;
  }

  /* A figure without an exponent, as in the published tables. */
  function plain(value) {
    const [, minus, whole, part = "", exponent] = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(String(value)) ?? [];
    if (exponent === undefined) return String(value);
    const move = Number(exponent);
    return move < 0 ? `${minus}0.${"0".repeat(-move - 1)}${whole}${part}` : minus + (whole + part).padEnd(move + 1, "0");
  }

  function csv(table, order) {
    const quoted = (text) => (/[",;\t\r\n\u2028\u2029\x85\x0b\x0c]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text);
    const cell = (value, kind) => {
      if (value === null) return "";
      if (typeof value === "number") return plain(value);
      if (kind !== "text" && kind !== "prose") return String(value);
      return quoted(FORMULA.test(value) ? "'" + value : value);
    };
    const lines = order.map((row) => table.columns.map((c, i) => cell(table.cells[i][row], c.kind)).join(","));
    return [table.columns.map((c) => cell(c.key, "text")).join(","), ...lines].join("\n") + "\n";
  }

  function download(name, text) {
    const address = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
    const link = make("a", { href: address, download: name + ".csv" });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  }

  const owned = [];
  const finders = new Map();

  function bring(figure) {
    const table = JSON.parse(figure.querySelector("script.rows-of").textContent);
    const { columns, cells, links, thousands } = table;
    const texts = cells.map((column, index) => unpacked(table.texts[index], column));
    const count = cells.length ? cells[0].length : 0;
    const body = figure.querySelector("tbody");
    const status = figure.querySelector(".rows");
    const cut = status.dataset.cut ? " " + status.dataset.cut : "";
    const heads = [...figure.querySelectorAll("thead th")];
    const shown = columns.map((_, index) => index).filter((index) => !columns[index].hidden);
    const ids = columns.findIndex((column) => column.hidden);
    const fold = figure.querySelector(".all input");
    const tools = figure.querySelector(".tools");
    const scroll = figure.querySelector(".scroll");
    /* How many rows are found is the one figure that only the browser knows. */
    const whole = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, thousands);
    const searched = Array.from({ length: count }, (_, row) =>
      folded(texts.map((column, i) => (column[row].endsWith("…") ? cells[i][row] : column[row])).join("\n")));
    let order = Array.from({ length: count }, (_, row) => row);
    let sorted = { column: -1, down: false };
    let words = "";
    let page = 0;
    let size = table.page;
    const chosen = new Map();
    let owner = null;

    const cellOf = (row, index) => {
      const column = columns[index];
      const cell = document.createElement(index === 0 ? "th" : "td");
      if (index === 0) cell.scope = "row";
      const text = texts[index][row];
      if (column.marks && text) cell.className = `m m-${cells[index][row].toLowerCase()}`;
      else if (column.style) cell.className = column.style;
      const address = column.link && links.length ? links[row] : null;
      const holder = address || isText(column) ? make("bdi", { textContent: text }) : text;
      cell.append(address ? make("a", { href: address }, holder) : holder);
      if (ids >= 0 && column.link && cells[ids][row] && cells[ids][row] !== text) cell.append(" ", make("small", { className: "id", textContent: cells[ids][row] }));
      return cell;
    };

    const previous = make("button", { type: "button", textContent: say("‹ Previous") });
    const next = make("button", { type: "button", textContent: say("Next ›") });
    const place = make("span", {});
    const pages = make("div", { className: "pages" }, previous, place, next);

    function draw() {
      const last = Math.max(0, Math.ceil(order.length / size) - 1);
      page = Math.min(page, last);
      const rows = order.slice(page * size, (page + 1) * size);
      body.replaceChildren(...rows.map((row) => make("tr", {}, ...shown.map((index) => cellOf(row, index)))));
      heads.forEach((head, index) => {
        if (index === sorted.column) head.setAttribute("aria-sort", sorted.down ? "descending" : "ascending");
        else head.removeAttribute("aria-sort");
      });
      status.textContent = (order.length === count ? `${table.total}.` : say("{rows} of {total}.", { rows: whole(order.length), total: table.total })) + cut;
      place.textContent = say("Page {page} of {pages}", { page: page + 1, pages: last + 1 });
      pages.hidden = last === 0;
      pages.style.display = last === 0 ? "none" : "";
      previous.disabled = page === 0;
      next.disabled = page === last;
    }

    function choose() {
      const wanted = parts(words);
      order = [];
      for (let row = 0; row < count; row += 1) {
        if (owner !== null && table.owner >= 0 && (cells[table.owner][row] ?? "") !== owner) continue;
        if (!wanted.every((part) => searched[row].includes(part))) continue;
        if ([...chosen].some(([index, value]) => (cells[index][row] ?? "") !== value)) continue;
        order.push(row);
      }
      if (sorted.column >= 0) {
        const values = cells[sorted.column];
        const sign = sorted.down ? -1 : 1;
        order.sort((a, b) => {
          if (values[a] === null || values[b] === null) return (values[a] === null) - (values[b] === null) || a - b;
          return sign * compare(values[a], values[b]) || a - b;
        });
      }
      page = 0;
      draw();
    }

    const unfold = () => { if (fold) fold.checked = true; };

    heads.forEach((head, index) => {
      const button = make("button", { type: "button", textContent: head.textContent });
      head.dataset.heading = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const first = !["text", "prose", "date", "month", "flag"].includes(columns[index].kind);
        sorted = { column: index, down: sorted.column === index ? !sorted.down : first };
        choose();
      });
    });
    if (count > 12) {
      const filter = make("input", { type: "search", autocomplete: "off", spellcheck: false });
      filter.addEventListener("input", () => { words = filter.value; unfold(); choose(); });
      tools.append(labelled(say("Find"), filter));
      finders.set(figure.id, (text) => { filter.value = words = text; unfold(); choose(); });
    }
    table.choices.forEach((index) => {
      const written = new Map(cells[index].map((value, row) => [value ?? "", texts[index][row]]));
      const values = [...written.keys()].sort((a, b) => collator.compare(written.get(a), written.get(b)));
      const select = make("select", {}, make("option", { value: "", textContent: say("all") }),
        ...values.map((value, i) => make("option", { value: String(i + 1), textContent: value === "" ? say("(none)") : written.get(value) })));
      select.addEventListener("change", () => {
        if (select.value === "") chosen.delete(index);
        else chosen.set(index, values[Number(select.value) - 1]);
        unfold();
        choose();
      });
      tools.append(labelled(columns[index].label, select));
    });
    if (count > size) {
      const rows = make("select", {}, ...[25, 100, 500].map((n) => make("option", { value: String(n), textContent: String(n) })));
      rows.addEventListener("change", () => { size = Number(rows.value); page = 0; draw(); });
      tools.append(labelled(say("Rows"), rows));
    }
    const save = make("button", { type: "button", className: "right", textContent: say("Download CSV") });
    save.addEventListener("click", () => download(table.name, csv(table, order)));
    tools.append(save);
    tools.hidden = false;
    previous.addEventListener("click", () => { page -= 1; draw(); scroll.scrollTop = 0; });
    next.addEventListener("click", () => { page += 1; draw(); scroll.scrollTop = 0; });
    scroll.after(pages);
    draw();

    if (table.owner >= 0) {
      owned.push({ names: cells[table.owner], show: (name) => { owner = name; choose(); } });
    }

    let before = size;
    addEventListener("beforeprint", () => {
      before = size;
      if (fold && !fold.checked) return;
      size = Math.max(size, LARGEST_PRINT);
      draw();
      if (order.length > size) status.textContent = say("The first {rows} of {total} rows; all are in {file}.", { rows: whole(size), total: whole(order.length), file: `tables/${table.name}.csv` });
    });
    addEventListener("afterprint", () => { size = before; draw(); });
  }

  document.querySelectorAll("figure.table").forEach((figure) => {
    if (!figure.dataset.brought && figure.querySelector("script.rows-of")) bring(figure);
    figure.dataset.brought = "yes";
  });

  /* One owner's rows, in all tables of the page that name owners. */
  const bar = document.querySelector(".contents");
  const owners = [...new Set(owned.flatMap((one) => one.names))].filter(Boolean).sort(collator.compare);
  if (bar && owners.length > 1) {
    const select = make("select", {}, make("option", { value: "", textContent: say("all") }),
      ...owners.map((name) => make("option", { value: name, textContent: name })));
    select.addEventListener("change", () => owned.forEach((one) => one.show(select.value || null)));
    bar.append(labelled(say("Owner of accounts"), select));
    bar.lastChild.firstChild.textContent = `${say("Owner")} `;
  }

  /* Accounts by name or id, on every page; beyond those the page holds, the list of all answers. */
  const seek = document.querySelector(".seek");
  if (seek) {
    const source = document.querySelector("script.accounts");
    const { names, ids, places, files, whole } = JSON.parse(source.textContent);
    const up = source.dataset.up;
    const all = names ? names.split("\n") : [];
    const keys = ids ? ids.split("\n") : [];
    const folders = ["", "accounts/", "dossiers/"];
    const words = all.map((name, i) => folded(`${name} ${keys[i]}`));
    const address = (i) => Number(places[i]) ? `${up}${folders[places[i]]}${files[i] ?? keys[i]}.html` : `${up}accounts.html#find=${encodeURIComponent(keys[i])}`;
    const [input, list, heard] = seek.children;
    const look = () => {
      const wanted = parts(input.value);
      const found = wanted.length ? words.map((_, i) => i).filter((i) => wanted.every((part) => words[i].includes(part))) : [];
      const links = found.slice(0, 8).map((i) => make("li", {}, make("a", { href: address(i) }, make("bdi", { textContent: all[i] }), " ",
        make("small", { className: "id", textContent: keys[i] }))));
      const more = wanted.length && (found.length > 8 || !whole);
      if (more) links.push(make("li", {}, make("a", { href: `${up}accounts.html#find=${encodeURIComponent(input.value)}`, textContent: say("Find in the list of all accounts") })));
      if (wanted.length && !links.length) links.push(make("li", { textContent: say("No such account") }));
      list.replaceChildren(...links);
      list.hidden = !links.length;
      heard.textContent = wanted.length ? say("{number} found", { number: found.length }) : "";
    };
    input.addEventListener("input", look);
    input.addEventListener("focus", look);
    seek.addEventListener("keydown", (event) => {
      const links = [...list.querySelectorAll("a")];
      const at = links.indexOf(document.activeElement);
      if (event.key === "Enter" && at < 0 && links.length) links[0].click();
      else if (event.key === "ArrowDown" && links.length) links[Math.min(at + 1, links.length - 1)].focus();
      else if (event.key === "ArrowUp") (at > 0 ? links[at - 1] : input).focus();
      else if (event.key === "Escape") { list.hidden = true; input.focus(); list.hidden = true; }
      else return;
      event.preventDefault();
    });
    document.addEventListener("click", (event) => { if (!seek.contains(event.target)) list.hidden = true; });
    seek.hidden = false;
  }

  const stops = () => document.querySelectorAll(".scroll").forEach((region) => {
    const moves = region.scrollWidth > region.clientWidth + 1 || region.scrollHeight > region.clientHeight + 1;
    if (moves) region.tabIndex = 0;
    else region.removeAttribute("tabindex");
  });
  addEventListener("resize", stops);
  stops();

  const folds = [...document.querySelectorAll("details.more, details.behind")];
  addEventListener("beforeprint", () => folds.forEach((fold) => { fold.dataset.was = fold.open; fold.open = true; }));
  addEventListener("afterprint", () => folds.forEach((fold) => { fold.open = fold.dataset.was === "true"; }));

  const open = () => {
    const [, find] = /^#find=(.*)$/.exec(location.hash) ?? [];
    if (find !== undefined) { finders.forEach((show) => show(decodeURIComponent(find))); return; }
    const target = location.hash.length > 1 ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
    const fold = target && (target.closest("details") ?? target.querySelector(":scope > details:not(.how)"));
    if (fold) { fold.open = true; target.scrollIntoView(); }
  };
  addEventListener("hashchange", open);
  open();
})();
