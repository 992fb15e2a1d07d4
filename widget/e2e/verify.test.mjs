// The Proof Gate in real browsers: guide, offer, login, approve, "Not me", and an attacker (walks 3 to 5).
import { strict as assert } from "node:assert";
import { accept, button, closes, customer, like, log, logsInFor, offersRenewal, onDuty, openPanel, panel, replies, side, startChat, t, thread, visit, writes } from "./kit/people.mjs";
import { until } from "./kit/server.mjs";
import { axe, shot, suite } from "./kit/world.mjs";

const s = suite();
const { scene } = s;
const canaries = ["Quay Lane", "MK4 8PL", "Q-10401", "Q-10446", "robin@example.com", "Ashdown"];
let sol;
let robin;
let f;
const heard = [];

const verifyTab = async () => {
	await side(sol.page, "verify").click();
	return sol.page.locator("#side");
};
const offers = () => offersRenewal(sol.page);
const kindIs = (f, title) => f.getByRole("region", { name: title }).or(f.getByRole("group", { name: title })).or(f.getByRole("article", { name: title })).last();
const card = (at) => kindIs(at, "Cancel the renewal of your plan");

async function plan() {
	const page = await robin.context.newPage();
	await page.goto(`${s.demo.shop}/account/plan`);
	const text = await page.locator("main").textContent();
	await page.close();
	return text;
}

/** Back from the host's page the panel opens by itself, on the conversation. */
async function back() {
	await robin.page.waitForURL(/support\/accounts/);
	f = panel(robin.page);
	await log(f).waitFor();
}

scene("walk 3: a change of login e-mail is guided to the shop's own settings page", async () => {
	sol = await onDuty(s, "sol", "sol@shop.example");
	sol.page.on("response", (r) => {
		if (!r.url().startsWith(s.demo.gateway) || /assets/.test(r.url())) return;
		r.text().then((body) => heard.push(`${r.url()} ${body}`), () => undefined);
	});
	sol.page.on("websocket", (w) => w.on("framereceived", (m) => heard.push(`socket ${m.payload}`)));
	await sol.page.reload();
	await sol.page.locator(".be-button").waitFor();
	robin = await s.world.person("robin");
	await customer(s.demo, robin.page, "robin@example.com");
	f = await visit(s.demo, robin, "/support/accounts");
	await startChat(f, "Please change my login e-mail");
	await accept(sol.page);
	const tab = await verifyTab();
	await tab.getByRole("button", { name: t("guide.send_of", { title: "Change your login e-mail" }) }).click();
	const guide = log(f).getByRole("link", { name: t("verify.guide.open") });
	await guide.waitFor();
	await log(f).getByText("Change your login e-mail").first().waitFor();
	assert.equal(await guide.getAttribute("href"), `${s.demo.shop}/account/settings#email`);
	const opened = robin.context.waitForEvent("page");
	await guide.click();
	const settings = await opened;
	await settings.getByText("Login e-mail").first().waitFor();
	await thread(sol.page).getByText(t("sys.guide.opened")).waitFor();
	assert.equal(await tab.getByLabel(t("offer.kind")).locator("option", { hasText: "login e-mail" }).count(), 0, "a guided kind cannot be offered");
	await settings.close();
});

scene("before proof the console holds no account data", async () => {
	await side(sol.page, "account").click();
	await sol.page.getByText(t("account.locked")).waitFor();
	await sol.page.getByRole("button", { name: t("account.ask") }).waitFor();
	await until("the console's answers", () => heard.length > 5);
	for (const word of canaries) {
		assert.deepEqual(heard.filter((h) => h.includes(word)), [], `${word} before proof`);
	}
});

scene("reasons to look twice stand above the form; the visitor reads none of them", async () => {
	const tab = await verifyTab();
	assert.equal(await tab.getByText(t("risk.title")).count(), 0, "nobody has pressed yet");
	await writes(f, "Then just this once, without verification. My lawyer agrees.");
	await tab.getByText(t("risk.title")).waitFor();
	assert.match(String(await tab.locator(".risks").textContent()), /just this once.*without verification.*my lawyer/);
	for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
		await sol.page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
		await shot(sol.page, `risks-${colorScheme}`);
		await axe(sol.page, `risks-${colorScheme}`);
	}
	await sol.page.emulateMedia({ colorScheme: "light" });
	assert.equal(await f.getByText(t("risk.title")).count(), 0);
});

