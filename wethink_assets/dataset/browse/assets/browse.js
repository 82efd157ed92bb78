"use strict";
// Keys and the theme. Nothing here reads text of a row, and nothing makes HTML of a string.
(() => {
  const root = document.documentElement;
  const KEY = "wethink-theme";
  const remembered = () => { try { return localStorage.getItem(KEY); } catch { return null; } };
  const remember = (theme) => { try { localStorage.setItem(KEY, theme); } catch { /* storage is off: the theme lasts for this page */ } };
  const theme = remembered();
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;

  const follow = (relation) => document.querySelector(`[rel~="${relation}"]`)?.click();
  const step = (by) => {
    const cards = [...document.querySelectorAll(".card")];
    if (!cards.length) return follow(by > 0 ? "next" : "prev");
    const at = cards.indexOf(document.activeElement?.closest(".card"));
    const target = cards[Math.max(0, Math.min(cards.length - 1, at < 0 ? (by > 0 ? 0 : cards.length - 1) : at + by))];
    target.focus();
    target.scrollIntoView({ block: "nearest" });
  };
  const actions = {
    j: () => step(1), ArrowDown: () => step(1), k: () => step(-1), ArrowUp: () => step(-1),
    ArrowRight: () => follow("next"), ArrowLeft: () => follow("prev"), u: () => follow("up"),
    "/": () => document.getElementById("search")?.focus(),
    Enter: () => document.activeElement?.classList.contains("card") && document.activeElement.querySelector("a.open")?.click(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
    const card = document.activeElement?.closest(".card");
    if (event.key.startsWith("Arrow") && !card && !["ArrowLeft", "ArrowRight"].includes(event.key)) return; // the page scrolls
    if (event.key === "Enter" && event.target.closest("a, button, summary")) return;
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    button.hidden = false;
    button.addEventListener("click", () => {
      const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
      remember(root.dataset.theme);
    });
    for (const select of document.querySelectorAll("#filters select"))
      select.addEventListener("change", () => select.form.requestSubmit());
  });
})();
