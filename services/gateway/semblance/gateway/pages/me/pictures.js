// Learning how the person looks, and pictures that carry Content Credentials.

import { call, get, newKey, pagesOf, post, session } from "/me/api.js";
import { at, day, go, lay, made, on, save, say } from "/me/dom.js";
import { photoDrop, showPhotos } from "/me/library.js";
import { showTogether, together } from "/me/together.js";
import { WHY } from "/me/words.js";

const LIMIT = 20;
const AGAIN_MS = 1500, LATER_MS = 5000; // what is being made; what waits for another's word
const LEARNING = ["queued", "training"], MAKING = ["queued", "running", "quarantined"];
const ADAPTER = {
  queued: "Waiting for its turn …", training: "Learning. This takes some minutes; you may leave this page …", ready: "Learnt. You can ask for pictures.",
  failed: "It did not work. Try again.", revoked: "Destroyed, because its consent ended.", removed: "Removed.",
};
export const PICTURE = {
  queued: "Waiting for its turn …", running: "Being made …", quarantined: "Being checked …", in_review: "A person looks at it; that can take a day.",
  blocked: "Held back by the filter", failed: "Could not be made", revoked: "Stopped, because its consent ended",
};
// Of a picture of several that is out, to whoever asked: anybody in it may keep it back.
const KEPT_BACK = { waiting: "It is made. I get it once everybody in it lets me.", hidden: "Somebody in it keeps it from me." };
let consents = [], adapter = null, again = 0, edited = "", pages = 1;
const cards = new Map();

const consentFor = (purpose) => consents.find((consent) => consent.state === "active" && consent.purposes.includes(purpose))?.id;
const shown = () => !document.querySelector("[data-step=pictures]").hidden;

export function pictures({ give }) {
  photoDrop(consentFor, look);
  on(at("train"), "click", async () => {
    if (!consentFor("train")) return give();
    await post("/v1/adapters", { consent_id: consentFor("train") }, newKey());
    await look();
  });
  editing();
  on(at("pictures-more"), "click", () => {
    pages += 1;
    return look();
  });
  together(async (wish) => {
    if (adapter?.state !== "ready") throw new Error("First let the platform learn how you look.");
    await post("/v1/images", { adapter_id: adapter.id, ...wish }, newKey());
    await look();
  });
  on(at("ask"), "submit", async () => {
    if (adapter?.state !== "ready") throw new Error("First let the platform learn how you look.");
    await post("/v1/images", { adapter_id: adapter.id, prompt: at("ask").elements.prompt.value }, newKey());
    await look();
  });
}

// A dialog, because the cards are laid out anew while something is on its way.
function editing() {
  at("edit-no").addEventListener("click", () => at("edit").close());
  const form = at("edit-how").elements, much = () => ({ strength: Number(form.strength.value) });
  on(at("edit-how"), "submit", () => askedFor("edits", { prompt: form.prompt.value, keep: form.keep.value, ...much() }));
  on(at("edit-vary"), "click", () => askedFor("variations", much()));
}

// The dialog closes once it is asked for; what is refused is said in it, because the page behind cannot be read now.
async function askedFor(what, wish) {
  at("edit-problem").textContent = "";
  try {
    await post(`/v1/images/${edited}/${what}`, wish, newKey());
  } catch (error) {
    if (!session.kept) {
      at("edit").close();
      throw error;
    }
    at("edit-problem").textContent = error.message;
    return;
  }
  at("edit").close();
  await look();
}

export async function showPictures() {
  consents = (await get("/v1/consents?limit=100")).items;
  for (const { url } of cards.values()) URL.revokeObjectURL(url);
  cards.clear();
  pages = 1;
  at("pictures").replaceChildren();
  go("pictures");
  await Promise.all([showTogether(), look()]);
}

// How everything stands; asks again while something is on its way and the page is looked at.
async function look() {
  clearTimeout(again);
  const busy = [await showPhotos(consentFor("train")), await showAdapter()], images = await showImages();
  const soon = busy.includes(true) || images.some((image) => MAKING.includes(image.state));
  if (soon || images.some(keptBack)) again = setTimeout(() => shown() && look().catch((error) => say(error.message)), soon ? AGAIN_MS : LATER_MS);
}

