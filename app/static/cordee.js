// What the page does beyond links and forms. Everything works without it; with it, it is quicker.
"use strict";

// The navigation shows where one is, also where it is longer than the screen.
const bar = document.querySelector(".sidebar"), here = bar?.querySelector("[aria-current]");
if (here && here.getBoundingClientRect().bottom > bar.getBoundingClientRect().bottom) bar.scrollTop += here.getBoundingClientRect().bottom - bar.getBoundingClientRect().bottom + 16;

// The button of a file field speaks the page's language, not the browser's.
document.querySelectorAll("input[type=file].form-control").forEach((field) => {
  const box = Object.assign(document.createElement("span"), { className: "file-box form-control" });
  const name = Object.assign(document.createElement("span"), { className: "file-name quiet", textContent: document.body.dataset.noneChosen });
  field.before(box);
  field.classList.remove("form-control");
  box.append(field, Object.assign(document.createElement("span"), { className: "file-button", textContent: document.body.dataset.choose }), name);
  field.addEventListener("change", () => { name.textContent = [...field.files].map((file) => file.name).join(", ") || document.body.dataset.noneChosen; name.classList.toggle("quiet", !field.files.length); });
});

// Rows open on click and on Enter; j and k walk, x ticks, / searches.
document.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-href]");
  if (!row || event.target.closest("a, button, input, label, details, summary") || String(getSelection())) return;
  location.href = row.dataset.href;
});

const typing = (target) => target.closest("input, textarea, select, [contenteditable]");
const rows = () => [...document.querySelectorAll("tr[data-href]")];
let place = -1;

function walk(step) {
  const all = rows();
  if (!all.length) return;
  all[place]?.classList.remove("row-at");
  place = Math.max(0, Math.min(all.length - 1, place + step));
  all[place].classList.add("row-at");
  all[place].scrollIntoView({ block: "nearest" });
  all[place].querySelector("a")?.focus({ preventScroll: true });
}

function openEdit() {
  const panel = document.querySelector("[data-row-panel]");
  if (panel?.querySelector("[data-to='/edit']")) location.href = `${rows()[place].dataset.href}/edit`;
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.querySelectorAll("details.dropdown-native[open], details.more[open], .nav-more details[open]").forEach((menu) => { menu.open = false; menu.querySelector("summary").focus(); });
  if (event.key === "Enter" && event.ctrlKey && event.target.form) event.target.form.requestSubmit();
  if (typing(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "j") walk(1);
  else if (event.key === "k") walk(-1);
  else if (event.key === "x" && place >= 0) rows()[place].querySelector("input[name=ids]")?.click();
  else if (event.key === "m" && place >= 0) rows()[place].querySelector("[data-row-menu]")?.click();
  else if (event.key === "e") (place >= 0 ? openEdit() : document.querySelector("a[data-key=e]")?.click());
  else if (event.key === "n") document.querySelector("a[data-key=n]")?.click();
  else if (event.key === "?") { event.preventDefault(); document.querySelector("#keys")?.showModal(); }
  else if (event.key === "/") { const box = [...document.querySelectorAll("input[type=search]")].find((each) => each.offsetParent); if (box) { event.preventDefault(); box.focus(); box.select(); } else document.querySelector(".finder-link")?.click(); }
});