scene("walk 4: the end of the renewal is offered, proven by a fresh login, applied at the shop, shown with its receipt", async () => {
	assert.match(await plan(), /Renews/);
	const tab = await offers();
	assert.equal(await sol.page.getByRole("button", { name: /^(Apply|Approve|Override)/ }).count(), 0);
	await card(f).waitFor();
	await button(f, "verify.login").click();
	await robin.page.waitForURL(/support-verify/);
	await tab.getByText(t("gate.challenged")).first().waitFor();
	await logsInFor(robin.page);
	const confirm = robin.page.locator("main");
	await confirm.getByText("Cancel the renewal of your plan").first().waitFor();
	assert.equal(await robin.page.evaluate(() => document.activeElement?.textContent?.trim()), "Deny", "Deny has the focus");
	await robin.page.getByRole("button", { name: "Approve" }).click();
	await robin.page.waitForURL(/support\/accounts/);
	f = panel(robin.page);
	await f.getByText(t("verify.applied"), { exact: true }).first().waitFor();
	const receipt = /rc_[0-9A-Z]+/.exec(await f.getByText(like("verify.receipt")).first().textContent() ?? "")?.[0] ?? "";
	assert.ok(receipt, "the card shows a receipt");
	await tab.getByText(t("gate.applied")).first().waitFor();
	assert.equal((await tab.locator(".receipt code").first().textContent())?.trim(), receipt);
	const text = await plan();
	assert.match(text, /Renewal off/);
	assert.ok(text.includes(receipt), "the shop's plan page shows the same receipt");
	assert.ok(!new URL(robin.page.url()).hash, "the fragment is gone");
	for (const word of canaries) assert.deepEqual(heard.filter((h) => h.includes(word)), [], `${word} after a proof of something else`);
});

scene("Deny changes nothing and says so on both sides", async () => {
	const page = await robin.context.newPage();
	await page.goto(`${s.demo.shop}/account/plan`);
	await page.getByRole("button", { name: "Renew again" }).click();
	await page.getByText("Renews", { exact: true }).waitFor();
	await page.close();
	const tab = await offers();
	await button(f, "verify.login").click();
	await logsInFor(robin.page);
	await robin.page.getByRole("button", { name: "Deny" }).click();
	await back();
	await f.getByText(t("verify.denied"), { exact: true }).first().waitFor();
	await tab.getByText(t("gate.denied")).first().waitFor();
	assert.match(await plan(), /Renews/);
});

scene("D09: the finish token is gone from the address before a host script sees it, and worthless in another browser with another widget key", async () => {
	await offers();
	await button(f, "verify.login").click();
	await logsInFor(robin.page);
	// A script of the host page that looks at the address as early as a page's own script can, and later.
	await robin.context.addInitScript(() => {
		window.seen = [];
		const look = () => window.seen.push(location.hash);
		addEventListener("load", look);
		addEventListener("hashchange", look);
		setTimeout(look, 500);
	});
	const stolen = await steals();
	// Another browser, with the visitor's token and all else of his storage, but without his key.
	const kept = await robin.context.storageState();
	const mallory = await s.world.person("mallory", { storageState: kept });
	await mallory.page.goto(stolen);
	const m = panel(mallory.page);
	await m.locator("body").waitFor();
	await mallory.page.waitForTimeout(1500);
	assert.equal(await m.getByText(t("verify.applied"), { exact: true }).count(), 0);
	assert.equal(await m.getByText("Please change my login e-mail").count(), 0, "the copied token shows no conversation");
	assert.match(await plan(), /Renews/, "nothing was applied for the other browser");
	// A browser of its own with the link alone.
	const eve = await s.world.person("eve");
	await eve.page.goto(stolen);
	await eve.page.waitForTimeout(1000);
	assert.match(await plan(), /Renews/);
	await mallory.leave();
	await eve.leave();
	// The visitor himself still can; what his page sees of it is nothing.
	await robin.page.goto(stolen);
	f = panel(robin.page);
	await until("the change at the shop", async () => /Renewal off/.test(await plan()));
	await robin.page.waitForTimeout(600);
	assert.deepEqual((await robin.page.evaluate(() => window.seen)).filter(Boolean), []);
	assert.equal(new URL(robin.page.url()).hash, "");
	await f.getByText(t("verify.applied"), { exact: true }).nth(1).waitFor();
	// Once: the same link again does nothing.
	await robin.page.goto(`${s.demo.shop}/account/plan`);
	await robin.page.getByRole("button", { name: "Renew again" }).click();
	await robin.page.goto(stolen);
	await robin.page.waitForTimeout(1000);
	assert.match(await plan(), /Renews/);
});

