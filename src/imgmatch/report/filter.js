"use strict";
// Shows the filter, which needs a script, and hides what it leaves out. The choice
// travels to the report's other pages in the links' query.
(() => {
  const form = document.getElementById("filter");
  const pages = JSON.parse(form.dataset.pages);
  const here = Number(form.dataset.page) - 1;
  const boxes = [...form.querySelectorAll("[name=verdict]")];
  const score = form.querySelector("[name=score]");
  const entries = [...document.querySelectorAll("[data-verdict]")];
  const groups = [...document.querySelectorAll("[data-group]")];
  const links = [...document.querySelectorAll("a[data-page]")];

  const asked = new URLSearchParams(location.search);
  if (asked.has("verdict")) {
    const wanted = asked.get("verdict").split(" ");
    for (const box of boxes) box.checked = wanted.includes(box.value);
  }
  score.value = asked.get("score") ?? "";

  const apply = () => {
    const lowest = score.value === "" ? -Infinity : Number(score.value);
    const wanted = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    for (const entry of entries) {
      entry.hidden =
        !wanted.has(entry.dataset.verdict) || Number(entry.dataset.score) < lowest;
    }
    for (const group of groups) {
      group.hidden = !group.querySelector("[data-verdict]:not([hidden])");
    }
    const shown = entries.filter((entry) => !entry.hidden).length;
    const all = shown === entries.length;
    form.querySelector("output").value = all
      ? `all ${shown} entries of this page`
      : `${shown} of ${entries.length} entries of this page`;

    const query = new URLSearchParams();
    if (wanted.size < boxes.length) query.set("verdict", [...wanted].join(" "));
    if (score.value !== "") query.set("score", score.value);
    for (const link of links) link.search = query.toString();

    // Step over the pages that would be empty.
    const passes = ({ best }) =>
      [...wanted].some((verdict) => best[verdict] >= lowest);
    const filtered = query.size > 0;
    const step = (relation, candidates) => {
      for (const link of document.querySelectorAll(`a[rel=${relation}]`)) {
        const page = candidates.find((page) => !filtered || passes(page));
        link.hidden = !page;
        if (page) link.setAttribute("href", page.href);
        link.search = query.toString();
      }
    };
    step("prev", pages.slice(0, here).reverse());
    step("next", pages.slice(here + 1));
  };

  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  form.hidden = false;
  apply();
})();