document.addEventListener("click", (event) => {
  document.querySelectorAll("details.dropdown-native[open], details.more[open], .nav-more details[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
});

// The menu of a row: one for the whole list, put beside the row that asks for it.
document.querySelectorAll("[data-row-panel]").forEach((panel) => {
  let button = null;
  document.querySelectorAll("td.menu-cell").forEach((cell) => {
    const each = Object.assign(document.createElement("button"), { type: "button", textContent: "⋯" });
    each.dataset.rowMenu = "";
    for (const [name, value] of [["aria-label", panel.dataset.words], ["aria-haspopup", "true"], ["aria-expanded", "false"]]) each.setAttribute(name, value);
    cell.append(each);
  });
  const lines = () => [...panel.querySelectorAll("a, button")];
  const close = (back) => { if (!button) return; panel.hidden = true; button.setAttribute("aria-expanded", "false"); if (back) button.focus(); button = null; };
  function open(asked) {
    button = asked;
    const row = asked.closest("tr"), at = asked.getBoundingClientRect();
    panel.elements.namedItem("ids").value = row.dataset.href.split("/").pop();
    panel.querySelectorAll("[data-to]").forEach((link) => { link.href = row.dataset.href + link.dataset.to; });
    panel.hidden = false;
    panel.style.left = `${Math.max(8, at.right - panel.offsetWidth)}px`;
    panel.style.top = `${at.bottom + panel.offsetHeight > innerHeight ? at.top - panel.offsetHeight : at.bottom}px`;
    asked.setAttribute("aria-expanded", "true");
    lines()[0].focus();
  }
  document.addEventListener("click", (event) => {
    const asked = event.target.closest("[data-row-menu]");
    const same = asked && asked === button;
    if (!panel.contains(event.target)) close();
    if (asked && !same) open(asked);
  });
  addEventListener("scroll", () => close(), { passive: true });
  panel.addEventListener("keydown", (event) => {
    const all = lines(), at = all.indexOf(document.activeElement);
    if (event.key === "Escape") close(true);
    else if (event.key === "ArrowDown") all[(at + 1) % all.length].focus();
    else if (event.key === "ArrowUp") all[(at - 1 + all.length) % all.length].focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
});

// The keys there are, on ?; also from the account menu.
document.querySelectorAll("[data-opens]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => { button.closest("details")?.removeAttribute("open"); document.getElementById(button.dataset.opens).showModal(); });
});

// Enter in a box of its own presses the box's button, not the form's.
document.querySelectorAll("[data-enter]").forEach((box) => box.addEventListener("keydown", (event) => {
  if (event.key === "Enter") { event.preventDefault(); box.form.requestSubmit(document.getElementById(box.dataset.enter)); }
}));

// A choice that decides what comes next is sent as it is made.
document.querySelectorAll("[data-sends]").forEach((choice) => choice.addEventListener("change", () => choice.form.requestSubmit()));
document.querySelectorAll("[data-needless]").forEach((button) => { button.hidden = true; });

// On a phone the boxes of the rows come when they are asked for.
document.querySelectorAll("[data-tick-rows]").forEach((button) => {
  const form = document.querySelector(".list-form");
  button.hidden = false;
  button.addEventListener("click", () => {
    const on = form.classList.toggle("ticking");
    button.setAttribute("aria-pressed", String(on));
    if (!on) form.querySelectorAll("input[name=ids]:checked").forEach((box) => box.click());
  });
});
document.querySelectorAll("td.tick-cell").forEach((cell) => cell.addEventListener("click", (event) => {
  event.stopPropagation();  // beside the box is on the box: the row does not open
  if (event.target === cell) cell.querySelector("input").click();
}));

// The bar for ticked rows.
document.querySelectorAll(".list-form").forEach((form) => {
  const boxes = [...form.querySelectorAll("input[name=ids]")];
  const bar = form.querySelector(".bulk-count");
  const show = () => {
    const ticked = boxes.filter((box) => box.checked).length;
    if (bar) bar.textContent = bar.dataset.words.replace("#", ticked);
  };
  form.querySelector("[data-tick-all]")?.addEventListener("change", (event) => { boxes.forEach((box) => { box.checked = event.target.checked; }); show(); });
  boxes.forEach((box) => box.addEventListener("change", show));
  show();
});

// A box with a list under it: which of the list's items is chosen, by the arrow keys.
function chooser(box, list, items) {
  let chosen = -1;
  return {
    item: () => items()[chosen],
    close() { list.hidden = true; box.setAttribute("aria-expanded", "false"); box.removeAttribute("aria-activedescendant"); chosen = -1; },
    step(by) {
      const all = items();
      if (!all.length) return;
      chosen = chosen < 0 && by < 0 ? all.length - 1 : (chosen + by + all.length) % all.length;
      all.forEach((item, index) => item.setAttribute("aria-selected", String(index === chosen)));
      all[chosen].scrollIntoView({ block: "nearest" });
      box.setAttribute("aria-activedescendant", all[chosen].id);
    },
    show(any) { list.hidden = !any; box.setAttribute("aria-expanded", String(any)); chosen = -1; },
  };
}

// Look-ups: a search box over a hidden number.
const armLookups = (root) => root.querySelectorAll(".lookup").forEach((lookup) => {
  const [hidden, box, list] = [lookup.querySelector("input[type=hidden]"), lookup.querySelector("input[type=text]"), lookup.querySelector("ul")];
  const choice = chooser(box, list, () => [...list.children].filter((item) => !item.classList.contains("none")));
  let asked = 0, timer;
  const set = (id, text) => {
    box.focus();
    box.value = text;
    box.dispatchEvent(new Event("input", { bubbles: true }));  // the form has changed; the box's own answer to that is taken back
    clearTimeout(timer);
    hidden.value = id;
    choice.close();
  };
  const take = (item) => { choice.close(); if (item.dataset.id) set(item.dataset.id, item.dataset.text); else make(lookup, box.value, set); };
  async function ask() {
    const turn = ++asked;
    const partner = ["", "from_", "to_"].map((side) => hidden.name.startsWith(side) && lookup.closest("form")?.elements.namedItem(`${side}partner_id`)).filter(Boolean).pop();  // only what belongs to the partner that the form names
    const among = partner && partner !== hidden && /^\d+$/.test(partner.value || "") ? `&partner_id=${partner.value}` : "";
    const answer = await fetch(`${lookup.dataset.choices}?q=${encodeURIComponent(box.value)}${among}`, { headers: { Accept: "application/json" } });
    if (!answer.ok || turn !== asked) return;
    const found = await answer.json();
    list.replaceChildren(...found.map((each, index) => {
      const item = document.createElement("li");
      Object.assign(item, { id: `${list.id}_${index}`, role: "option" });
      Object.assign(item.dataset, { id: each.id, text: each.text });
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", "false");
      const hint = document.createElement("span");
      hint.className = "quiet";
      hint.textContent = each.hint;
      item.append(each.text, hint);
      item.addEventListener("mousedown", (event) => { event.preventDefault(); take(item); });
      return item;
    }));
    if (lookup.dataset.make) {
      const item = Object.assign(document.createElement("li"), { id: `${list.id}_make`, className: "make", textContent: `+ ${lookup.dataset.words}` });
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", "false");
      item.addEventListener("mousedown", (event) => { event.preventDefault(); take(item); });
      list.append(item);
    }
    if (!list.children.length && box.value.trim()) {
      const none = Object.assign(document.createElement("li"), { className: "none quiet", textContent: lookup.dataset.none });
      none.setAttribute("role", "option");
      none.setAttribute("aria-disabled", "true");
      list.append(none);
    }
    choice.show(list.children.length > 0);
  }
  box.addEventListener("input", () => { hidden.value = ""; clearTimeout(timer); timer = setTimeout(ask, 150); });
  box.addEventListener("click", () => { if (!hidden.value) ask(); });  // not on focus: a list would cover what was wrong with the form
  box.addEventListener("blur", choice.close);
  box.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") { event.preventDefault(); list.hidden ? ask() : choice.step(1); }
    else if (event.key === "ArrowUp") { event.preventDefault(); choice.step(-1); }
    else if (event.key === "Enter" && !event.ctrlKey && box.value && !hidden.value) {  // words are not yet a choice: the form is not sent with them
      event.preventDefault();
      const item = choice.item() || (list.children.length === 1 + Boolean(lookup.dataset.make) && list.querySelector("li:not(.none)"));
      if (!list.hidden && item) take(item);
    }
    else if (event.key === "Escape") { if (!list.hidden) event.stopPropagation(); choice.close(); }
  });
});
armLookups(document);

