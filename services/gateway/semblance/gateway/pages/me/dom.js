// Small ways with the page. Everything from outside becomes text, never markup.

export const at = (id) => document.getElementById(id);

export function made(tag, words, more = {}) {
  const element = Object.assign(document.createElement(tag), more);
  if (words) element.textContent = words;
  return element;
}

export function say(words) {
  at("problem").textContent = words ?? "";
  at("problem").hidden = !words;
  if (words) at("problem").scrollIntoView({ block: "nearest" });
}

// Only what is new or gone: a card that is put there again would lose the focus of whoever uses the keyboard.
export function lay(list, wanted) {
  for (const old of [...list.children]) if (!wanted.includes(old)) old.remove();
  wanted.forEach((element, k) => list.children[k] === element || list.insertBefore(element, list.children[k] ?? null));
}

// Where the focus goes when a card is made anew: to the button that stands where the focused one stood; null elsewhere.
export function heir(old, next) {
  const place = old ? [...old.querySelectorAll("button")].indexOf(document.activeElement) : -1;
  return place < 0 ? null : next.querySelectorAll("button")[place] ?? null;
}

const STEPS = { enter: "enter", sign: "sign", ready: "ready", done: "done" };

export function go(step) {
  say();
  for (const section of document.querySelectorAll("section[data-step]")) section.hidden = section.dataset.step !== step;
  at("steps").hidden = !(step in STEPS);
  for (const item of at("steps").children) {
    if (item.dataset.of === step) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  }
  window.scrollTo(0, 0);
  document.querySelector(`section[data-step="${step}"] h1`).focus();
}

export function day(text) {
  return new Date(text).toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric" });
}

// A button that waits for what it does, so that nothing is sent twice; a failure is said in the page.
export function on(element, kind, act) {
  element.addEventListener(kind, async (event) => {
    if (kind === "submit") event.preventDefault();
    const button = kind === "submit" ? event.submitter ?? element.querySelector("[type=submit]") : element;
    if (button.dataset.busy) return;
    button.dataset.busy = "1";
    button.setAttribute("aria-busy", "true");
    say();
    try {
      await act(event);
    } catch (error) {
      say(error.message);
    } finally {
      delete button.dataset.busy;
      button.removeAttribute("aria-busy");
    }
  });
}

export function save(name, data, type) {
  const url = URL.createObjectURL(new Blob([data], { type }));
  made("a", "", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
