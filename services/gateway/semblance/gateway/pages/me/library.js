// The person's photos: sent one after the other, looked at by the platform, told in its own words.

import { all, call, get, newKey } from "/me/api.js";
import { at, made, say } from "/me/dom.js";

export function photoDrop(consentFor, changed) {
  const drop = at("photo-drop"), files = at("photo-files");
  files.addEventListener("change", () => send([...files.files]));
  for (const kind of ["dragenter", "dragover"]) {
    drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over"); });
  }
  for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => { event.preventDefault(); send([...event.dataTransfer.files]); });

  async function send(chosen) {
    const consentId = consentFor("photos"), refused = [];
    if (!chosen.length) return;
    if (!consentId) return say("Keeping your photos needs a consent for it. Give one under “What I have given”.");
    say();
    at("sent").max = chosen.length;
    at("sent").hidden = at("sending").hidden = false;
    for (const [k, file] of chosen.entries()) {
      at("sending").textContent = `Sending ${k + 1} of ${chosen.length} …`;
      const form = new FormData();
      form.append("consent_id", consentId);
      form.append("photo", file, "photo"); // its name may say whom it shows
      await call("POST", "/v1/photos", { form, once: newKey() }).catch((error) => refused.push(`${file.name}: ${error.message}`));
      at("sent").value = k + 1;
    }
    files.value = "";
    at("sent").hidden = at("sending").hidden = true;
    if (refused.length) say(refused.join(" "));
    await changed();
  }
}

let scored = ""; // which photos the score is of: they are opened for it, so it is asked once for each set

// Whether some are still being looked at. trainConsent: the consent that a score may be asked under.
export async function showPhotos(trainConsent) {
  const photos = await all("/v1/photos"); // a page of them would tell a wrong number
  const of = (state) => photos.filter((photo) => photo.state === state);
  const used = of("accepted").length, open = of("received").length;
  at("photo-count").textContent = photos.length ? `${used} used${open ? `, ${open} being looked at` : ""}.` : "None yet.";
  at("unused").hidden = !of("refused").length;
  at("verdicts").replaceChildren(...of("refused").map((photo) => made("li", photo.verdict || photo.reason_code)));
  if (!open) await showScore(of("accepted"), trainConsent);
  return open > 0;
}

// What they are worth to learn from, and what would make them better. The page does without where it cannot be had.
async function showScore(photos, trainConsent) {
  const set = trainConsent && photos.length ? [trainConsent, ...photos.map((photo) => photo.id)].join() : "";
  if (set === scored) return;
  scored = set;
  const found = set && await get(`/v1/photos/score?consent_id=${trainConsent}`).catch(() => null);
  at("photo-score").hidden = !found;
  if (!found) return;
  at("score").textContent = `Good to learn from: ${found.score_0_100} of 100.`;
  at("score-advice").replaceChildren(...found.findings.map((finding) => made("li", finding.advice)));
}
