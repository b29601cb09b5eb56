"use strict";
// One page: a picture goes to POST /v1/verify, the answer is shown as text. Nothing is kept, here or there.

const at = (id) => document.getElementById(id);
const FOUND = {
  manifest: "its Content Credentials", bytes: "the file itself", watermark: "an invisible mark in its pixels",
  fingerprint: "how it looks",
};
const CONSENT = {
  active: "given, stands", withdrawn: "withdrawn", expired: "expired", erased: "the person was erased",
  unknown: "cannot be said now",
};
const FILE = {
  Trusted: "whole, by a signer on this platform's list", Valid: "whole, by somebody we do not know",
  Invalid: "do not hold, or cannot be read", None: "none in the file",
};

let asked = 0;

function say(problem) {
  at("problem").textContent = problem;
  at("problem").hidden = !problem;
}

function day(text) {
  return new Date(text).toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
}

function fact(name, value) {
  if (!value) return;
  const term = document.createElement("dt"), words = document.createElement("dd");
  term.textContent = name;
  words.textContent = value;
  at("facts").append(term, words);
}

function show(found) {
  const answer = at("answer");
  const ended = ["withdrawn", "expired", "erased"].includes(found.consent_state) || found.borrowed;
  const certain = found.found_by !== "fingerprint" && !found.unsure; // a likeness has a colour of its own
  answer.className = ended ? "ended" : found.consent_state === "active" && certain ? "stands" : found.made_here ? "made" : "";
  at("verdict").textContent = found.headline;
  at("sentences").replaceChildren(...found.sentences.map((sentence) => {
    const item = document.createElement("li");
    item.textContent = sentence;
    return item;
  }));
  at("facts").replaceChildren();
  if (found.made_here) {
    const since = found.consent_at ? ` (${found.consent_state === "active" ? "until" : "on"} ${day(found.consent_at)})` : "";
    fact("Consent", CONSENT[found.consent_state] + since);
  }
  if (found.found_by) {
    const sure = found.found_by === "fingerprint"
      ? `, ${Math.round(100 * found.confidence_0_1)} % alike` : found.found_by === "watermark" && certain ? ", certain" : "";
    fact("Recognised by", FOUND[found.found_by] + sure);
  }
  fact("Content Credentials", FILE[found.state]);
  fact("Signed", found.signed_at && day(found.signed_at));
  fact("Here", found.picture_state);
  at("raw").textContent = JSON.stringify(found, null, 2);
  answer.hidden = false;
}

async function look(file) {
  const mine = ++asked;
  say("");
  at("answer").hidden = true;
  at("empty").hidden = true;
  const preview = at("preview");
  if (preview.src) URL.revokeObjectURL(preview.src);
  preview.src = URL.createObjectURL(file);
  preview.hidden = false;
  document.body.classList.add("busy");
  try {
    const form = new FormData();
    form.append("image", file, "picture");
    const response = await fetch("/v1/verify", { method: "POST", body: form, credentials: "omit" });
    const body = await response.json();
    if (mine !== asked) return; // another picture was chosen meanwhile
    if (response.ok) show(body);
    else say([body.detail, body.remedy].filter(Boolean).join(". "));
    document.dispatchEvent(new CustomEvent("verified", { detail: { file, found: response.ok ? body : null } }));
  } catch {
    if (mine === asked) say("The platform does not answer. Try again in a moment.");
  } finally {
    document.body.classList.remove("busy");
  }
}

at("file").addEventListener("change", () => at("file").files.length && look(at("file").files[0]));
for (const name of ["dragenter", "dragover"]) {
  at("drop").addEventListener(name, (event) => { event.preventDefault(); at("drop").classList.add("over"); });
}
for (const name of ["dragleave", "drop"]) {
  at("drop").addEventListener(name, () => at("drop").classList.remove("over"));
}
at("drop").addEventListener("drop", (event) => {
  event.preventDefault();
  if (event.dataTransfer.files.length) look(event.dataTransfer.files[0]);
});
