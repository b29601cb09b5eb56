// What is not decided yet: a check that ended, or a review instead of it. The link in the address bar leads back here.

import { get, newKey, post } from "/me/api.js";
import { at, day, go, made, on } from "/me/dom.js";

const asked = () => new URLSearchParams(location.hash.slice(1));
const ID = /^[0-9a-f-]{36}$/;
let next;

export function isWaiting() {
  return ID.test(asked().get("session") ?? asked().get("review") ?? "");
}

export function wait({ anew, then }) {
  on(at("from-waiting"), "click", async () => {
    const act = next;
    history.replaceState(null, "", location.pathname);
    if (act !== "grant") return anew();
    return then(await grant());
  });
}

let review;

export async function showStanding() {
  const session = asked().get("session");
  if (session) standsSession(await get(`/v1/capture-sessions/${session}`));
  else standsReview(await get(`/v1/identity-reviews/${asked().get("review")}`));
  go("waiting");
}

function standsSession({ state, advice }) {
  next = "anew";
  at("from-waiting").textContent = "Begin a new check";
  const ends = { failed: "This check has ended without a yes.", expired: "The time for this check is over.", succeeded: "This check was passed." };
  tell(ends[state] ?? "This check is not finished.", ...advice, keepWords(),
    "Five checks that fail in two days make a pause of half an hour, and further ones longer pauses.");
}

function standsReview(found) {
  review = { id: found.id, purposes: (asked().get("purposes") ?? "").split(",").filter(Boolean), days: Number(asked().get("days")) || 365 };
  next = found.state === "allowed" ? "grant" : "anew";
  at("from-waiting").textContent = next === "grant" ? "Give my consent" : "Back to the start";
  const words = { open: "A person will look at your case.", allowed: "You have been let in.", refused: "You could not be let in." };
  tell(words[found.state] ?? found.state, found.advice, found.usable_until ? `Good until ${day(found.usable_until)}.` : "",
    found.state === "open" ? keepWords() : "");
}

const keepWords = () => "Keep the address of this page: it leads back to how this stands.";

const grant = () => post("/v1/consents", { review_id: review.id, purposes: review.purposes, days: review.days }, newKey());

function tell(...lines) {
  at("standing").replaceChildren(...lines.filter(Boolean).map((line) => made("p", line)));
}