// A record that a look-up does not find is made beside the form, which stays as it is.
async function make(lookup, typed, done) {
  const dialog = Object.assign(document.createElement("dialog"), { className: "making" });
  let names = 0;
  const show = (html) => {
    dialog.innerHTML = html;
    names += 1;
    const renamed = (name) => name.split(" ").map((part) => `making${names}_${part}`).join(" ");
    dialog.querySelectorAll("[id]").forEach((each) => { each.id = renamed(each.id); });
    for (const attribute of ["for", "aria-describedby", "aria-controls", "aria-labelledby"]) dialog.querySelectorAll(`[${attribute}]`).forEach((each) => each.setAttribute(attribute, renamed(each.getAttribute(attribute))));
    armLookups(dialog);
    armCalendars(dialog);
    armKinds(dialog);
    dialog.querySelectorAll("[data-close]").forEach((button) => button.addEventListener("click", () => dialog.close()));
    dialog.querySelector("form").addEventListener("submit", send);
    (dialog.querySelector("[aria-invalid=true]") || dialog.querySelector("input:not([type=hidden]), select"))?.focus();
  };
  async function send(event) {
    event.preventDefault();
    const form = event.target;
    if (form.dataset.sent) return;
    form.dataset.sent = "1";
    try {
      const answer = await fetch(form.action, { method: "POST", body: new FormData(form) });
      const isRecord = (answer.headers.get("Content-Type") || "").startsWith("application/json");
      if (answer.ok && isRecord) { const record = await answer.json(); dialog.close(); done(record.id, record.text); return; }
      if (answer.status === 422) { show(await answer.text()); return; }
    } catch { /* the line is down: said below */ }
    delete form.dataset.sent;
    form.querySelector("[data-failed]").hidden = false;
  }
  const answer = await fetch(`${lookup.dataset.make}&typed=${encodeURIComponent(typed)}`);
  if (!answer.ok) return;
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
  show(await answer.text());
}

