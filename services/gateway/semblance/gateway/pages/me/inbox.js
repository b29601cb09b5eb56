// Pictures of the person that somebody else asked for: seen, let through, hidden or deleted by the person.

import { call, pagesOf, post } from "/me/api.js";
import { at, heir, lay, made, on } from "/me/dom.js";
import { PICTURE, published } from "/me/pictures.js";
import { USES, who } from "/me/words.js";

const LIMIT = 20;
const VISIBLE = { waiting: "Waits for my look. They cannot have it yet.", shown: "They can have it.", hidden: "Hidden from them." };
let older = null, pages = 1, acts = 0, takenBack = new Set();
const cards = new Map(); // image id -> what the card was made of, its element and its picture's url

export function inbox() {
  on(at("inbox-more"), "click", () => {
    pages += 1;
    return look();
  });
}

// The newest; a look anew lets go of the pictures that were shown before. withdrawn: ids of grants.
export async function showInbox(withdrawn, { anew }) {
  takenBack = new Set(withdrawn);
  if (!anew) return look();
  lay(at("inbox"), []);
  for (const id of [...cards.keys()]) letGo(id);
  pages = 1;
  // Whoever wants to take something back must not wait for the pictures to be there.
  await look().catch((error) => at("inbox").replaceChildren(made("li", error.message)));
}

async function look() {
  const began = acts, { items, after } = await pagesOf("/v1/inbox", pages, LIMIT);
  const found = items.filter((item) => item.image.state !== "removed");
  const now = await Promise.all(found.map(kept));
  if (began !== acts) { // the person has decided meanwhile, and what was read is older than that
    for (const made of now) if (made.url && ![...cards.values()].includes(made)) URL.revokeObjectURL(made.url);
    return;
  }
  const focused = found.map(({ image }, k) => cards.get(image.id) !== now[k] && heir(cards.get(image.id)?.element, now[k].element)).find(Boolean);
  found.forEach(({ image }, k) => put(image.id, now[k]));
  for (const id of [...cards.keys()]) if (!found.some(({ image }) => image.id === id)) letGo(id);
  older = after;
  at("inbox-more").hidden = older === null;
  lay(at("inbox"), now.length ? now.map(({ element }) => element) : [made("li", "None yet.")]);
  focused?.focus();
}

function put(id, made) {
  if (cards.get(id) !== made) letGo(id);
  cards.set(id, made);
}

function letGo(id) {
  if (cards.get(id)?.url) URL.revokeObjectURL(cards.get(id).url);
  cards.delete(id);
}

const madeOf = (item) => JSON.stringify([item, takenBack.has(item.grant_id)]);
const kept = async (item) => (cards.get(item.image.id)?.as === madeOf(item) ? cards.get(item.image.id) : card(item));

async function card(item) {
  const { image, requested_by: by } = item, element = made("li"), as = madeOf(item);
  const of = image.people > 1 ? " It shows me together with somebody else." : "", use = image.use ? ` For: ${USES[image.use] ?? image.use}.` : "";
  const about = made("p", `${who(by)} asked for it.${use}${of}`);
  if (image.state !== "published") {
    element.append(about, made("p", PICTURE[image.state] ?? image.state, { className: "quiet" }));
    return { as, element };
  }
  const picture = await published(image, "A picture of me that somebody else asked for, made by AI")
    .catch((error) => ({ parts: [made("p", error.message)], failed: true })); // this one cannot be shown; the others can
  element.append(...picture.parts, about, made("p", stands(item), { className: "quiet" }), buttons(item, element));
  return { as: picture.failed ? "" : as, element, url: picture.url }; // what failed is tried again at the next look
}

function stands({ image, grant_id: grantId }) {
  if (takenBack.has(grantId)) return "Out of their reach, because the permission was taken back.";
  if (image.people > 1 && image.visibility === "shown") return "I let it through. They can have it once everybody in it has.";
  return VISIBLE[image.visibility] ?? image.visibility;
}

function buttons({ image, grant_id: grantId }, element) {
  const over = takenBack.has(grantId), row = made("div", "", { className: "row" });
  const offer = (words, act, more) => {
    const button = made("button", words, more);
    on(button, "click", act);
    row.append(button);
  };
  const become = async (word) => {
    const item = await post(`/v1/inbox/${image.id}/${word}`);
    acts += 1;
    const next = await card(item);
    put(image.id, next);
    element.replaceWith(next.element);
    next.element.querySelector("button").focus();
  };
  if (!over && image.visibility !== "shown") offer("Let them see it", () => become("approve"), { className: "main" });
  if (!over && image.visibility !== "hidden") offer(image.visibility === "shown" ? "Hide it" : "Keep it hidden", () => become("hide"));
  offer("Delete", async () => {
    await call("DELETE", `/v1/images/${image.id}`);
    acts += 1;
    letGo(image.id);
    element.remove();
    at("inbox-title").focus();
  }, { className: "danger" });
  return row;
}
