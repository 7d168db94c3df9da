#include "export/html_assets.h"

namespace probackup {

std::string_view style_sheet() {
  return R"css(:root {
  color-scheme: light dark;
  --page: #f5f6f8; --card: #ffffff; --sunk: #eef0f4; --line: #dfe3ea; --ink: #1c2430;
  --soft: #5c6778; --link: #1857b8; --mark: #fff4d6; --mark-line: #e3c36a;
  --shadow: 0 1px 2px rgb(20 30 50 / 8%);
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171c; --card: #1d2229; --sunk: #262c35; --line: #333b47; --ink: #e4e8ee;
    --soft: #9aa6b6; --link: #84b4ff; --mark: #3a3117; --mark-line: #7a6526;
    --shadow: none;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); overflow-wrap: anywhere;
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
main { max-width: 76rem; margin: 0 auto; padding: 1.25rem 1.5rem 3rem; }
h1 { font-size: 1.75rem; line-height: 1.25; margin: .4rem 0 .6rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .7rem; display: flex; gap: .5rem; align-items: baseline; }
h3 { font-size: 1rem; margin: 0; line-height: 1.4; }
h4 { font-size: .75rem; margin: .9rem 0 .25rem; color: var(--soft); font-weight: 600;
  letter-spacing: .02em; }
.count { color: var(--soft); font-weight: 400; font-size: .85rem; }
.note { color: var(--soft); font-size: .875rem; }
.top { position: sticky; top: 0; z-index: 2; display: flex; gap: 1rem; align-items: center;
  justify-content: space-between; padding: .55rem 1.5rem; background: var(--card);
  border-bottom: 1px solid var(--line); }
.crumbs { min-width: 0; font-size: .875rem; white-space: nowrap; overflow: hidden;
  text-overflow: ellipsis; color: var(--soft); }
.crumbs i { font-style: normal; margin: 0 .4rem; }
.search { position: relative; flex: 0 1 22rem; }
.search input { width: 100%; font: inherit; font-size: .9rem; padding: .4rem .75rem;
  color: inherit; background: var(--sunk); border: 1px solid var(--line); border-radius: .5rem; }
.search input:focus { outline: 2px solid var(--link); outline-offset: -1px; }
.results { position: absolute; right: 0; top: calc(100% + .4rem); width: min(34rem, 90vw);
  max-height: 70vh; overflow: auto; padding: .35rem; background: var(--card);
  border: 1px solid var(--line); border-radius: .6rem; box-shadow: 0 8px 28px rgb(0 0 0 / 22%); }
.results a { display: flex; justify-content: space-between; gap: 1rem; padding: .4rem .6rem;
  color: inherit; border-radius: .4rem; }
.results a:hover, .results a:focus { background: var(--sunk); text-decoration: none; }
.results b { font-weight: 500; }
.results span { color: var(--soft); font-size: .8rem; white-space: nowrap; }
.results p { margin: 0; padding: .4rem .6rem; color: var(--soft); font-size: .875rem; }
.record, .panel { background: var(--card); border: 1px solid var(--line); border-radius: .7rem;
  box-shadow: var(--shadow); padding: .9rem 1.1rem; margin: 0 0 .7rem; }
.record > .facts:first-child, .panel > .facts:first-child { margin-top: 0; }
.record:target { outline: 2px solid var(--link); }
.n1 { margin-left: 1.5rem; } .n2 { margin-left: 3rem; } .n3 { margin-left: 4.5rem; }
.n4 { margin-left: 6rem; } .n5 { margin-left: 7.5rem; } .n6 { margin-left: 9rem; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr));
  gap: .55rem 1.25rem; margin: .55rem 0; }
.facts dt { color: var(--soft); font-size: .75rem; font-weight: 600; letter-spacing: .02em; }
.facts dd { margin: 0; font-size: .925rem; }
.prose { white-space: pre-wrap; max-width: 48rem; }
.table { overflow-x: auto; }
table { border-collapse: collapse; font-size: .875rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .9rem .3rem 0;
  border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; font-size: .78rem; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(16rem, 1fr));
  gap: .8rem; align-items: start; }
.column { background: var(--sunk); border: 1px solid var(--line); border-radius: .7rem;
  padding: .75rem; min-width: 0; }
.column ul { list-style: none; margin: .6rem 0 0; padding: 0; display: grid; gap: .4rem; }
.column li { background: var(--card); border: 1px solid var(--line); border-radius: .45rem;
  padding: .4rem .6rem; font-size: .9rem; box-shadow: var(--shadow); }
.column li.more { background: none; border: 0; box-shadow: none; padding: 0 .6rem; }
.column .note { margin: .3rem 0 0; }
.rows { list-style: none; margin: 0; padding: 0; background: var(--card);
  border: 1px solid var(--line); border-radius: .7rem; box-shadow: var(--shadow); }
.rows li { display: flex; justify-content: space-between; gap: 1rem; padding: .5rem 1rem;
  border-bottom: 1px solid var(--line); }