// Search over everything: answers under the bar, pinned and recent records before anything is typed.
document.querySelectorAll("[data-finder]").forEach((form) => {
  const [box, list] = [form.querySelector("input"), form.querySelector(".finder-list")];
  const choice = chooser(box, list, () => [...list.querySelectorAll(".finder-hit")]);
  let asked = 0, timer;
  const make = (name, className, text) => Object.assign(document.createElement(name), { className, textContent: text });
  const line = (hit, number) => {
    const link = make("a", "finder-hit", "");
    link.href = hit.href;
    link.id = `finder_hit_${number}`;
    link.setAttribute("role", "option");
    link.setAttribute("aria-selected", "false");
    link.tabIndex = -1;
    link.append(make("span", "hit-text", hit.text), make("span", "hit-hint", hit.hint));
    return link;
  };
  async function ask() {
    const turn = ++asked, words = box.value.trim();
    const answer = await fetch(`/search/quick?q=${encodeURIComponent(words)}`, { headers: { Accept: "application/json" } });
    if (!answer.ok || turn !== asked || document.activeElement !== box) return;
    let number = 0;
    const shelves = (await answer.json()).map((shelf) => {
      const group = document.createElement("div");
      group.setAttribute("role", "group");
      group.setAttribute("aria-label", shelf.title);
      group.append(make("p", "finder-title", shelf.title), ...shelf.hits.map((hit) => line(hit, number++)));
      return group;
    });
    if (words && number) shelves.push(line({ text: list.dataset.all, hint: "", href: `/search/?q=${encodeURIComponent(words)}` }, number));
    if (words && !number) shelves.push(make("p", "finder-title", list.dataset.empty));
    list.replaceChildren(...shelves);
    choice.show(shelves.length > 0);
  }
  box.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 150); });
  box.addEventListener("focus", ask);
  box.addEventListener("blur", () => setTimeout(() => { if (!form.contains(document.activeElement)) choice.close(); }, 150));
  box.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") { event.preventDefault(); choice.step(1); }
    else if (event.key === "ArrowUp") { event.preventDefault(); choice.step(-1); }
    else if (event.key === "Enter" && choice.item()) { event.preventDefault(); choice.item().click(); }
    else if (event.key === "Escape") { choice.close(); box.blur(); }
  });
});

// Beside a box for a day stands the browser's calendar, which writes into it as people do.
const armCalendars = (root) => root.querySelectorAll("[data-calendar]").forEach((button) => {
  const [box, calendar] = [button.parentElement.querySelector("input[type=text]"), button.parentElement.querySelector("input[type=date]")];
  button.hidden = calendar.hidden = false;
  button.addEventListener("click", () => {
    const typed = box.value.match(/^(\d{1,2})\D(\d{1,2})\D(\d{4})$/);
    if (typed) calendar.value = `${typed[3]}-${typed[2].padStart(2, "0")}-${typed[1].padStart(2, "0")}`;
    calendar.showPicker();
  });
  calendar.addEventListener("change", () => {
    box.value = calendar.value.split("-").reverse().join("/");
    box.dispatchEvent(new Event("input", { bubbles: true }));
    box.focus();
  });
});
armCalendars(document);

