// A questionnaire that a client answers alone: how far it is, and what stands in it is kept as it is typed.
document.querySelectorAll("form[data-keeps]").forEach((form) => {
  const bar = form.querySelector(".answer-progress"), progress = bar.querySelector("progress"), words = bar.querySelector("[data-words]");
  let timer;
  function count() {
    const fields = [...form.querySelectorAll(".questions > .field:not([hidden])")];
    const done = fields.filter((field) => [...field.querySelectorAll("input, textarea, select")].some((box) => (["radio", "checkbox"].includes(box.type) ? box.checked : box.value.trim())));
    [progress.max, progress.value] = [fields.length || 1, done.length];
    words.textContent = words.dataset.words.replace("{done}", done.length).replace("{all}", fields.length);
  }
  const gone = form.querySelector("[data-gone]");
  const settled = (box) => { const field = box.closest(".field-bad"); field?.classList.remove("field-bad"); field?.querySelector(".field-error")?.remove(); field?.querySelector("[aria-invalid]")?.removeAttribute("aria-invalid"); };
  const keep = async () => {
    const answer = await send().catch(() => null);
    gone.hidden = !answer || answer.ok;
  };
  const send = () => fetch(form.dataset.keeps, { method: "POST", body: new URLSearchParams([...new FormData(form)].filter(([, value]) => typeof value === "string")), keepalive: true });
  form.addEventListener("input", (event) => { settled(event.target); setTimeout(count); clearTimeout(timer); timer = setTimeout(keep, 1500); });
  form.addEventListener("submit", () => clearTimeout(timer));
  addEventListener("pagehide", () => { if (timer) { clearTimeout(timer); keep(); } });
  form.addEventListener("submit", () => { timer = null; });
  bar.hidden = false;
  count();
});
