// What a host page and a stranger's page can do: strict policies, framing, sockets, forged messages, scripts in texts (G02).
import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import { request } from "node:http";
import { Staff, site } from "./kit/api.mjs";
import { accept, button, closes, goTo, log, onDuty, openPanel, panel, replies, side, signIn, startChat, t, thread, visit, writes } from "./kit/people.mjs";
import { until } from "./kit/server.mjs";
import { suite } from "./kit/world.mjs";

const s = suite();
const { scene } = s;
let admin;
let host;
let evil;
let integrity;
let mia;
let f;

const snippet = (extra = "") => `<script async src="${s.demo.gateway}/widget/loader.js" data-mailbox="orders"${extra}></script>`;
const doc = (body) => `<!doctype html><html lang="en"><title>A page</title><body><h1>A page</h1>${body}`;
const framed = (path) => `<iframe src="${s.demo.gateway}${path}"></iframe>`;
const frameOf = "/widget/frame?mailbox=orders";

/** The sites around the demo, and the origin of one of them in its mailbox. */
async function sites() {
	const gw = s.demo.gateway;
	const policy = `default-src 'none'; script-src ${gw}; frame-src ${gw}; require-trusted-types-for 'script'; trusted-types 'none'`;
	const strict = (html) => ({ html: doc(html), headers: { "Content-Security-Policy": policy } });
	integrity = `sha384-${createHash("sha384").update(Buffer.from(await (await fetch(`${gw}/widget/loader.js`)).arrayBuffer())).digest("base64")}`;
	const pages = {
		"/": () => strict(snippet()),
		"/sri": () => strict(snippet(` integrity="${integrity}" crossorigin`)),
		"/broken": () => strict(snippet(` integrity="${integrity.replace(/.{4}$/, "AAAA")}" crossorigin`)),
		"/loose": () => ({ html: doc(snippet()) }),
		"/frame": () => ({ html: doc(framed(frameOf)) }),
		"/console": () => ({ html: doc(framed("/console")) }),
		"/admin": () => ({ html: doc(framed("/admin")) }),
		"/empty": () => ({ html: doc("") }),
	};
	const serve = (path) => pages[path]?.();
	[host, evil] = await Promise.all([site(serve), site((path) => (path === "/nested" ? { html: doc(`<iframe src="${host}/frame"></iframe>`) } : serve(path)))]);
	admin = await Staff.in(gw, "ada@shop.example");
	await admin.allow("orders", host);
}

scene("before intent: one request of at most 3 KB, no frame, no cookie, nothing stored", async () => {
	await sites();
	const p = await s.world.person("reader");
	const asked = [];
	p.context.on("request", (r) => r.url().startsWith(s.demo.gateway) && asked.push(r));
	await p.page.goto(host);
	await p.page.getByRole("button", { name: t("launcher.open") }).waitFor();
	await p.page.waitForTimeout(2000);
	assert.deepEqual(asked.map((r) => new URL(r.url()).pathname), ["/widget/loader.js"]);
	const { responseBodySize } = await asked[0].sizes();
	assert.ok(responseBodySize > 500 && responseBodySize <= 3072, `${responseBodySize} bytes`);
	assert.equal(p.page.frames().length, 1);
	assert.deepEqual(await p.context.cookies(), []);
	assert.deepEqual(await p.page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]), [0, 0, ""]);
	assert.deepEqual(await p.page.evaluate(() => [...document.body.children].map((e) => e.localName)), ["h1", "script", "postern-chat"]);
	await p.leave();
});

scene("a page under the strictest policy with Trusted Types opens the panel and chats, without a console message and a cookie", async () => {
	mia = await onDuty(s, "mia", "mia@shop.example");
	const p = await s.world.person("strict");
	const words = [];
	p.context.on("console", (m) => words.push(m.text()));
	await p.page.goto(host);
	f = await openPanel(p.page);
	await startChat(f, "Does it work under a strict policy?");
	await accept(mia.page);
	await replies(mia.page, "It does.");
	await log(f).getByText("It does.").waitFor();
	assert.deepEqual(words, []);
	assert.deepEqual(await p.context.cookies(), []);
	assert.deepEqual(await p.page.evaluate(() => Object.keys(localStorage)), ["postern:orders"]);
	await p.page.goto(`${host}/sri`);
	f = await openPanel(p.page);
	await f.getByText(t("home.open")).waitFor();
	assert.deepEqual(words, []);
	await p.leave();
	const other = await s.world.person("altered");
	other.deaf = true;
	await other.page.goto(`${host}/broken`);
	await other.page.waitForTimeout(500);
	assert.equal(await other.page.locator("postern-chat").count(), 0, "a loader of another content does not run");
	await other.leave();
});

