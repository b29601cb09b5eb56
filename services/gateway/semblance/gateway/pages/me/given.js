// What the person has said yes to, what came of it, and the ways back.

import { get, post, session } from "/me/api.js";
import { at, day, go, made, on, save, say } from "/me/dom.js";
import { allowed, grants, open } from "/me/sharing.js";
import { showSignIns } from "/me/signed_in.js";
import { event, LEVELS, purposes } from "/me/words.js";

const ERASING_EVERY_MS = 1000;
const LOG_EVERY_MS = 3000; // entries arrive by events: a moment after what they tell
let again = 0;

export async function showGiven() {
  const [consents, sharing, found] = await Promise.all([get("/v1/consents?limit=100"), get("/v1/sharing"), grants()]);
  at("consents").replaceChildren(...consents.items.map(consentCard));
  if (!consents.items.length) at("consents").append(made("li", "Nothing yet."));
  at("level").textContent = LEVELS[sharing.level] ?? sharing.level;
  const asking = open(found).length, have = allowed(found).length;
  at("asking").textContent = `${asking || "No"} question${asking === 1 ? " waits" : "s wait"} for my answer; ${have || "no"} permission${have === 1 ? " of mine stands" : "s of mine stand"}.`;
  at("log").open = at("password").open = false;
  await showSignIns();
  go("given");
}

export function given({ give, leave }) {
  on(at("give"), "click", give);
  on(at("log"), "toggle", showLog);
  at("erase").addEventListener("click", () => at("sure").showModal());
  at("sure-no").addEventListener("click", () => at("sure").close());
  at("sure").addEventListener("close", () => { // told a moment later: it may be open again, with something typed
    if (at("sure").open) return;
    at("sure-how").reset();
    at("sure-problem").textContent = "";
  });
  on(at("sure-how"), "submit", async () => {
    const password = at("sure-how").elements.password.value;
    at("sure-how").reset();
    at("sure-problem").textContent = "";
    const erasure = await post("/v1/erasures", { password }).catch((error) => {
      if (session.kept) at("sure-problem").textContent = error.message; // the page behind cannot be read now
      else at("sure").close();
      if (!session.kept) throw error;
    });
    if (!erasure) return;
    at("sure").close();
    history.replaceState(null, "", `#erasure=${erasure.id}`); // a reload comes back to it, for the receipt
    leave();
    await showErasing();
  });
}

export function consentCard(consent) {
  const card = made("li", "", { className: consent.state });
  const words = { active: `Active until ${day(consent.expires_at)}`, expired: `Ended on ${day(consent.expires_at)}`, withdrawn: `Withdrawn on ${day(consent.revoked_at)}` };
  card.append(made("p", `I agreed to: ${purposes(consent.purposes)}.`), made("p", `${words[consent.state]}. Given on ${day(consent.granted_at)}.`, { className: "quiet" }));
  const row = made("div", "", { className: "row" });
  if (consent.state === "active") row.append(withdrawButton(`/v1/consents/${consent.id}/revoke`));
  row.append(receiptButton(consent.id));
  card.append(row);
  return card;
}

function withdrawButton(path) {
  const button = made("button", "Withdraw", { className: "danger" });
  on(button, "click", async () => {
    await post(path);
    await showGiven();
  });
  return button;
}

function receiptButton(id) {
  const button = made("button", "Save the receipt");
  on(button, "click", async () => save(`consent-${id}.json`, JSON.stringify(await get(`/v1/consents/${id}/receipt`), null, 1), "application/json"));
  return button;
}

async function showLog() {
  clearTimeout(again);
  if (!at("log").open || !at("log").checkVisibility()) return;
  again = setTimeout(() => showLog().catch((error) => say(error.message)), LOG_EVERY_MS);
  const log = await get("/v1/audit?limit=50");
  at("entries").replaceChildren(...log.items.map((entry) => made("li", `${new Date(entry.at).toLocaleString("en-GB")}: ${event(entry.event_type)}`)));
  if (!log.items.length) at("entries").append(made("li", "Nothing yet."));
}

const ERASURE = /^#erasure=([0-9a-f-]{36})$/;

export const isErasing = () => ERASURE.test(location.hash);

export async function showErasing() {
  go("erased");
  for (;;) {
    const now = await get(`/v1/erasures/${ERASURE.exec(location.hash)[1]}`), running = now.state !== "completed";
    at("erasing").replaceChildren(made("p", running ? `Your key is destroyed; nothing sealed with it can be read any more. Still clearing: ${now.waiting_for.join(", ")}. Stay here for your receipt.`
      : "Everything about you has been destroyed, and this account with it."));
    if (!running) return done(now);
    await new Promise((later) => setTimeout(later, ERASING_EVERY_MS));
  }
}

async function done(erasure) {
  const receipt = await get(`/v1/erasures/${erasure.id}/receipt`);
  const list = await get(`/v1/erasures/${erasure.id}/items`).catch(() => null); // kept for some weeks only
  session.end();
  const counts = made("ul");
  counts.append(...erasure.stores.filter((store) => store.count).map((store) => made("li", `${store.service}, ${store.store}: ${store.count}`)));
  const keep = made("button", "Save the signed receipt", { className: "main" });
  on(keep, "click", () => save(`erasure-${erasure.id}.jws`, receipt, "application/jose"));
  const row = made("div", "", { className: "row" });
  row.append(keep);
  if (list) {
    const items = made("button", "Save the list");
    on(items, "click", () => save(`erasure-${erasure.id}-items.json`, JSON.stringify(list), "application/json"));
    row.append(items);
  }
  at("erasing").append(counts, row);
}
