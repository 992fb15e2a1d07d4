// What the shop adds to the support widget: it says who is signed in when the panel opens, and lets the shop's own
// buttons open it. Loaded beside the loader, in either order.
"use strict";
(() => {
	const me = document.currentScript;
	window.Postern =
		window.Postern ||
		function () {
			const args = [].slice.call(arguments);
			const p = window.Postern;
			return new Promise((ok, no) => (p.q = p.q || []).push([args, ok, no]));
		};
	const support = (...args) => window.Postern(...args).catch(() => undefined);

	let told = false;
	async function identify() {
		if (told || !me.hasAttribute("data-signed-in")) return;
		told = true;
		const box = encodeURIComponent(me.dataset.mailbox);
		const res = await fetch(`/support-token?mailbox=${box}`, { method: "POST", headers: { "X-Shop": "1" } });
		if (res.status === 200) await support("identify", { token: (await res.json()).token });
	}
	support("on", "open", identify);
	// After a login for a change the panel opens by itself, maybe before this file has run.
	support("info").then((info) => info && info.open && identify());

	// A change that support asked for is done: this page may still show how it was before.
	support("on", "verify-done", () => {
		if (!location.pathname.startsWith("/account") || document.querySelector("[data-changed]")) return;
		const say = document.createElement("p");
		const link = document.createElement("a");
		say.className = "say good";
		say.role = "status";
		say.dataset.changed = "";
		link.href = location.pathname;
		link.textContent = "Show it";
		say.append("Your account has changed. ", link);
		document.querySelector("main h1")?.after(say);
	});

	for (const b of document.querySelectorAll("[data-open]")) {
		b.hidden = false;
		b.addEventListener("click", () => support("open"));
	}
	for (const b of document.querySelectorAll("[data-search]")) {
		b.addEventListener("click", () => support("search", b.dataset.search));
	}
	// Whoever uses this browser next does not get the conversation.
	for (const f of document.querySelectorAll("[data-signout]")) {
		f.addEventListener("submit", (e) => {
			e.preventDefault();
			const late = new Promise((done) => setTimeout(done, 400));
			Promise.race([support("logout"), late]).then(() => f.submit());
		});
	}
})();