/** The addresses of the frames of a page, once they have settled. */
async function frames(page, path) {
	await page.goto(path);
	await page.waitForLoadState("load");
	// A refused frame becomes an error page only after its parent has loaded.
	await until("every frame shows its page or an error", () => page.frames().slice(1).every((x) => !["", "about:blank"].includes(x.url())));
	return Promise.all(page.frames().slice(1).map(async (x) => ({ url: x.url(), app: await x.locator("html[data-app]").count() })));
}
const refused = (list, what) => {
	assert.ok(list.length > 0, what);
	const at = list.at(-1);
	assert.ok(at.url.startsWith("chrome-error:") && at.app === 0, `${what}: ${JSON.stringify(list)}`);
};

scene("a page of an origin that is not allowed cannot frame the panel, nor wrap a page that may; nobody frames console and admin", async () => {
	const p = await s.world.person("framer");
	p.deaf = true;
	const fine = await frames(p.page, `${host}/frame`);
	assert.deepEqual(fine, [{ url: s.demo.gateway + frameOf, app: 1 }], "the allowed origin can");
	refused(await frames(p.page, `${evil}/frame`), "foreign origin");
	refused(await frames(p.page, `${evil}/nested`), "foreign origin around an allowed one");
	for (const from of [host, evil]) {
		for (const path of ["/console", "/admin"]) refused(await frames(p.page, from + path), `${from}${path}`);
	}
	await p.page.goto(`${evil}/loose`);
	await p.page.getByRole("button", { name: t("launcher.open") }).click();
	await p.page.waitForTimeout(500);
	assert.equal(await panel(p.page).locator("#app *").count(), 0, "the loader on a foreign page shows nothing");
	await p.leave();
});

/** The status with which a websocket upgrade is answered. */
const upgrade = (origin, cookie = "") =>
	new Promise((done, fail) => {
		const headers = {
			Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
			...(origin && { Origin: origin }), ...(cookie && { Cookie: cookie }),
		};
		const r = request(`${s.demo.gateway}/v1/socket`, { headers });
		r.once("response", (res) => done(res.resume().statusCode));
		r.once("upgrade", (res, socket) => {
			socket.destroy();
			done(res.statusCode);
		});
		r.once("error", fail);
		r.end();
	});

scene("a websocket from a foreign origin gets 403, also from an allowed page and in an agent's own browser", async () => {
	assert.equal(await upgrade(s.demo.gateway), 101);
	for (const origin of [evil, host, "null", "", `${s.demo.gateway}.evil.example`, s.demo.gateway.replace("localhost", "127.0.0.1")]) {
		assert.equal(await upgrade(origin, admin.cookie), 403, `origin ${origin}`);
	}
	const page = await mia.context.newPage();
	await page.goto(`${evil}/empty`);
	const end = await page.evaluate(
		(url) =>
			new Promise((done) => {
				const w = new WebSocket(url);
				w.onopen = () => done("open");
				w.onclose = (e) => done(e.code);
			}),
		`${s.demo.gateway.replace("http", "ws")}/v1/socket`,
	);
	assert.equal(end, 1006);
	await page.close();
});

/** A window that the page of a person opens, so that it has a hold on it. */
async function opens(p, url) {
	const popup = p.context.waitForEvent("page");
	await p.page.evaluate((to) => void window.open(to), url);
	const page = await popup;
	await page.waitForLoadState();
	return page;
}
/**
 * Posts an init to a frame from the page it is called in; gives what comes back over its port within a second.
 * @type {(how: any[]) => Promise<string[]>} at child or opener; target origin; token; with its port or not
 */