async function showAdapter() {
  const all = (await get("/v1/adapters?limit=100")).items;
  adapter = all.find((one) => one.state === "ready") ?? all[0] ?? null;
  const newest = all[0];
  const words = newest ? ADAPTER[newest.state] ?? "Not good enough, and destroyed." : "Not learnt yet.";
  at("adapter").textContent = [words, newest?.advice].filter(Boolean).join(" ");
  at("train").textContent = consentFor("train") ? (adapter?.state === "ready" ? "Learn anew" : "Learn how I look") : "Give a consent for this";
  at("train").disabled = LEARNING.includes(newest?.state);
  return LEARNING.includes(newest?.state);
}

async function showImages() {
  const { items, after } = await pagesOf("/v1/images", pages, LIMIT), images = items.filter((image) => image.state !== "removed");
  for (const image of images) if (cards.get(image.id)?.as !== stands(image)) cards.set(image.id, { ...await card(image), as: stands(image) });
  lay(at("pictures"), images.map((image) => cards.get(image.id).element));
  at("pictures-more").hidden = after === null;
  return images;
}

const keptBack = (image) => image.state === "published" && image.people > 1 && image.visibility !== "shown";
const stands = (image) => `${image.state} ${image.visibility}`;
const why = ({ reason_codes: codes, state }) => {
  if (!["blocked", "failed", "revoked"].includes(state)) return "";
  const words = state === "revoked" ? [] : codes.filter((code) => code in WHY).map((code) => WHY[code]);
  return words.length ? `: ${words.join("; ")}.` : ".";
};

async function card(image) {
  const element = made("li"), several = image.people > 1;
  if (several) element.append(made("p", `Of me and ${image.people === 2 ? "somebody else" : `${image.people - 1} others`}.`, { className: "quiet" }));
  if (image.state !== "published") {
    element.append(made("p", (PICTURE[image.state] ?? image.state) + why(image)));
    return { element };
  }
  const picture = keptBack(image) ? { parts: [made("p", KEPT_BACK[image.visibility] ?? image.visibility)] }
    : await published(image, several ? "A picture of me with others, made by AI" : "A picture of me, made by AI")
      .catch((error) => ({ parts: [made("p", error.message)] })); // a permission was taken back, perhaps; the others can be shown
  const { bytes, parts, url } = picture;
  const row = made("div", "", { className: "row" }), keep = made("button", "Save"), change = made("button", "Change", { className: "change" }), drop = made("button", "Delete", { className: "danger" });
  on(keep, "click", () => save(`picture-${image.id}.png`, bytes, bytes.type));
  on(drop, "click", async () => {
    await call("DELETE", `/v1/images/${image.id}`);
    await look();
  });
  change.addEventListener("click", () => {
    edited = image.id;
    at("edit-how").reset();
    at("edit-problem").textContent = "";
    at("edit-of").src = url;
    const { keep: stays } = at("edit-how").elements, faces = several ? "our faces" : "my face";
    stays.options[1].textContent = several ? "Our faces" : "My face";
    stays.options[2].textContent = `What is around ${faces}`;
    at("edit").showModal();
  });
  row.append(...(url ? [keep, change] : []), drop);
  element.append(...parts, row);
  return { element, url };
}

// The picture and the badge of one that is out; whoever shows it lets go of the url.
export async function published(image, alt) {
  const [bytes, manifest] = await Promise.all([call("GET", `/v1/images/${image.id}/content`, { bytes: true }), get(`/v1/images/${image.id}/manifest`)]);
  const url = URL.createObjectURL(bytes);
  const badge = made("p");
  badge.append(made("span", "Content Credentials", { className: "made", title: "Signed into the file: made by AI, with the consent of the person in it" }),
    made("span", ` signed on ${day(manifest.signed_at)}`));
  return { bytes, parts: [made("img", "", { src: url, alt }), badge], url };
}
