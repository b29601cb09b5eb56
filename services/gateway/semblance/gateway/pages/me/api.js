// The gateway's API from this page: a token in the tab's memory, errors in the words that the API gives.

const TOKEN = "semblance-token", DEVICE = "semblance-device";

export class Problem extends Error {
  constructor(status, body, retryAfterS) {
    const long = retryAfterS >= 60 ? `You may try again at ${new Date(Date.now() + 1000 * retryAfterS).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" })}` : "";
    super([body.detail, long || body.remedy].filter(Boolean).map(sentence).join(" ") || "The platform does not answer. Try again in a moment.");
    Object.assign(this, { status, code: body.code ?? "", errors: body.errors ?? [], retryAfterS });
  }
}

function sentence(text) {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}

// sessionStorage goes with the tab and is not shared with others; localStorage would outlive both.
export const session = {
  get kept() { return JSON.parse(sessionStorage.getItem(TOKEN) ?? "null"); },
  keep(value) { sessionStorage.setItem(TOKEN, JSON.stringify(value)); },
  end() { sessionStorage.removeItem(TOKEN); },
};

// A random id that says nothing of the person; failed captures are counted by it too. It must outlive the tab.
export function deviceId() {
  const made = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  try {
    if (!localStorage.getItem(DEVICE)) localStorage.setItem(DEVICE, made);
    return localStorage.getItem(DEVICE);
  } catch {
    return made; // storage is switched off: a new device each time
  }
}

export async function call(method, path, { json, form, once, bytes } = {}) {
  const headers = {};
  if (session.kept) headers.Authorization = `Bearer ${session.kept.token}`;
  if (json) headers["Content-Type"] = "application/json";
  if (once) headers["Idempotency-Key"] = once;
  let response;
  try {
    response = await fetch(path, { method, headers, body: json ? JSON.stringify(json) : form, credentials: "omit", cache: "no-store" });
  } catch {
    throw new Problem(0, {});
  }
  if (bytes && response.ok) return response.blob();
  const text = await response.text();
  const body = /json/.test(response.headers.get("Content-Type") ?? "") && text ? JSON.parse(text) : text;
  if (response.status === 401 && body.code === "invalid-token" && session.kept) { // a wrong password is a 401 too
    session.end();
    document.dispatchEvent(new Event("signed-out"));
    throw new Problem(401, { detail: "you were signed out, elsewhere or because an hour is over", remedy: "sign in again" });
  }
  if (!response.ok) throw new Problem(response.status, Object(body) === body ? body : {}, Number(response.headers.get("Retry-After")) || 0);
  return body;
}

export const get = (path) => call("GET", path);
export const post = (path, json, once) => call("POST", path, { json, once });

// The first pages of a list, newest first, and what the page behind them begins after: null where there is none.
export async function pagesOf(path, pages, limit) {
  const items = [];
  let after = "";
  for (let page = 0; page < pages && after !== null; page += 1) {
    const told = await get(`${path}${path.includes("?") ? "&" : "?"}limit=${limit}${after && `&after=${encodeURIComponent(after)}`}`);
    items.push(...told.items);
    after = told.next_after;
  }
  return { items, after };
}

// Everything of a list, page after page.
export const all = async (path) => (await pagesOf(path, Infinity, 100)).items;

// One key for one wish: sent again after a lost answer it makes nothing twice.
export const newKey = () => crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`;
