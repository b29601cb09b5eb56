// Who asks for pictures of the person, who may have some, and how far anybody may go. What others wrote becomes text.

import { all, call, get, post, session } from "/me/api.js";
import { at, day, go, heir, lay, made, on, say } from "/me/dom.js";
import { inbox, showInbox } from "/me/inbox.js";
import { LEVELS, USES, who } from "/me/words.js";

const ORDER = Object.keys(LEVELS), AGAIN_MS = 4000;
let setting, asking, stale = false, again = 0, looks = 0;
const cards = new Map(); // id of a list -> id of a grant -> what it was made of, and its card

export const allowed = (grants) => grants.filter((grant) => grant.state === "allowed");
export const open = (grants) => grants.filter((grant) => grant.state === "asked");

export const grants = () => all("/v1/grants"); // all of them: one that stands may be older than many that ended

export async function showOthers() {
  at("my-id").textContent = (await get("/v1/me")).subject_id;
  if (await look({ anew: true })) go("others");
  watch();
}

// Asks again while the page is looked at: others ask, give up and have pictures made meanwhile.
function watch() {
  clearTimeout(again);
  again = setTimeout(async () => {
    if (document.querySelector("[data-step=others]").hidden) return;
    if (!document.hidden && !at("allow").open) await look().catch((error) => say(error.message));
    watch();
  }, AGAIN_MS);
}

// Whether this was shown: what is asked later, after an answer for instance, goes before what comes later.
async function look({ anew = false } = {}) {
  const mine = ++looks;
  const [found, level] = await Promise.all([grants(), get("/v1/sharing")]);
  if (mine !== looks) return false;
  await showInbox(found.filter((grant) => grant.state === "withdrawn").map((grant) => grant.id), { anew });
  if (mine !== looks) return false;
  stale = false;
  fill("questions", open(found), questionCard, "Nobody asks now.");
  fill("grants", allowed(found), grantCard, "Nobody.");
  if (anew || level.level !== setting.level) at("how-far").elements.level.value = level.level; // else perhaps chosen, not yet set
  at("how-far-is").textContent = LEVELS[level.level] ?? level.level;
  setting = level;
  return true;
}

function fill(list, found, card, none) {
  const before = cards.get(list), now = new Map();
  let focused = null;
  for (const grant of found) {
    const as = JSON.stringify(grant), old = before?.get(grant.id), next = old?.as === as ? old : { as, element: card(grant) };
    focused ??= next === old ? null : heir(old?.element, next.element);
    now.set(grant.id, next);
  }
  cards.set(list, now);
  lay(at(list), now.size ? [...now.values()].map(({ element }) => element) : [made("li", none)]);
  focused?.focus();
}

export function sharing() {
  inbox();
  at("how-far").elements.level.append(...ORDER.map((level) => made("option", LEVELS[level], { value: level })));
  on(at("how-far"), "submit", async () => {
    await setLevel(at("how-far").elements.level.value);
    await showOthers();
  });
  at("allow-no").addEventListener("click", () => at("allow").close());
  on(at("allow"), "close", () => stale && showOthers());
  on(at("allow-how"), "submit", allow);
}

const setLevel = async (level) => { setting = await call("PUT", "/v1/sharing", { json: { ...setting, level } }); };

const count = (n) => (n === 1 ? "1 picture" : `${n} pictures`);
const days = (n) => (n === 1 ? "1 day" : `${n} days`);
const uses = (words) => words.map((word) => USES[word] ?? word).join(", ");
const together = (scope) => (scope.together ? "Of me alone, or together with others." : "Of me alone, never together with others.");
const line = (words) => made("p", words, { dir: "auto" });