const post = ([at, target, token, withPort]) => {
	const c = new MessageChannel();
	/** @type {{t: string, k?: string, v?: string}[]} */
	const heard = [];
	c.port1.onmessage = (m) => heard.push(m.data);
	const to = at === "child" ? frames[0] : opener.frames[0];
	const init = { t: "init", token, storage: true, page: location.origin, mailbox: "orders", locale: "en", outbox: [] };
	to.postMessage(init, target, withPort ? [c.port2] : []);
	return new Promise((done) => setTimeout(() => done(heard.map((m) => `${m.t} ${m.k ?? ""} ${m.k === "token" ? m.v : ""}`.trim())), 1200));
};
const tokens = ["a", "b", "c", "d", "e"].map((x) => x.repeat(43));

scene("a forged message is ignored: from another window, without a port, a second one, from a parent that is not allowed", async () => {
	const p = await s.world.person("forger");
	await p.page.goto(`${host}/frame`);
	const stranger = await opens(p, `${evil}/empty`);
	const gw = s.demo.gateway;
	assert.deepEqual(await stranger.evaluate(post, ["opener", gw, tokens[0], true]), [], "another window, before the true one");
	const sibling = await opens(p, `${host}/empty`);
	assert.deepEqual(await sibling.evaluate(post, ["opener", gw, tokens[0], true]), [], "another window of the allowed origin");
	await sibling.close();
	assert.deepEqual(await p.page.evaluate(post, ["child", gw, tokens[1], false]), [], "without a port");
	const heard = await p.page.evaluate(post, ["child", gw, tokens[2], true]);
	assert.ok(heard.includes("ready") && heard.includes(`keep token ${tokens[2]}`), `the true one: ${heard}`);
	assert.deepEqual(await p.page.evaluate(post, ["child", gw, tokens[3], true]), [], "a second one");
	assert.deepEqual(await stranger.evaluate(post, ["opener", gw, tokens[4], true]), [], "another window, after");
	await stranger.close();
	// Frame-ancestors taken away by hand: the list of origins in the page still stands.
	await p.page.route(`**${frameOf}`, async (r) => {
		const answer = await r.fetch();
		const { "content-security-policy": csp, ...headers } = answer.headers();
		await r.fulfill({ response: answer, headers: { ...headers, "content-security-policy": csp?.replace(/frame-ancestors.*/, "") ?? "" } });
	});
	const list = await frames(p.page, `${evil}/frame`);
	assert.equal(list[0].app, 1, "framed, as it never is");
	assert.deepEqual(await p.page.evaluate(post, ["child", gw, tokens[0], true]), [], "a parent that is not allowed");
	await p.page.goto(`${host}/frame`);
	assert.ok((await p.page.evaluate(post, ["child", gw, tokens[0], true])).includes("ready"), "the same with the allowed parent");
	await p.leave();
});

scene("the loader hears no window's messages: nobody can send the page away or open the panel by one", async () => {
	const p = await s.world.person("target");
	await p.page.goto(`${host}/loose`);
	await p.page.getByRole("button", { name: t("launcher.open") }).waitFor();
	const stranger = await opens(p, `${evil}/empty`);
	await stranger.evaluate((url) => {
		for (const m of [{ t: "go", url }, { t: "keep", k: "token", v: "x" }, { t: "event", name: "open" }, { t: "verb", verb: "open" }]) {
			opener.postMessage(m, "*", [new MessageChannel().port2]);
		}
	}, `${evil}/loose`);
	await p.page.waitForTimeout(500);
	assert.equal(p.page.url(), `${host}/loose`);
	assert.equal(p.page.frames().length, 1);
	assert.equal(await p.page.evaluate(() => localStorage.length), 0);
	await p.leave();
});

const script = "<img src=x onerror=alert(1)><script>alert(2)</script>";
const bad = (what) => `${what} ${script}`;
const dialogs = [];
const listen = (p) => p.context.on("dialog", (d) => {
	dialogs.push(`${p.name}: ${d.message()}`);
	d.dismiss();
});
/** No element came of a text, in any frame, and nothing ran. */
async function inert(...people) {
	for (const p of people) {
		for (const x of p.page.frames()) {
			const made = await x.evaluate(() => [...document.querySelectorAll("img[src='x'], [onerror], script:not([src]), a[href^='javascript']")].map((e) => e.outerHTML));
			assert.deepEqual(made, [], `${p.name}: ${x.url()}`);
		}
	}
	assert.deepEqual(dialogs, []);
	s.world.quiet();
}
/** A text stands there letter by letter. */
const stands = (at, what) => at.getByText(bad(what)).first().waitFor();
let vic;

