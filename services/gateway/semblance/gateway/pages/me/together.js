// Asking for a picture together with people who let me: each gave me a permission that says so.

import { all, get } from "/me/api.js";
import { at, day, lay, made, on } from "/me/dom.js";
import { USES } from "/me/words.js";

const HALVES = { left: "On the left", right: "On the right", top: "At the top", bottom: "At the bottom" };
const box = (left, top, right, bottom) => ({ left, top, right, bottom });
const BOXES = {
  "the left third": box(0, 0, 1 / 3, 1), "the middle third": box(1 / 3, 0, 2 / 3, 1), "the right third": box(2 / 3, 0, 1, 1),
  "the top left": box(0, 0, 0.5, 0.5), "the top right": box(0.5, 0, 1, 0.5), "the bottom left": box(0, 0.5, 0.5, 1), "the bottom right": box(0.5, 0.5, 1, 1),
};
// What is chosen beforehand for so many, me first.
const USUAL = { 2: ["left", "right"], 3: ["the left third", "the middle third", "the right third"], 4: ["the top left", "the top right", "the bottom left", "the bottom right"] };
const rows = new Map(); // grant id -> { element, tick, place, words }
let most = 1;

const form = () => at("together-how").elements;
const chosen = () => [...rows].filter(([, { tick }]) => tick.checked);
const region = (place) => BOXES[place] ?? place;

export function together(ask) {
  place(form().mine);
  form().use.append(...Object.entries(USES).map(([value, words]) => made("option", words, { value })));
  at("together-how").addEventListener("change", arrange);
  on(at("together-how"), "submit", async () => {
    if (!chosen().length) throw new Error("Say who else is in it.");
    try {
      await ask(wish());
    } finally {
      await showTogether().catch(() => null); // fewer are left, or a permission is gone
    }
    at("together-how").reset();
    arrange();
  });
}

// Only where somebody lets me, and what draws can.
export async function showTogether() {
  const [given, can] = await Promise.all([all("/v1/grants?role=grantee"), get("/v1/capabilities")]);
  const now = given.filter((grant) => grant.state === "allowed" && grant.allowed.together && grant.pictures_left > 0);
  most = can.people_max;
  at("together").hidden = most < 2 || !now.length;
  for (const id of [...rows.keys()]) if (!now.some((grant) => grant.id === id)) rows.delete(id);
  for (const grant of now) rows.set(grant.id, rows.get(grant.id) ?? row(grant));
  for (const grant of now) rows.get(grant.id).about.textContent = about(grant);
  lay(at("together-who"), [...rows.values()].map(({ element }) => element));
  at("together-most").textContent = `At most ${most} people, with me.`;
  arrange();
}

function row({ id, purpose, subject_id: who }) {
  const element = made("div", "", { className: "person" }), label = made("label", "", { className: "tick" }), name = made("span");
  const tick = made("input", "", { type: "checkbox", value: id }), more = made("div"), about = made("small");
  const where = made("label", "Where do they stand?", { className: "field" }), said = made("label", "What is said of them alone?", { className: "field" });
  const spot = place(made("select")), words = made("input", "", { maxLength: 1000, autocomplete: "off" }); // it may stay empty
  name.append(made("b", purpose ? `“${purpose}”` : "Unasked", { dir: "auto" }), made("small", `The account ${who}`), about);
  label.append(tick, name);
  where.append(spot);
  said.append(words);
  more.append(where, said);
  element.append(label, more);
  return { element, tick, more, where, spot, words, about };
}

const about = ({ pictures_left: left, expires_at: until, allowed: { review, allowed_uses: uses } }) => [
  `${left === 1 ? "1 picture" : `${left} pictures`} left, until ${day(until)}.`, review ? "They see each picture first." : "",
  uses.length ? `Only for: ${uses.map((word) => USES[word] ?? word).join(", ")}.` : "",
].filter(Boolean).join(" ");

function place(select) {
  select.append(...Object.entries(HALVES).map(([value, words]) => made("option", words, { value })), ...Object.keys(BOXES).map((words) => made("option", `In ${words}`, { value: words })));
  return select;
}

// What is asked only of those who are in it, and only where each is to stand somewhere of their own.
function arrange({ target } = {}) {
  const who = chosen(), each = form().standing.value === "each", full = who.length + 1 >= most;
  at("together-mine").hidden = !each;
  for (const { tick, more, where } of rows.values()) {
    tick.disabled = full && !tick.checked;
    more.hidden = !tick.checked;
    where.hidden = !each;
  }
  if (target?.type === "checkbox" || target === form().standing) {
    const usual = USUAL[who.length + 1] ?? [];
    [form().mine, ...who.map(([, { spot }]) => spot)].forEach((select, k) => { select.value = usual[k] ?? "left"; });
  }
}

function wish() {
  const { prompt, own, mine, use, standing } = form(), each = standing.value === "each", somewhere = (select) => (each ? { region: region(select.value) } : {});
  return {
    prompt: prompt.value, own_prompt: own.value, ...(use.value ? { use: use.value } : {}), ...somewhere(mine),
    others: chosen().map(([id, { spot, words }]) => ({ grant_id: id, prompt: words.value, ...somewhere(spot) })),
  };
}