function questionCard({ id, grantee, purpose, asked, asked_at: since }) {
  const card = made("li"), row = made("div", "", { className: "row" }), yes = made("button", "Allow", { className: "main" }), no = made("button", "Refuse");
  card.append(made("p", `${who(grantee)} asks:`), made("blockquote", purpose, { dir: "auto" }), line(`${count(asked.pictures)}, within ${days(asked.days)}.`),
    line(asked.allowed_uses.length ? `For: ${uses(asked.allowed_uses)}.` : "For any use: none was named."), line(together(asked)),
    made("p", `Asked on ${day(since)}.`, { className: "quiet" }), row);
  on(yes, "click", () => openDialog({ id, grantee, purpose, asked }));
  on(no, "click", () => answered(`/v1/grants/${id}/refuse`));
  row.append(yes, no);
  return card;
}

function grantCard({ id, grantee, purpose, asked, allowed: scope, general_limits: general, pictures_left: left, by_level: byLevel, expires_at: until }) {
  const card = made("li", "", { className: "active" }), row = made("div", "", { className: "row" }), end = made("button", "Withdraw", { className: "danger" });
  const unasked = asked === null && grantee.name === null;
  card.append(made("p", unasked ? `The account ${grantee.id}, unasked.` : `${who(grantee)}.`));
  if (purpose) card.append(made("blockquote", purpose, { dir: "auto" }));
  card.append(line(`${count(left)} left of ${scope.pictures}, until ${day(until)}.`),
    line(scope.review ? "I see each picture first." : "Pictures go out without my look."), line(together(scope)));
  const limits = { "My limits": [...general, ...scope.limits], "Styles I refuse": scope.denied_styles, "For": scope.allowed_uses.map((word) => USES[word] ?? word), "Uses I refuse": scope.denied_uses };
  for (const [name, words] of Object.entries(limits)) if (words.length) card.append(line(`${name}: ${words.join("; ")}.`));
  if (byLevel) card.append(made("p", "Given by my level, without a question.", { className: "quiet" }));
  on(end, "click", () => answered(`/v1/grants/${id}/withdraw`));
  row.append(end);
  card.append(row);
  return card;
}

async function answered(path) {
  await post(path);
  await showOthers();
}

// The level that this question needs where the present one does not do; "" where it does.
function needed(grantee) {
  const least = grantee.is_app ? "apps" : "people";
  return ORDER.indexOf(setting.level) < ORDER.indexOf(least) ? least : "";
}

function openDialog(question) {
  asking = question;
  const { grantee, purpose, asked } = question, form = at("allow-how").elements, raise = needed(grantee);
  at("allow-how").reset();
  at("allow-problem").textContent = "";
  at("allow-who").textContent = who(grantee);
  at("allow-purpose").textContent = purpose;
  for (const name of ["pictures", "days"]) Object.assign(form[name], { max: asked[name], value: asked[name] });
  at("allow-uses").textContent = asked.allowed_uses.length ? `For: ${uses(asked.allowed_uses)}, and nothing else.` : "For any use: none was named.";
  at("allow-together").hidden = !asked.together;
  at("allow-raise").hidden = !raise;
  form.raise.required = Boolean(raise);
  at("raise-words").textContent = raise ? `Raise how far others may go from “${LEVELS[setting.level]}” to “${LEVELS[raise]}” Nobody gets more by it than I allow.` : "";
  at("allow").showModal();
}

// What is refused is said in the dialog, because the page behind cannot be read now.
async function allow() {
  const form = at("allow-how").elements, { id, grantee, asked } = asking, raise = needed(grantee);
  at("allow-problem").textContent = "";
  const limits = form.limits.value.split("\n").map((words) => words.trim()).filter(Boolean);
  try {
    if (raise) await setLevel(raise);
    await post(`/v1/grants/${id}/allow`, {
      pictures: Number(form.pictures.value), days: Number(form.days.value), review: form.review.checked, limits, together: asked.together && form.together.checked,
    });
  } catch (error) {
    if (!session.kept) {
      stale = false;
      at("allow").close();
      throw error;
    }
    stale = true; // the question may be gone, the level raised: the page behind is asked for anew afterwards
    at("allow-problem").textContent = error.message;
    return;
  }
  stale = true;
  at("allow").close();
}
