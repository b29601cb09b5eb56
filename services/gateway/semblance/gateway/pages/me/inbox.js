// Pictures of the person that somebody else asked for: seen, let through, hidden or deleted by the person.

import { call, get, post } from "/me/api.js";
import { at, made, on } from "/me/dom.js";
import { PICTURE, published } from "/me/pictures.js";
import { USES, who } from "/me/words.js";

const LIMIT = 20;
const VISIBLE = { waiting: "Waits for my look. They cannot have it yet.", shown: "They can have it.", hidden: "Hidden from them." };
let older = null, urls = [], takenBack = new Set();

export function inbox() {
  on(at("inbox-more"), "click", () => showMore(older));
}

// The newest; every look begins anew, and lets go of the pictures that were shown before. withdrawn: ids of grants.
export async function showInbox(withdrawn) {
  takenBack = new Set(withdrawn);
  for (const url of urls) URL.revokeObjectURL(url);
  urls = [];
  at("inbox").replaceChildren();
  // Whoever wants to take something back must not wait for the pictures to be there.
  await showMore("").catch((error) => at("inbox").append(made("li", error.message)));
  if (!at("inbox").children.length) at("inbox").append(made("li", "None yet."));
}

async function showMore(after) {
  const page = await get(`/v1/inbox?limit=${LIMIT}${after && `&after=${encodeURIComponent(after)}`}`);
  older = page.next_after;
  at("inbox-more").hidden = older === null;
  at("inbox").append(...await Promise.all(page.items.filter((item) => item.image.state !== "removed").map(card)));
}

async function card(item) {
  const { image, requested_by: by } = item, element = made("li");
  const of = image.people > 1 ? " It shows me together with somebody else." : "", use = image.use ? ` For: ${USES[image.use] ?? image.use}.` : "";
  const about = made("p", `${who(by)} asked for it.${use}${of}`);
  if (image.state !== "published") {
    element.append(about, made("p", PICTURE[image.state] ?? image.state, { className: "quiet" }));
    return element;
  }
  try {
    const { parts, url } = await published(image, "A picture of me that somebody else asked for, made by AI");
    urls.push(url);
    element.append(...parts);
  } catch (error) {
    element.append(made("p", error.message)); // this one cannot be shown; the others can
  }
  element.append(about, made("p", stands(item), { className: "quiet" }), buttons(item, element));
  return element;
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
    const next = await card(await post(`/v1/inbox/${image.id}/${word}`));
    element.replaceWith(next);
    next.querySelector("button").focus();
  };
  if (!over && image.visibility !== "shown") offer("Let them see it", () => become("approve"), { className: "main" });
  if (!over && image.visibility !== "hidden") offer(image.visibility === "shown" ? "Hide it" : "Keep it hidden", () => become("hide"));
  offer("Delete", async () => {
    await call("DELETE", `/v1/images/${image.id}`);
    element.remove();
    at("inbox-title").focus();
  }, { className: "danger" });
  return row;
}
