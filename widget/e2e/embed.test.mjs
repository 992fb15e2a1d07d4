// Foreign pages: a strict host, hosts that are not allowed, frames, forged messages, scripts in every text (G02).
import { strict as assert } from "node:assert";
import { createServer } from "node:http";
import { after, before } from "node:test";
import { accept, button, log, onDuty, panel, side, signIn, startChat, t, thread } from "./kit/people.mjs";
import { suite } from "./kit/world.mjs";
import { until } from "./kit/server.mjs";

const s = suite();
const { scene } = s;
const evil = "<img src=x onerror=\"document.title='HACKED';window.hacked=1\"><script>window.hacked=1</script>";
let strict;
let foreign;
let ada;
let mia;
let f;

/** A page on a port of its own; `body` makes it from the gateway's origin. */
async function site(policy, body) {
	const server = createServer((q, r) => {
		if (q.url !== "/") return r.writeHead(404).end();
		r.writeHead(200, { "Content-Type": "text/html; charset=utf-8", ...(policy ? { "Content-Security-Policy": policy() } : {}) });
		r.end(`<!doctype html><html lang="en"><title>Host</title><main><h1>Host</h1></main>${body()}`);
	});
	await new Promise((done) => server.listen(0, "127.0.0.1", done));
	return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}
const script = () => `<script async src="${s.demo.gateway}/widget/loader.js" data-mailbox="orders"></script>`;

before(async () => {
	const gw = () => s.demo.gateway;
	strict = await site(() => `default-src 'none'; script-src ${gw()}; frame-src ${gw()}; require-trusted-types-for 'script'; trusted-types 'none'`, script);
	foreign = await site(undefined, () => `${script()}<iframe id="c" src="${gw()}/console"></iframe><iframe id="a" src="${gw()}/admin"></iframe><iframe id="p" src="${gw()}/widget/frame?mailbox=orders"></iframe>`);
});
after(() => {
	strict.close();
	foreign.close();
});
const unhurt = async (...pages) => {
	for (const page of pages) {
		for (const frame of page.frames()) assert.equal(await frame.evaluate(() => window.hacked), undefined, frame.url());
		assert.ok(!(await page.title()).includes("HACKED"));
	}
};

scene("an admin allows the origin; the widget works on a page with the strictest policy, Trusted Types and all", async () => {
	ada = await s.world.person("ada");
	await signIn(s.demo, ada, "ada@shop.example", "admin");
	await ada.page.goto(`${s.demo.admin}#/widget`);
	await ada.page.getByLabel(t("a.widget.origin"), { exact: true }).fill(strict.origin);
	await ada.page.getByRole("button", { name: t("a.widget.origin.add"), exact: true }).click();
	await ada.page.getByText(t("a.widget.origin.added", { origin: strict.origin })).waitFor();
	mia = await onDuty(s, "mia", "mia@shop.example");
	const p = await s.world.person("strict");
	await p.page.goto(strict.origin);
	await p.page.getByRole("button", { name: t("launcher.open") }).click();
	f = panel(p.page);
	await startChat(f, `${evil} **bold** [x](javascript:window.hacked=1)`.slice(0), { name: evil }).catch(async (e) => {
		// The text is shown as text, not letter for letter where Markdown was.
		if (!(await log(f).getByText("onerror").count())) throw e;
	});
	s.visitor = p;
});

scene("G02: scripts in name, message, file name, article title and body are text in widget, console and admin", async () => {
	await accept(mia.page);
	await thread(mia.page).getByText("onerror").first().waitFor();
	await f.locator("input[type=file]").setInputFiles({ name: "<img src=x onerror=window.hacked=1>.txt", mimeType: "text/plain", buffer: Buffer.from("x") });
	await button(f, "chat.send").click();
	await thread(mia.page).getByText(/onerror=window\.hacked/).first().waitFor();
	for (const tab of ["visitor", "verify", "articles", "history"]) await side(mia.page, tab).click();
	const links = await thread(mia.page).locator("a[href^='javascript:']").count();
	assert.equal(links + (await log(f).locator("a[href^='javascript:']").count()), 0);
	// An article of an editor, straight into the store: its text is no more trusted.
	const made = await ada.page.evaluate(async (evil) => {
		const call = (method, url, body) =>
			fetch(url, { method, headers: { "X-Postern": "1", "Content-Type": "application/json" }, body: JSON.stringify(body) }).then((r) => r.json());
		const put = { locale: "en", visibility: "public", mailboxes: [], title: `Zebra ${evil}`, summary: evil, tags: [], phrasings: ["zebra"], body: `# ${evil}\n\n${evil}\n\n[x](javascript:alert(1))`, note: "", version: 0 };
		const { article } = await call("POST", "/v1/articles", put);
		return call("POST", `/v1/articles/${article.id}/publish`, { version: article.version?.number ?? 1 });
	}, evil);
	assert.ok(made.article, JSON.stringify(made));
	await button(f, "panel.back").click();
	await f.getByRole("searchbox").fill("zebra");
	await f.getByRole("button", { name: /Zebra/ }).click();
	await f.getByRole("heading", { name: /Zebra/ }).first().waitFor();
	await ada.page.goto(`${s.demo.admin}#/articles`);
	await ada.page.getByText(/Zebra/).first().click();
	await ada.page.getByText(t("a.editor.preview")).first().waitFor();
	await ada.page.waitForTimeout(500);
	await unhurt(ada.page, mia.page, s.visitor.page);
});

scene("a page of another origin frames neither panel nor console nor admin, and hears nothing", async () => {
	const p = await s.world.person("foreign");
	p.deaf = true; // its own refused frames are what is looked for
	const refused = [];
	p.page.on("console", (m) => /frame-ancestors|X-Frame-Options/i.test(m.text()) && refused.push(m.text()));
	await p.page.goto(foreign.origin);
	await until("three refusals", () => refused.length >= 3);
	for (const id of ["#c", "#a", "#p"]) {
		const frame = await (await p.page.$(id)).contentFrame();
		assert.match(frame.url(), /^chrome-error:/, id);
	}
	const status = await p.page.evaluate(
		(url) =>
			new Promise((done) => {
				const w = new WebSocket(url);
				w.onopen = () => done("open");
				w.onerror = () => done("refused");
			}),
		`${s.demo.gateway.replace("http", "ws")}/v1/socket`,
	);
	assert.equal(status, "refused");
	const answer = await p.context.request.get(`${s.demo.gateway}/v1/socket`, {
		headers: { Origin: foreign.origin, Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==" },
	});
	assert.equal(answer.status(), 403);
	await p.leave();
});

scene("a forged message to the panel's frame is ignored: its session goes on, nobody else's port is taken", async () => {
	const page = s.visitor.page;
	await page.evaluate(() => {
		const frame = document.querySelector("postern-chat").shadowRoot.querySelector("iframe").contentWindow;
		const c = new MessageChannel();
		window.answers = [];
		c.port1.onmessage = (m) => window.answers.push(m.data);
		frame.postMessage({ t: "init", token: "x".repeat(43), mailbox: "accounts", page: "https://evil.test" }, "*", [c.port2]);
		frame.postMessage({ t: "verb", verb: "view", v: "messages" }, "*");
		frame.postMessage("garbage", "*");
	});
	await page.waitForTimeout(500);
	assert.deepEqual(await page.evaluate(() => window.answers), []);
	await button(f, "panel.back").click();
	await f.getByRole("button", { name: new RegExp(`^${t("home.open")}`) }).click();
	await log(f).getByText("onerror").first().waitFor();
});
