// Files by drag and drop, one after the other, each with its own progress; what was refused says why and keeps nobody else out.
document.querySelectorAll("[data-drive]").forEach((drive) => {
  const form = drive.querySelector(".drop-zone"), list = drive.querySelector(".upload-list");
  if (!form) return;
  const box = form.querySelector("input[type=file]"), words = drive.dataset;
  const waiting = [];
  let busy = false, taken = 0;
  form.classList.add("drop-ready");
  const row = (file) => {
    const item = document.createElement("li"), name = document.createElement("span"), bar = document.createElement("progress"), state = document.createElement("span");
    [name.className, name.textContent, bar.max, bar.value, state.className] = ["upload-name", file.name, 100, 0, "upload-state"];
    bar.setAttribute("aria-label", file.name);
    item.append(name, bar, state);
    list.append(item);
    return { item, bar, state };
  };
  const say = (shown, sentence, good) => { shown.state.textContent = sentence; shown.item.className = good ? "upload-good" : "upload-bad"; shown.bar.remove(); if (good) taken += 1; };
  // What has changed is shown without losing what was said of each file.
  async function refresh() {
    const answer = await fetch(location.href);
    const fresh = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-drive]");
    if (!fresh) { location.reload(); return; }
    taken = 0;
    for (const part of [".card-head", ".drive-foot", ":scope > .table, :scope > .empty"]) {
      const [old, now] = [drive.querySelector(part), fresh.querySelector(part)];
      if (old && now) old.replaceWith(now);
    }
  }
  function next() {
    const [file, shown] = waiting.shift() || [];
    if (!file) {
      busy = false;
      if (taken) refresh().catch(() => location.reload());
      return;
    }
    busy = true;
    const body = new FormData(), request = new XMLHttpRequest();
    body.append("csrf_token", form.elements.namedItem("csrf_token").value);
    body.append("folder", form.elements.namedItem("folder").value);
    body.append("files", file);
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => { if (event.lengthComputable) shown.bar.value = event.loaded / event.total * 100; });
    request.addEventListener("load", () => {
      let told = null;
      try { told = JSON.parse(request.responseText); } catch { /* a page instead of an answer: the sentence below says it */ }
      if (told?.taken?.length) say(shown, words.done, true);
      else if (told?.same?.length) say(shown, words.same, true);
      else say(shown, told?.refused?.[0]?.sentence || (request.status === 413 ? words.tooLarge : words.failed), false);
      next();
    });
    request.addEventListener("error", () => { say(shown, words.failed, false); next(); });
    request.send(body);
  }
  function take(files) {
    for (const file of files) waiting.push([file, row(file)]);
    if (!busy) next();
  }
  box.addEventListener("change", () => { take([...box.files]); box.value = ""; });
  for (const kind of ["dragenter", "dragover"]) drive.addEventListener(kind, (event) => { if (event.dataTransfer?.types.includes("Files")) { event.preventDefault(); form.classList.add("drop-over"); } });
  for (const kind of ["dragleave", "drop"]) drive.addEventListener(kind, () => form.classList.remove("drop-over"));
  drive.addEventListener("drop", (event) => { event.preventDefault(); take([...event.dataTransfer.files]); });
});