// What is shown one time is copied whole, where the browser lets a page do so.
if (navigator.clipboard) document.querySelectorAll("[data-copies]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const from = document.getElementById(button.dataset.copies);
    await navigator.clipboard.writeText(from.value ?? [...from.children].map((line) => line.textContent).join("\n"));
    button.lastElementChild.textContent = `· ${button.dataset.done}`;
  });
});

// Columns are put in order with buttons, which work with a finger and with the keyboard.
document.querySelectorAll("[data-sortable]").forEach((list) => {
  const move = (item, step) => {
    const other = step < 0 ? item.previousElementSibling : item.nextElementSibling;
    if (other) step < 0 ? other.before(item) : other.after(item);
  };
  [...list.children].forEach((item) => {
    [[-1, "↑", list.dataset.up], [1, "↓", list.dataset.down]].forEach(([step, sign, words]) => {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "icon-button", textContent: sign, title: words });
      button.setAttribute("aria-label", `${words}: ${item.textContent.trim()}`);
      button.addEventListener("click", () => { move(item, step); button.focus(); });
      item.append(button);
    });
  });
});

// Unsaved changes are guarded, and kept as a draft where the form has one; the first error has the focus; a form is sent once.
document.querySelectorAll("form[data-guard]").forEach((form) => {
  let changed = false, timer, sending = null, since = 0;
  const state = form.querySelector(".draft-state");
  async function keep(leaving = false) {
    since = 0;
    const fields = [...new FormData(form)].filter(([name, value]) => typeof value === "string" && name !== "csrf_token");
    const body = new URLSearchParams({ csrf_token: form.elements.namedItem("csrf_token").value, place: form.dataset.draft, token: form.elements.namedItem("draft").dataset.token, fields: JSON.stringify(fields) });
    try {
      changed = false;
      sending = fetch("/drafts/keep", { method: "POST", body, keepalive: leaving });
      const answer = await sending;
      if (!answer.ok || answer.redirected) throw new Error(answer.statusText);
      state.textContent = state.dataset.words.replace("#", new Date().toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" }));
    } catch { changed = true; state.textContent = state.dataset.failed; } finally { sending = null; }
  }
  form.addEventListener("input", () => {
    changed = true;
    clearTimeout(timer);
    if (!state || !form.dataset.draft) return;
    form.elements.namedItem("draft").value = form.elements.namedItem("draft").dataset.token;  // whatever is kept from now on is let go once the form is saved
    since ||= Date.now();
    timer = setTimeout(keep, Date.now() - since > 4000 ? 0 : 1500);  // whoever never pauses has a draft too
  });
  addEventListener("pagehide", () => { if ((changed || sending) && state && form.dataset.draft) keep(true); });
  form.addEventListener("submit", (event) => {
    changed = false;
    clearTimeout(timer);
    if (!sending) return;
    event.preventDefault();  // a draft on its way arrives first, or it would outlive what is saved
    sending.finally(() => setTimeout(() => form.requestSubmit(event.submitter)));
  });
  addEventListener("beforeunload", (event) => { if (changed) event.preventDefault(); });
});
setTimeout(() => {  // once the fields of other kinds are hidden
  const bad = document.querySelector("[aria-invalid=true]");
  (bad?.matches("fieldset") ? bad.querySelector("input") : bad)?.focus();
});
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented) return;
  const form = event.target;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
  setTimeout(() => { delete form.dataset.sent; }, 4000);
});

// A form shows the fields that its kind of record has.
const armKinds = (root) => root.querySelectorAll("form.record-form").forEach((form) => {
  const kind = form.elements.namedItem("kind");
  const dependent = form.querySelectorAll("[data-only-for]");
  if (!kind || !dependent.length) return;
  const show = () => dependent.forEach((field) => {
    field.hidden = !field.dataset.onlyFor.split(" ").includes(kind.value) && !field.classList.contains("field-bad");
    const card = field.closest(".card");  // a card of which nothing is left goes too
    if (card && !card.querySelector("h1")) card.hidden = !card.querySelector(".field:not([hidden])");
  });
  kind.addEventListener("change", show);
  show();
});
armKinds(document);

