// Puts the steps together: sign in, read and sign, camera, done; and what was given before.

import { call, get, session } from "/me/api.js";
import { at, go, on, say } from "/me/dom.js";
import { enter, stillHere } from "/me/entering.js";
import { consentCard, given, isErasing, showErasing, showGiven } from "/me/given.js";
import { pictures, showPictures } from "/me/pictures.js";
import { begin, off, prove } from "/me/proving.js";
import { sharing, showOthers } from "/me/sharing.js";
import { signedIn } from "/me/signed_in.js";
import { showNotice, sign } from "/me/signing.js";
import { isWaiting, showStanding, wait } from "/me/waiting.js";

async function home() {
  off();
  at("nav").hidden = !session.kept;
  if (!session.kept) return go("enter");
  at("who").textContent = session.kept.handle;
  if (isWaiting()) return showStanding();
  const consents = await get("/v1/consents?limit=100");
  return consents.items.length ? showGiven() : toSign();
}

async function toSign() {
  await showNotice();
  go("sign");
}

function done(consent) {
  at("granted").replaceChildren(consentCard(consent));
  go("done");
}

async function waiting(hash) {
  history.replaceState(null, "", `#${hash}`);
  await showStanding();
}

async function signOut() {
  const untold = await call("DELETE", "/v1/sessions/current").then(() => "", (error) => (session.kept ? error.message : ""));
  session.end();
  location.hash = "";
  await home();
  if (untold) say(`${untold} You are signed out in this tab; elsewhere the sign-in ends by itself, after an hour at most.`);
}

enter(home);
sign(begin);
prove({ then: done, waiting });
document.addEventListener("signed-out", home);
wait({ anew: toSign, then: done });
given({ give: toSign, leave: () => { at("nav").hidden = true; } });
pictures({ give: toSign });
sharing();
signedIn();
on(at("see-given"), "click", showGiven);
on(at("to-given"), "click", async () => { off(); await showGiven(); });
for (const id of ["to-others", "see-others"]) on(at(id), "click", async () => { off(); await showOthers(); });
for (const id of ["to-pictures", "see-pictures"]) on(at(id), "click", async () => { off(); await showPictures(); });
on(at("sign-out"), "click", signOut);
addEventListener("pagehide", off);
try {
  if (isErasing() && session.kept) await showErasing();
  else if (await stillHere()) await home();
  else go("enter");
} catch (error) {
  go("enter");
  say(error.message);
}