/** The finish link of an approval, taken on the way: the visitor's browser never gets the shop's redirect. */
async function steals() {
	let stolen = "";
	const confirm = `${s.demo.shop}/support-verify*`;
	await robin.page.route(confirm, async (r) => {
		if (r.request().method() !== "POST") return r.continue();
		const answer = await r.fetch({ maxRedirects: 0 });
		stolen = answer.headers().location ?? "";
		await r.fulfill({ status: 204 });
	});
	await robin.page.getByRole("button", { name: "Approve" }).click();
	await until("the shop's answer", () => stolen);
	await robin.page.unroute(confirm);
	assert.match(stolen, /#postern=/, "the attacker has the finish link");
	return stolen;
}
/**
 * In a frame of the gateway: a visitor with a key of its own presents the token; gives the answer's error.
 * @param {[string, string]} what the mailbox's slug and the finish token
 */
async function presents([mailbox, finish]) {
	const utf8 = (text) => new TextEncoder().encode(text);
	const b64 = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
	const hash = async (text) => b64(await crypto.subtle.digest("SHA-256", utf8(text)));
	const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
	const sign = async (text) => b64(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, pair.privateKey, utf8(text)));
	const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
	const token = b64(crypto.getRandomValues(new Uint8Array(32)));
	const ws = new WebSocket(`${location.origin.replace("http", "ws")}/v1/socket`);
	const frames = [];
	const waiting = [];
	ws.onmessage = (m) => {
		frames.push(JSON.parse(m.data));
		for (const look of waiting.splice(0)) look();
	};
	const until = async (fits) => {
		for (;;) {
			const found = frames.find(fits);
			if (found) return found;
			await new Promise((done) => waiting.push(done));
		}
	};
	let n = 0;
	const command = async (cmd, args) => {
		const id = String(++n);
		ws.send(JSON.stringify({ cmd, id, args }));
		return until((f) => f.re === id);
	};
	const { nonce } = (await until((f) => f.sig === "welcome")).data;
	const sig = await sign(`postern.hello.v1\n${nonce}\n${await hash(token)}`);
	await command("hello", { as: "visitor", mailbox, token, key: { kty, crv, x, y }, sig, topics: {} });
	const started = await command("conversation.start", { command_id: "s", client_id: "m", text: "mine", ticket: true });
	const conversation = started.ok.conversation.id;
	const made = JSON.stringify({ challenge: "cl_x", chg: "x", commit: "x", token: await hash(finish), v: "1" });
	const answer = await command("change.finish", { conversation, change: "ch_x", finish, sig: await sign(`postern.finish.v1\n${made}`) });
	ws.close();
	return answer.error;
}

scene("D09: presented by another browser under its own key it is refused as finish.key, and the change is over for everybody", async () => {
	await robin.page.goto(`${s.demo.shop}/support/accounts`);
	f = await openPanel(robin.page);
	await f.getByRole("button", { name: new RegExp(`^${t("home.open")}`) }).click();
	await closes(sol.page);
	await button(f, "end.again").click();
	await f.getByLabel(t("form.text")).fill("The renewal once more");
	await button(f, "form.start").click();
	await accept(sol.page);
	const tab = await offers();
	await button(f, "verify.login").click();
	await logsInFor(robin.page);
	const link = await steals();
	const eve = await s.world.person("eve");
	await visit(s.demo, eve, "/support/accounts");
	const frame = eve.page.frames().find((x) => x.url().startsWith(s.demo.gateway));
	assert.ok(frame);
	const refused = await frame.evaluate(presents, /** @type {[string, string]} */ (["accounts", link.split("#postern=")[1]]));
	assert.equal(refused?.code, "proof_refused");
	assert.equal(refused?.reason, "finish.key");
	await eve.leave();
	await robin.page.goto(link);
	await back();
	await f.getByText(t("verify.failed"), { exact: true }).first().waitFor();
	await tab.getByText(t("gate.failed")).first().waitFor();
	assert.match(await plan(), /Renews/);
});

scene("walk 5: Not me freezes the conversation and leaves the shop as it was", async () => {
	// A conversation takes three challenges in ten minutes: this is a new one.
	await robin.page.goto(`${s.demo.shop}/support/accounts`);
	f = await openPanel(robin.page);
	await f.getByRole("button", { name: new RegExp(`^${t("home.open")}`) }).click();
	await closes(sol.page);
	await button(f, "end.again").click();
	await f.getByLabel(t("form.text")).fill("Somebody else wrote this");
	await button(f, "form.start").click();
	await accept(sol.page);
	const tab = await offers();
	await button(f, "verify.login").click();
	await logsInFor(robin.page);
	await robin.page.getByRole("button", { name: "Not me" }).click();
	await back();
	await f.getByText(t("verify.disowned"), { exact: true }).first().waitFor();
	await log(f).getByText(t("line.frozen")).waitFor();
	await tab.getByText(t("offer.frozen")).waitFor();
	await tab.getByText(t("gate.disowned")).first().waitFor();
	assert.equal(await tab.getByLabel(t("offer.kind")).count(), 0, "no further offer");
	assert.match(await plan(), /Renews/);
	await replies(sol.page, "We can still talk");
	await log(f).getByText("We can still talk").waitFor();
});
