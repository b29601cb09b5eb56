// What the page says about movements, purposes, levels, uses, accounts and events.

// The signs are those of a mirror: the person's own left is on the left.
export const MOVEMENTS = {
  turn_left: { name: "turn left", first: "Turn your head to your left", then: "… and back to the middle", sign: "←" },
  turn_right: { name: "turn right", first: "Turn your head to your right", then: "… and back to the middle", sign: "→" },
  nod: { name: "nod", first: "Nod: chin down", then: "… and up again", sign: "↓" },
  blink: { name: "close both eyes", first: "Close both eyes until the tone", then: "Open your eyes", sign: "–" },
};
export const PURPOSES = { photos: "keep my photos", train: "learn how I look", generate: "make pictures of me" };
export const LEVELS = {
  only_me: "Only me.", people: "Also people whom I approve.", apps: "Also people and verified apps whom I approve.",
  everyone: "Everyone here, within my limits.",
};

export const USES = {
  personal: "themselves alone", "social-media": "social media", "greeting-card": "greeting cards", editorial: "news and articles", advertising: "advertising",
  political: "politics", dating: "dating", "commercial-product": "things that are sold", other: "other things",
};

// A handle may read like an app's name, so whether the operator has verified it is always said.
export function who({ name, is_app: isApp }) {
  if (!name) return "Somebody whose account is gone";
  return isApp ? `The app ${name} (verified by this platform)` : `The person ${name} (an account here, not a verified app)`;
}

export const purposes = (words) => Object.keys(PURPOSES).filter((word) => words.includes(word)).map((word) => PURPOSES[word]).join(", ");

// Why a picture did not come, in words that say what may help; a code that is not here is left to the audit log.
export const WHY = {
  "no-face": "no face can be seen in it: say more of the person", "face-not-covered": "the face in it is not like mine enough: ask again, or learn anew from more photos",
  "face-of-another-person": "it came to look like another person: ask again", "face-of-library-person": "it came to look like somebody else in my photos: ask again",
  "public-figure": "it came to look like a public figure: ask again", "protected-face": "it came to look like somebody who is protected here",
  "too-many-faces": "it shows more faces than people: ask for fewer", nudity: "it shows too much skin", unreadable: "it could not be read: ask again",
  "check-unavailable": "it could not be checked: ask again later", "review-refused": "a person looked at it and refused it", "review-expired": "nobody decided on it in time: ask again",
  "prompt-refused": "what was to be seen is not allowed here: ask for something else", "person-missing": "not everybody could be recognised in it: ask again",
  "consent-of-another-required": "not everybody in it agrees, or not any more", "consent-required": "there is no consent for it",
  "consent-revoked": "its consent was taken back", "consent-expired": "its consent is over: give a new one",
  "adapter-not-ready": "how I look was not learnt yet", "adapter-revoked": "what was learnt of me was taken back", "adapter-damaged": "what was learnt of me, or of somebody beside me, cannot be read: learn anew",
  "adapter-unusable": "no picture came of what was learnt of me: ask again, or learn anew", "object-not-found": "what was learnt of me is not there any more: learn anew",
  "seal-broken": "what was learnt of me, or of somebody beside me, cannot be read: learn anew", "not-found": "what was learnt of me is not there any more: learn anew",
  "prompt-too-long": "what was to be seen has too many words: say less", "request-invalid": "it cannot be drawn like that here: ask for another size, or for fewer people",
  "out-of-memory": "it was too large for the machine that draws: ask for a smaller one, or again later", "engine-broken": "the machine that draws failed at it: ask again",
  "engine-closed": "the machine that draws was away: ask again later", "store-unavailable": "what keeps my things was away: ask again later",
  unavailable: "a part of this platform was away: ask again later", internal: "a fault of this platform ended it: ask again",
  "not-begun-in-time": "it waited too long: ask again", "source-gone": "the picture that it was made from is gone", "source-unusable": "the picture to change cannot be read",
  "no-face-in-source": "no face was found in the picture to change", "too-many-edits": "it was changed too often", "engine-away": "the machine that draws was away: ask again later",
};

// "semblance.contracts.identity.v1.ConsentGranted" -> "Consent granted"
export function event(type) {
  const words = type.split(".").pop().replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
