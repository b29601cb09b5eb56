"use strict";
// A notice goes to POST /v1/takedowns; everything that comes back is shown as text.

const at = (id) => document.getElementById(id);
let version = "";

function say(problem) {
  at("problem").textContent = problem;
  at("problem").hidden = !problem;
}

function when(text) {
  const how = { day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", timeZone: "UTC" };
  return `${new Date(text).toLocaleString("en-GB", how)} UTC`;
}

async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { credentials: "omit", ...options });
  } catch {
    throw new Error("The platform does not answer. Try again in a moment.");
  }
  const body = await response.json();
  if (!response.ok) throw new Error([body.detail, body.remedy].filter(Boolean).join(". "));
  return body;
}

function words(receipt) {
  if (receipt.state === "accepted") return `Accepted on ${when(receipt.decided_at)}: what we publish of it is taken down.`;
  if (receipt.state === "refused") return `Refused on ${when(receipt.decided_at)}.`;
  return `Waiting. Somebody decides before ${when(receipt.due_at)}.`;
}

function about(receipt) {
  const hidden = receipt.hidden ? " Until then nobody can fetch it here." : "";
  if (receipt.pictures === 0) return "We did not find the picture by ourselves; a person will search for it.";
  const many = receipt.pictures === 1 ? "It is about one picture" : `It is about ${receipt.pictures} pictures that look the same`;
  return `${many} published here.${hidden}`;
}

function lacking() {
  if (!at("picture").files.length && !at("image").value.trim()) return "Choose the picture, or give a link or its id.";
  if (at("signed_name").value.trim().length < 2) return "Type your full name.";
  if (at("contact").value.trim().length < 3) return "Say how we can reach you.";
  if (!at("confirmed").checked) return "Confirm the statement with the tick.";
  return "";
}

at("notice").addEventListener("submit", async (event) => {
  event.preventDefault();
  say(lacking());
  if (!at("problem").hidden) return;
  const button = at("notice").querySelector("button"), form = new FormData();
  for (const name of ["signed_name", "contact", "relation", "reason", "image"]) form.append(name, at(name).value);
  form.append("statement_version", version);
  form.append("confirmed", "true");
  if (at("picture").files.length) form.append("picture", at("picture").files[0], "picture");
  button.disabled = true;
  try {
    const receipt = await ask("/v1/takedowns", { method: "POST", body: form });
    at("state").textContent = "Your request is here.";
    at("about").textContent = `${words(receipt)} ${about(receipt)}`;
    at("reference").textContent = receipt.reference;
    at("receipt").hidden = false;
    at("notice").hidden = true;
    at("receipt").scrollIntoView({ block: "nearest" });
  } catch (error) {
    say(error.message);
  } finally {
    button.disabled = false;
  }
});

at("status").addEventListener("submit", async (event) => {
  event.preventDefault();
  const reference = at("asked").value.trim();
  if (!reference) return;
  try {
    at("told").textContent = words(await ask(`/v1/takedowns/${encodeURIComponent(reference)}`));
  } catch (error) {
    at("told").textContent = error.message;
  }
});

ask("/v1/takedown-statement").then((statement) => {
  version = statement.version;
  at("statement").textContent = statement.text;
}).catch((error) => say(error.message));
