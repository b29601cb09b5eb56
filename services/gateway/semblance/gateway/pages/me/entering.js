// Signing in and out, and making an account.

import { call, get, newKey, post, session } from "/me/api.js";
import { at, on } from "/me/dom.js";

const form = () => at("enter");
const isNew = () => form().elements.how.value === "new";

export function enter(then) {
  form().addEventListener("change", () => {
    form().querySelector("[type=submit]").textContent = isNew() ? "Create my account" : "Sign in";
    form().elements.password.autocomplete = isNew() ? "new-password" : "current-password";
  });
  on(form(), "submit", async () => {
    const handle = form().elements.handle.value, password = form().elements.password.value;
    session.end();
    if (isNew()) await post("/v1/accounts", { handle, password }, newKey());
    const proof = await call("POST", "/v1/token", { form: new URLSearchParams({ grant_type: "password", username: handle, password }) });
    session.keep({ token: proof.access_token, handle });
    form().reset();
    form().dispatchEvent(new Event("change"));
    await then();
  });
}

// Whether the tab is still signed in; says why if it no longer is.
export async function stillHere() {
  if (!session.kept) return false;
  try {
    await get("/v1/me");
    return true;
  } catch (problem) {
    if (![401, 410].includes(problem.status)) throw problem;
    session.end();
    return false;
  }
}