scene("G02: scripts in a visitor's name, message and file name are text in panel and console", async () => {
	vic = await s.world.person("vic");
	for (const p of [mia, vic]) listen(p);
	await vic.page.goto(host);
	f = await openPanel(vic.page);
	await startChat(f, bad("message"), { name: script });
	await stands(log(f), "message");
	await mia.page.getByRole("region", { name: t("offer.title") }).getByText(bad("message")).first().waitFor();
	await accept(mia.page);
	await stands(thread(mia.page), "message");
	await mia.page.locator(".thread-head").getByText(script).first().waitFor();
	await writes(f, "[press](javascript:alert(3)) **bold** &lt;b&gt;");
	await thread(mia.page).getByText("press").first().waitFor();
	const name = `${script.replaceAll("/", "")}.txt`;
	await f.locator("input[type=file]").setInputFiles({ name, mimeType: "text/plain", buffer: Buffer.from(script) });
	await f.getByText(name).first().waitFor();
	await f.getByRole("button", { name: t("chat.send") }).click();
	await log(f).getByText(name).waitFor();
	await thread(mia.page).getByText(name).first().waitFor();
	await f.locator("input[type=file]").setInputFiles({ name: "drawing.svg", mimeType: "image/svg+xml", buffer: Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(4)"><script>alert(5)</script></svg>`) });
	await until("the drawing or its refusal", async () => (await f.getByText("drawing.svg").count()) > 0);
	await inert(mia, vic);
});

scene("G02: scripts in an agent's reply, note and saved reply, and in an article, are text in console and panel", async () => {
	const { mailboxes } = await admin.call("GET", "/v1/mailboxes");
	await admin.call("POST", "/v1/replies", { title: bad("Titled"), text: bad("saved reply"), mailbox: mailboxes.find((m) => m.slug === "orders").id });
	const body = `# ${script}\n\n${bad("paragraph")}\n\n[press](javascript:alert(6))\n\n<iframe src="javascript:alert(7)"></iframe>\n\n<details open ontoggle=alert(8)>x</details>`;
	const fields = { title: bad("Zebrawood"), summary: bad("summary"), body, locale: "en", visibility: "public", mailboxes: [], tags: [], phrasings: [], note: "" };
	const { article } = await admin.call("POST", "/v1/articles", fields);
	await admin.call("POST", `/v1/articles/${article.id}/publish`, { version: 1 });
	await replies(mia.page, bad("answer"));
	await stands(log(f), "answer");
	await mia.page.getByRole("tab", { name: t("composer.note") }).click();
	await mia.page.getByRole("textbox", { name: t("composer.note.write") }).fill(bad("note"));
	await mia.page.getByRole("button", { name: t("composer.note.send") }).click();
	await stands(thread(mia.page), "note");
	await mia.page.getByRole("tab", { name: t("composer.reply"), exact: true }).click();
	const box = mia.page.getByRole("textbox", { name: t("composer.write") });
	await until("the saved reply in the list", async () => {
		await box.fill("");
		await box.pressSequentially("/Titled");
		return mia.page.getByRole("option", { name: /Titled/ }).first().isVisible();
	});
	await inert(mia, vic);
	await box.press("Enter");
	assert.equal(await box.inputValue(), bad("saved reply"));
	await box.press("Enter");
	await stands(log(f), "saved reply");
	await until("the article in the index", async () => {
		await box.fill("");
		await box.pressSequentially("#zebrawood");
		await mia.page.waitForTimeout(400);
		return mia.page.getByRole("option", { name: /Zebrawood/ }).first().isVisible();
	});
	await inert(mia, vic);
	await box.press("Enter");
	await box.fill("An article:");
	await box.press("Enter");
	await stands(thread(mia.page), "Zebrawood");
	await log(f).getByText(t("chat.guide")).click();
	await f.getByRole("heading", { name: bad("Zebrawood") }).waitFor();
	await stands(f.getByRole("article"), "paragraph");
	assert.equal(await f.getByRole("article").getByRole("link").count(), 0);
	await inert(mia, vic);
	await button(f, "panel.back").click();
	await button(f, "panel.back").click();
	await f.getByRole("combobox").or(f.getByRole("searchbox")).first().fill("zebrawood");
	await stands(f, "Zebrawood");
	await side(mia.page, "visitor").click();
	await goTo(mia.page, "mine");
	await inert(mia, vic);
});

scene("G02: scripts in articles and replies are text in the admin pages, in the preview too", async () => {
	const ada = await s.world.person("ada");
	listen(ada);
	await signIn(s.demo, ada, "ada@shop.example", "admin");
	const at = (id) => ada.page.goto(`${s.demo.admin}#/${id}`);
	await at("replies");
	await stands(ada.page, "Titled");
	await inert(ada);
	await at("articles");
	await ada.page.getByText(bad("Zebrawood")).first().click();
	const text = ada.page.getByRole("textbox", { name: t("a.editor.text") });
	await text.waitFor();
	await ada.page.locator("h1, h2, h3, p").getByText(bad("paragraph")).or(ada.page.getByText(bad("paragraph"))).last().waitFor();
	await inert(ada);
	await text.fill(bad("typed"));
	await ada.page.locator("p", { hasText: bad("typed") }).first().waitFor();
	await inert(ada);
	for (const id of ["overview", "mailboxes", "agents", "availability", "widget", "spool", "audit"]) {
		await at(id);
		await ada.page.waitForTimeout(200);
		await inert(ada);
	}
});

scene("G02: scripts in names, a greeting, a requested value, a reason and a rating are text, at the shop too", async () => {
	const { mailboxes } = await admin.call("GET", "/v1/mailboxes");
	const orders = mailboxes.find((m) => m.slug === "orders");
	await admin.call("PUT", `/v1/mailboxes/${orders.id}`, { ...orders, name: script, greeting: bad("greeting"), signature: bad("signature"), reasons: [bad("reason")] });
	const { agents } = await admin.call("GET", "/v1/agents");
	const { id, email, role, capacity, version } = agents.find((a) => a.email === "mia@shop.example");
	await admin.call("PUT", `/v1/agents/${id}`, { email, role, capacity, version, name: script });
	await mia.page.reload();
	await mia.page.locator(".be-button").waitFor();
	await goTo(mia.page, "mine");
	await mia.page.locator("[data-row]").first().click();
	await vic.page.goto(host);
	f = await openPanel(vic.page);
	await f.getByText(script).first().waitFor();
	await inert(mia, vic);
	await f.getByRole("button", { name: new RegExp(`^${t("home.open")}`) }).click();
	await closes(mia.page, bad("reason"));
	await f.locator("label.star").nth(3).click();
	await f.getByLabel(t("end.text")).fill(bad("rating"));
	await button(f, "end.rate").click();
	await f.getByText(t("end.thanks")).waitFor();
	await inert(mia, vic);
	f = await visit(s.demo, vic); // whose own page it is that shows the change
	await startChat(f, bad("again"));
	await accept(mia.page);
	await side(mia.page, "verify").click();
	const tab = mia.page.locator("#side");
	await tab.getByLabel(t("offer.kind")).selectOption({ label: "Change your display name" });
	await tab.getByLabel("New name", { exact: true }).fill(script);
	await tab.getByRole("button", { name: t("offer.preview") }).click();
	await tab.getByText(script).first().waitFor();
	await tab.getByRole("button", { name: t("offer.go") }).click();
	await tab.getByText(t("gate.offered")).first().waitFor();
	await f.getByText(script).nth(1).waitFor();
	await inert(mia, vic);
	await button(f, "verify.login").click();
	await vic.page.waitForURL(/support-verify/);
	await vic.page.getByLabel("E-mail").fill("robin@example.com");
	await vic.page.getByLabel("Password").fill("postern-demo");
	await vic.page.getByRole("button", { name: "Log in" }).click();
	await vic.page.getByRole("main").getByText(script).first().waitFor();
	await inert(vic);
	await vic.page.getByRole("button", { name: "Deny" }).click();
	await vic.page.waitForURL(/support\/orders/);
	await tab.getByText(t("gate.denied")).first().waitFor();
	await goTo(mia.page, "closed");
	await mia.page.locator("[data-row]").first().click();
	await mia.page.getByText(bad("rating")).or(mia.page.getByText(script)).first().waitFor();
	await inert(mia, vic);
}, 120);
