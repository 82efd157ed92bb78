"use strict";
// The list of pages that were written as files: filters over data/facets.js, texts from data/rows-<n>.js. Texts are put in as text alone.
(() => {
  const status = document.getElementById("status");
  const cards = document.getElementById("cards");
  const pager = document.getElementById("pager");
  const form = document.getElementById("filters");
  const data = window.wethinkFacets;
  const parts = new Map(); // of texts, by number
  const waiting = new Map();
  window.wethinkRows = (number, rows) => parts.set(number, rows);

  const load = (number) => {
    if (parts.has(number)) return Promise.resolve();
    if (!waiting.has(number))
      waiting.set(number, new Promise((done, failed) => {
        const script = document.createElement("script");
        script.src = `data/rows-${Number(number)}.js`;
        script.addEventListener("load", done);
        script.addEventListener("error", () => failed(new Error(`data/rows-${number}.js cannot be read`)));
        document.head.append(script);
      }));
    return waiting.get(number);
  };
  const textOf = async (row) => {
    const part = Math.floor(row / data.part);
    await load(part);
    return parts.get(part)[row % data.part];
  };
  // As the index of served pages does it: words without case and accents, by their beginning; characters of unspaced scripts one by one.
  const wordsOf = (text) =>
    text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase()
      .replace(/[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]/g, " $& ").split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  const termsOf = (search) =>
    [...search.matchAll(/"([^"]*)"|([^\s"]+)/g)].map((match) => wordsOf(match[1] ?? match[2])).filter((words) => words.length).map((words) => ` ${words.join(" ")}`);

  const chosen = new URLSearchParams(location.search);
  const passes = () => {
    const conditions = [];
    for (const [name, facet] of Object.entries(data.facets)) {
      const value = chosen.get(name);
      if (!value) continue;
      const code = facet.values.indexOf(value);
      conditions.push((row) => { const own = facet.rows[row]; return Array.isArray(own) ? own.includes(code) : own === code; });
    }
    for (const [name, rates] of Object.entries(data.rates)) {
      const [least, most] = [chosen.get(`${name}_from`), chosen.get(`${name}_to`)];
      if (least || most)
        conditions.push((row) => rates[row] !== null && rates[row] >= Number(least || 0) && rates[row] <= Number(most || 1));
    }
    return (row) => conditions.every((condition) => condition(row));
  };
  const matching = async () => {
    const rows = Array.from({ length: data.total }, (_, row) => row).filter(passes());
    const search = chosen.get("q")?.trim();
    if (!search) return rows;
    const terms = termsOf(search);
    if (!terms.length) return [];
    const matches = [];
    for (const row of rows) {
      if (row % data.part === 0) status.textContent = `Searching row ${row.toLocaleString("en")} of ${data.total.toLocaleString("en")}.`;
      const one = await textOf(row);
      const text = [one.row_id, one.image_id, one.question, ...(one.options ?? []), one.answer, one.refined_cot, one.category];
      const words = ` ${wordsOf(text.filter(Boolean).join(" \n")).join(" ")}`;
      if (terms.every((term) => words.includes(term))) matches.push(row);
    }
    return matches;
  };
  const tag = (text, kind = "") => {
    const made = document.createElement(kind === "code" ? "code" : "span");
    if (kind !== "code") made.className = `tag ${kind}`;
    made.textContent = text;
    return made;
  };
  const cardOf = (row) => {
    const card = document.getElementById("card").content.cloneNode(true);
    const part = (name) => card.querySelector(`[data-field="${name}"]`);
    for (const link of card.querySelectorAll('[data-field="link"]')) link.setAttribute("href", row.page);
    part("image").setAttribute("src", row.image);
    part("image").setAttribute("alt", `Image of row ${row.row_id.slice(0, 8)}`);
    part("question").textContent = row.question;
    part("answer").textContent = row.answer;
    for (const option of row.options ?? []) {
      const item = document.createElement("li");
      item.dir = "auto";
      item.textContent = option;
      part("options").append(item);
    }
    const agreed = row.agreed ? tag("agreed", "good") : tag("adjudicated", "warn");
    const tags = [row.source, row.kind, ...(row.abilities ?? []), row.answer_type].filter(Boolean).map((text) => tag(text));
    part("tags").replaceWith(...tags, agreed, tag(row.row_id.slice(0, 8), "code"));
    return card;
  };
  const link = (text, page, relation = "") => {
    const made = document.createElement("a");
    const address = new URLSearchParams(chosen);
    if (page > 1) address.set("page", page); else address.delete("page");
    made.href = `index.html?${address}`;
    made.textContent = text;
    if (relation) made.rel = relation;
    return made;
  };
  const show = async () => {
    const rows = await matching();
    const pages = Math.max(1, Math.ceil(rows.length / data.page));
    const page = Math.min(pages, Math.max(1, Number.parseInt(chosen.get("page") ?? "1", 10) || 1));
    const shown = rows.slice((page - 1) * data.page, page * data.page);
    const texts = [];
    for (const row of shown) texts.push(await textOf(row));
    cards.replaceChildren(...texts.map(cardOf));
    if (!texts.length) {
      const empty = document.createElement("p");
      empty.className = "empty";
      empty.textContent = "No row passes these filters.";
      cards.append(empty);
    }
    const of = pages > 1 ? `, page ${page.toLocaleString("en")} of ${pages.toLocaleString("en")}` : "";
    status.textContent = `${rows.length.toLocaleString("en")} of ${data.total.toLocaleString("en")} rows${of}`;
    const links = [];
    if (page > 1) links.push(link("First", 1), " ", link("Previous", page - 1, "prev"), " ");
    if (page < pages) links.push(link("Next", page + 1, "next"), " ", link("Last", pages));
    pager.replaceChildren(...links);
  };
  for (const [name, value] of chosen) {
    const input = form.elements.namedItem(name);
    if (input) input.value = value;
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const address = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (String(value).trim()) address.set(name, String(value));
    location.assign(`index.html?${address}`);
  });
  show().catch((error) => { status.textContent = `Rows cannot be shown: ${error.message}`; });
})();