.rows li:last-child { border-bottom: 0; }
.images { display: flex; flex-wrap: wrap; gap: .6rem; margin: .7rem 0 .3rem; }
.images img { display: block; max-width: min(100%, 24rem); max-height: 18rem;
  border: 1px solid var(--line); border-radius: .5rem; }
.files { margin: .5rem 0 0; padding: 0 0 0 1.1rem; font-size: .9rem; }
.files li { padding: .1rem 0; }
.gap { background: var(--mark); border: 1px solid var(--mark-line); border-radius: .6rem;
  padding: .6rem .9rem; margin: .7rem 0; font-size: .9rem; }
.foot { display: flex; flex-wrap: wrap; gap: .2rem 1.25rem; margin-top: .6rem; font-size: .8rem; }
.raw[open] { flex-basis: 100%; }
.raw summary { color: var(--soft); cursor: pointer; }
.raw pre { margin: .5rem 0 0; padding: .75rem; background: var(--sunk); border-radius: .5rem;
  overflow-x: auto; white-space: pre-wrap; font-size: .8rem; line-height: 1.45; }
.pager { display: flex; gap: 1.5rem; justify-content: center; margin: 1rem 0; }
footer { text-align: center; color: var(--soft); font-size: .8rem; padding: 1rem 1.5rem 2rem; }
@media (max-width: 40rem) {
  .top { flex-wrap: wrap; padding: .5rem 1rem; } .search { flex: 1 1 100%; }
  main { padding: 1rem; }
  .n1, .n2, .n3, .n4, .n5, .n6 { margin-left: .8rem; }
}
@media print {
  :root { --page: #fff; --card: #fff; --sunk: #fff; --line: #ccc; --ink: #000; --soft: #444;
    --link: #000; --mark: #fff; --mark-line: #888; --shadow: none; }
  .top { position: static; border: 0; padding: 0; } .search, .raw, .pager { display: none; }
  .top { margin-bottom: 1rem; } main { max-width: none; padding: 0; } body { font-size: 11pt; }
  .record, .column li, tr, img { break-inside: avoid; } h2, h3, h4 { break-after: avoid; }
}
)css";
}

std::string_view search_script() {
  return R"js((() => {
  "use strict";
  const shownMax = 100, cachedMax = 20;
  const root = document.documentElement.dataset.root;
  const bar = document.querySelector(".search");
  const input = bar.querySelector("input");
  const list = bar.querySelector(".results");
  const chunks = new Map();
  const waiting = new Map();
  let turn = 0;

  window.probackupIndex = (number, entries) => {
    const done = waiting.get(number);
    waiting.delete(number);
    if (chunks.size < cachedMax) chunks.set(number, entries);
    if (done) done(entries);
  };

  function load(number) {
    if (chunks.has(number)) return Promise.resolve(chunks.get(number));
    return new Promise((resolve) => {
      const before = waiting.get(number);
      waiting.set(number, (entries) => { if (before) before(entries); resolve(entries); });
      if (before) return;
      const script = document.createElement("script");
      script.src = root + "html/search/" + number + ".js";
      script.onload = () => script.remove();
      script.onerror = () => { script.remove(); window.probackupIndex(number, []); };
      document.head.append(script);
    });
  }

  function say(text) {
    const line = document.createElement("p");
    line.textContent = text;
    return line;
  }

  function show(entry) {
    const link = document.createElement("a");
    link.href = root + entry[2];
    const title = document.createElement("b");
    title.dir = "auto";
    title.textContent = entry[0];
    const kind = document.createElement("span");
    kind.textContent = entry[1];
    link.append(title, kind);
    return link;
  }

  async function search() {
    const mine = ++turn;
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    list.hidden = words.length === 0;
    if (words.length === 0) return;
    const status = say("Searching…");
    list.replaceChildren(status);
    let found = 0;
    for (let number = 1; number <= probackupChunks && found < shownMax; ++number) {
      const entries = await load(number);
      if (mine !== turn) return;
      for (const entry of entries) {
        const title = entry[0].toLowerCase();
        if (!words.every((word) => title.includes(word))) continue;
        status.before(show(entry));
        if (++found === shownMax) break;
      }
    }
    if (found === 0) status.textContent = "No title has all of these words.";
    else if (found === shownMax) status.textContent = "The first " + shownMax + " are shown.";
    else status.remove();
  }

  let timer = 0;
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(search, 120); });
  input.addEventListener("focus", () => { if (input.value) search(); });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { list.hidden = true; input.blur(); }
    const typing = /^(input|textarea)$/i.test(document.activeElement.tagName);
    if (event.key === "/" && !typing) { event.preventDefault(); input.focus(); }
  });
  document.addEventListener("click", (event) => {
    if (!bar.contains(event.target)) list.hidden = true;
  });
  bar.hidden = false;
})();
)js";
}

}  // namespace probackup
