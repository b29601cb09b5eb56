// The notice in full, and the release that is signed for it.

import { get, newKey, post } from "/me/api.js";
import { at, made, on } from "/me/dom.js";

let notice;

// The text is wrapped for paper; here its paragraphs fit any width. What is signed is the digest of the text as it is.
export function paragraphs(text) {
  const found = [];
  for (const line of text.split("\n")) {
    const last = found.at(-1), indent = line.search(/\S/), kind = /^\d+\. /.test(line) ? "heading" : /^\s+[a-z]\. /.test(line) ? "item" : "";
    if (!line.trim()) found.push(null);
    else if (kind || !last || last.kind === "heading" || indent < last.indent) {
      const words = line.trim(), own = kind === "item" ? words.search(/\s\S/) + 1 : 0; // an item goes on below its first word
      found.push({ kind: kind || (found.length ? "" : "heading"), words, indent: indent + own });
    }
    else last.words += ` ${line.trim()}`;
  }
  return found.filter(Boolean);
}

export async function showNotice() {
  notice = await get("/v1/notice?language=en");
  at("notice").replaceChildren(...paragraphs(notice.text).map(({ kind, words }) => made("p", words, { className: kind })));
  at("notice-id").textContent = `Version ${notice.version}. SHA-256 ${notice.sha256}.`;
  at("notice-text").textContent = notice.text;
}

export function sign(then) {
  const form = at("sign");
  on(form, "submit", async () => {
    const chosen = [...form.querySelectorAll("[name=purpose]:checked")].map((box) => box.value);
    if (!chosen.length) throw new Error("Choose at least one thing to agree to.");
    const release = await post("/v1/releases", {
      notice_sha256: notice.sha256, signed_name: form.elements.name.value, adult: form.elements.adult.checked, purposes: chosen,
    }, newKey());
    const days = Number(form.elements.days.value);
    form.reset();
    then({ releaseId: release.id, purposes: chosen, days });
  });
}