// Tabs that have no room on their line fold into a menu at its end; without a script the line scrolls.
document.querySelectorAll(".tabs[data-more]").forEach((bar) => {
  const tabs = [...bar.querySelectorAll("a")], here = bar.querySelector("[aria-current]");
  const menu = Object.assign(document.createElement("details"), { className: "dropdown-native tabs-more" });
  const panel = Object.assign(document.createElement("div"), { className: "dropdown-panel" });
  menu.append(Object.assign(document.createElement("summary"), { textContent: bar.dataset.more }), panel);
  function fold() {
    menu.remove();
    menu.open = false;
    bar.append(...tabs);
    bar.classList.remove("tabs-folded");
    if (bar.scrollWidth <= bar.clientWidth) return;
    bar.classList.add("tabs-folded");
    bar.append(menu);
    for (let last = tabs.length - 1; last > 0 && bar.scrollWidth > bar.clientWidth; last -= 1) if (tabs[last] !== here) panel.prepend(tabs[last]);
  }
  let width = 0;
  new ResizeObserver(() => { if (bar.clientWidth !== width) { width = bar.clientWidth; fold(); } }).observe(bar);
});
document.querySelectorAll(".tabs:not([data-more]) [aria-current]").forEach((tab) => tab.scrollIntoView({ block: "nearest", inline: "center" }));

// A photo is cut in the page: moved and enlarged under a round window; what is sent is where the window lies.
document.querySelectorAll("[data-crop]").forEach((form) => {
  const [cropper, stage, picture] = [form.querySelector(".cropper"), form.querySelector(".crop-stage"), form.querySelector(".crop-stage img")];
  const [choice, zoom, fields] = [form.querySelector("input[type=file]"), form.querySelector("input[type=range]"), form.elements];
  const SIDE = 240;
  let [x, y, from] = [0.5, 0.5, null];
  function draw() {
    const [width, height] = [picture.naturalWidth, picture.naturalHeight];
    const size = 1 / Number(zoom.value), side = Math.min(width, height) * size, scale = SIDE / side;
    x = Math.min(1 - side / width / 2, Math.max(side / width / 2, x));
    y = Math.min(1 - side / height / 2, Math.max(side / height / 2, y));
    picture.style.transform = `translate(${SIDE / 2 - x * width * scale}px, ${SIDE / 2 - y * height * scale}px) scale(${scale})`;
    [fields.namedItem("x").value, fields.namedItem("y").value, fields.namedItem("size").value] = [x, y, size];
    return [width * scale, height * scale];
  }
  const move = (dx, dy) => { const [width, height] = draw(); x -= dx / width; y -= dy / height; draw(); };
  choice.addEventListener("change", () => {
    const file = choice.files[0];
    cropper.hidden = !file;
    if (!file) return;
    picture.src = URL.createObjectURL(file);
    [x, y, zoom.value] = [0.5, 0.5, 1];
  });
  picture.addEventListener("load", draw);
  picture.addEventListener("error", () => { cropper.hidden = true; });
  zoom.addEventListener("input", draw);
  stage.addEventListener("pointerdown", (event) => { from = [event.clientX, event.clientY]; stage.setPointerCapture(event.pointerId); });
  stage.addEventListener("pointermove", (event) => { if (from) { move(event.clientX - from[0], event.clientY - from[1]); from = [event.clientX, event.clientY]; } });
  stage.addEventListener("pointerup", () => { from = null; });
  stage.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [8, 0], ArrowRight: [-8, 0], ArrowUp: [0, 8], ArrowDown: [0, -8] }[event.key];
    if (step) { event.preventDefault(); move(...step); }
  });
});

// Lists edited where they stand: a box saves its row as it is left, and says so, or says why not.
document.querySelectorAll("[data-in-list]").forEach((table) => {
  table.classList.add("scripted");
  const saving = new Map();  // one after the other in a row: each save needs the version that the one before has made
  table.addEventListener("change", (event) => {
    const form = event.target.form;
    saving.set(form, (saving.get(form) || Promise.resolve()).then(() => save(event.target, form)));
  });
  table.addEventListener("submit", (event) => {
    if (event.target.action.endsWith("/ajax/update/") && table.classList.contains("scripted")) event.preventDefault();  // Enter leaves the box, which saves
  });
  async function save(box, form) {
    const row = box.closest("tr");
    const body = new URLSearchParams([...new FormData(form), ["script", "1"]]);
    const said = form.querySelector(".in-list-said");
    row.querySelectorAll(".field-error").forEach((old) => old.remove());
    row.classList.remove("row-bad");
    said.textContent = "…";
    try {
      const answer = await fetch(table.dataset.inList, { method: "POST", body });
      const found = await answer.json();
      said.textContent = answer.ok ? `✓ ${found.sentence}` : "";
      if (answer.ok) form.elements.namedItem("version").value = found.version;
      else {
        const fault = Object.assign(document.createElement("div"), { className: "field-error", textContent: found.sentence });
        fault.setAttribute("role", "alert");
        row.classList.add("row-bad");
        (row.querySelector(`[name="${found.field}"]`) || box).closest("td").append(fault);
      }
    } catch { said.textContent = table.dataset.failed; table.classList.remove("scripted"); }  // the row's own button still saves
  }
});

