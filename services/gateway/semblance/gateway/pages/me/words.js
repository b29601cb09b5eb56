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

// "semblance.contracts.identity.v1.ConsentGranted" -> "Consent granted"
export function event(type) {
  const words = type.split(".").pop().replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
