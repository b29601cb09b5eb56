// Where the person is signed in, ending it there, and the password.

import { call, get } from "/me/api.js";
import { at, made, on } from "/me/dom.js";

const time = (text) => new Date(text).toLocaleString("en-GB", { day: "numeric", month: "long", hour: "2-digit", minute: "2-digit" });

export async function showSignIns() {
  const { items } = await get("/v1/sessions?limit=100");
  at("sign-ins").replaceChildren(...items.map(card));
}

function card(signIn) {
  const found = made("li", "", { className: signIn.current ? "active" : "" });
  found.append(made("p", signIn.current ? "Here, in this tab." : "Somewhere else."));
  found.append(made("p", `Since ${time(signIn.opened_at)}, until ${time(signIn.expires_at)} at the latest.`, { className: "quiet" }));
  if (!signIn.current) found.append(endButton(signIn.id));
  return found;
}

function endButton(id) {
  const button = made("button", "End it"), row = made("div", "", { className: "row" });
  on(button, "click", async () => {
    await call("DELETE", `/v1/sessions/${id}`);
    await showSignIns();
  });
  row.append(button);
  return row;
}

export function signedIn() {
  on(at("sign-out-all"), "click", async () => {
    await call("DELETE", "/v1/sessions");
    await get("/v1/sessions"); // refused, as this tab is signed out too: the page says so
  });
  on(at("change"), "submit", async () => {
    const { password, wanted } = at("change").elements;
    at("changed").textContent = "";
    await call("PUT", "/v1/me/password", { json: { password: password.value, new_password: wanted.value } });
    at("change").reset();
    at("changed").textContent = "Your password is changed. Whoever else was signed in no longer is.";
    await showSignIns();
  });
}