// Long work done piece by piece: the bar moves as the pieces come back; the button does the same without a script.
document.querySelectorAll("[data-advance]").forEach((form) => {
  const button = form.querySelector("[data-advance-button]"), failed = form.querySelector("[data-failed]");
  if (!button) return;
  async function goOn() {
    [button.hidden, failed.hidden] = [true, true];
    try {
      for (let found = { under_way: true }; found.under_way;) {
        const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { Accept: "application/json" } });
        if (!answer.ok) throw new Error(answer.status);
        found = await answer.json();
        form.querySelector("progress").value = found.done;
        form.querySelector("[data-advance-words]").textContent = found.words;
        await new Promise((rest) => setTimeout(rest, 50));  // others who save come in between
      }
      location.reload();
    } catch { [button.hidden, failed.hidden] = [false, false]; }
  }
  form.addEventListener("submit", (event) => { event.preventDefault(); goOn(); });
  goOn();
});

// A preview follows what is typed; a field's name goes in where the cursor stands.
document.querySelectorAll("[data-preview-at]").forEach((preview) => {
  const form = preview.closest("form"), text = form.elements.namedItem("text");
  let waiting, asked = 0;
  const show = async () => {
    const mine = ++asked;
    try {
      const answer = await fetch(preview.dataset.previewAt, { method: "POST", body: new URLSearchParams(new FormData(form)) });
      const found = await answer.text();
      if (answer.ok && mine === asked) preview.innerHTML = found;
    } catch { /* what was shown stays; the next letter asks again */ }
  };
  text.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(show, 400); });
  form.querySelectorAll("[data-insert]").forEach((button) => button.addEventListener("click", () => {
    text.setRangeText(button.dataset.insert, text.selectionStart, text.selectionEnd, "end");
    text.focus();
    text.dispatchEvent(new Event("input", { bubbles: true }));
  }));
});

// Alerts that are on the screen have been read; the button does the same without a script.
document.querySelectorAll("form[data-seen]").forEach(async (form) => {
  const sent = { method: "POST", body: new URLSearchParams(new FormData(form)), redirect: "manual" };  // the page it leads to is this one
  const answer = await fetch(form.action, sent).catch(() => null);
  if (answer && answer.type === "opaqueredirect") { form.hidden = true; document.querySelector(".bell .badge-count")?.remove(); }
});

// A question that depends on another's answer shows while that answer stands; the server asks the same again.
document.querySelectorAll("form").forEach((form) => {
  const dependent = form.querySelectorAll("[data-when]");
  if (!dependent.length) return;
  document.documentElement.classList.add("scripted");
  const chosen = (name) => new FormData(form).getAll(name);
  const show = () => dependent.forEach((part) => {
    const source = form.querySelector(`[name="${part.dataset.when}"]`);
    const asked = source && !source.closest("[data-when][hidden]");
    part.hidden = !part.classList.contains("field-bad") && !(asked && chosen(part.dataset.when).some((value) => part.dataset.whenIs.split(" ").includes(value)));
  });
  form.addEventListener("change", show);
  show();
});

// A colour is picked or typed: the two boxes say the same.
document.querySelectorAll("[data-colour-of]").forEach((picker) => {
  const box = document.getElementById(picker.dataset.colourOf);
  picker.addEventListener("input", () => { box.value = picker.value; box.dispatchEvent(new Event("input", { bubbles: true })); });
  box.addEventListener("change", () => { if (/^#[0-9a-f]{6}$/i.test(box.value.trim())) picker.value = box.value.trim(); });
});
