// The Proof Gate with an OpenID provider: login there, the gateway's own confirm page, and back; the panel is
// cross-site (127.0.0.1 and localhost), and the provider's pages send Cross-Origin-Opener-Policy: same-origin.
import { strict as assert } from "node:assert";
import { Staff, site } from "./kit/api.mjs";
import { accept, button, closes, customer, log, onDuty, openPanel, panel, say, side, startChat, t, visit } from "./kit/people.mjs";
import { axe, shot, suite } from "./kit/world.mjs";
import { until } from "./kit/server.mjs";

const s = suite({ demo: { provider: true } });
const { scene } = s;
let sol;
let robin;
let f;
const asked = [];

/** The agent offers a change of one field. */
async function offers(kind, label, fill) {
	await side(sol.page, "verify").click();
	const tab = sol.page.locator("#side");
	await tab.getByLabel(t("offer.kind")).selectOption({ label: kind });
	const field = tab.getByLabel(label, { exact: true });
	if (fill.option) await field.selectOption(fill.option);
	else await field.fill(fill.text);
	await tab.getByRole("button", { name: t("offer.preview") }).click();
	await tab.getByText(t("offer.sees")).waitFor();
	await tab.getByRole("button", { name: t("offer.go") }).click();
	await tab.getByText(t("gate.offered")).first().waitFor();
	return tab;
}
const cancels = () => offers("Cancel the renewal of your plan", "Plan", { option: "plus" });

/**
 * From the card to the provider, through its login, to the gateway's confirm page.
 * @param {import("playwright-core").Page} page
 * @param {import("./kit/words.mjs").Lang} [lang]
 */
async function logIn(page, lang = "en") {
	await page.waitForURL(/\/idp\/login/);
	await page.getByLabel("E-mail").fill("robin@example.com");
	await page.getByLabel("Password").fill("postern-demo");
	await page.getByRole("button", { name: "Log in" }).click();
	await page.waitForURL(`${s.demo.gateway}/verify/confirm`);
	await press(page, "deny", lang).waitFor();
}
/**
 * A button of the confirm page.
 * @param {import("playwright-core").Page} page
 * @param {string} choice
 * @param {import("./kit/words.mjs").Lang} [lang]
 */
const press = (page, choice, lang = "en") => page.getByRole("button", { name: say(lang, `confirm.${choice}`), exact: true });

async function account(path) {
	const page = await robin.context.newPage();
	await page.goto(s.demo.shop + path);
	const text = await page.locator("main").textContent();
	await page.close();
	return text;
}
async function back() {
	await robin.page.waitForURL(/support\/accounts/);
	f = panel(robin.page);
	await log(f).waitFor();
}
async function everyLook(page, screen) {
	for (const colorScheme of ["light", "dark"]) {
		for (const [w, size] of Object.entries({ wide: { width: 1280, height: 860 }, phone: { width: 320, height: 640 } })) {
			await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
			await page.setViewportSize(size);
			await shot(page, `${screen}-${colorScheme}-${w}`);
			await axe(page, `${screen}-${colorScheme}-${w}`);
			const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
			assert.ok(wide <= 0, `${screen} at ${w} scrolls sideways by ${wide}`);
		}
	}
	await page.emulateMedia({ colorScheme: "light" });
	await page.setViewportSize({ width: 1280, height: 860 });
}

scene("D07: the whole way by full page, with the same widget key, applied once; no address ever carries the start token to a server", async () => {
	sol = await onDuty(s, "sol", "sol@shop.example");
	robin = await s.world.person("robin");
	robin.context.on("request", (r) => asked.push(r.url()));
	await customer(s.demo, robin.page, "robin@example.com");
	f = await visit(s.demo, robin, "/support/accounts");
	await startChat(f, "Please end my plan");
	await accept(sol.page);
	assert.match(await account("/account/plan"), /Renews/);
	const tab = await cancels();
	await button(f, "verify.login").click();
	await logIn(robin.page);
	await tab.getByText(t("gate.matched")).first().waitFor();
	const page = robin.page.locator("main");
	const text = await page.textContent();
	for (const word of ["Cancel the renewal of your plan", "plus", new URL(s.demo.shop).host, "robin@example.com", "Accounts", t("confirm.notme.hint")]) {
		assert.ok(text.includes(word), `the confirm page says ${word}: ${text}`);
	}
	assert.equal(await robin.page.evaluate(() => document.activeElement?.textContent), t("confirm.deny"), "Deny has the focus");
	assert.equal(await robin.page.evaluate(() => location.hash), "");
	await everyLook(robin.page, "confirm-en");
	await press(robin.page, "approve").click();
	await back();
	await f.getByText(t("verify.applied"), { exact: true }).first().waitFor();
	await tab.getByText(t("gate.applied")).first().waitFor();
	assert.match(await account("/account/plan"), /Renewal off/);
	assert.ok(!new URL(robin.page.url()).hash, "the fragment is gone");
	const started = asked.filter((u) => u.includes("/verify/start"));
	assert.ok(started.length >= 2 && started.every((u) => new URL(u).hash.length === 44 || u === `${s.demo.gateway}/verify/start`), `${started}`);
	assert.equal(asked.filter((u) => u.includes("login_hint")).length, 0);
	// The way back in the history leads to nothing that can be pressed again.
	const again = await robin.context.newPage();
	await again.goto(`${s.demo.gateway}/verify/confirm`);
	await again.getByText(t("confirm.over.done")).waitFor();
	assert.equal(await press(again, "approve").count(), 0);
	await again.close();
});

scene("the owner turns back at the provider: nothing happened, and pressing again begins a new login", async () => {
	const page = await robin.context.newPage();
	await page.goto(`${s.demo.shop}/account/plan`);
	await page.getByRole("button", { name: "Renew again" }).click();
	await page.getByText("Renews", { exact: true }).waitFor();
	await page.close();
	await cancels();
	await button(f, "verify.login").click();
	await robin.page.waitForURL(/\/idp\/login/);
	await robin.page.getByRole("button", { name: "Cancel" }).click();
	await robin.page.getByText(t("confirm.error.proof_refused")).waitFor();
	await axe(robin.page, "callback-refused");
	await robin.page.goto(`${s.demo.shop}/support/accounts`);
	f = panel(robin.page);
	await log(f).waitFor();
	await button(f, "verify.over").click();
	await logIn(robin.page);
	await press(robin.page, "deny").click();
	await back();
	await f.getByText(t("verify.denied"), { exact: true }).first().waitFor();
	assert.match(await account("/account/plan"), /Renews/);
});

scene("E06: script text in a value is text in card, console and confirm page", async () => {
	await closes(sol.page);
	await robin.page.goto(`${s.demo.shop}/support/accounts`);
	f = await openPanel(robin.page);
	await startChat(f, "Please change my name");
	await accept(sol.page);
	const evil = "<img src=x onerror=window.hit=1><script>window.hit=1</script>";
	const tab = await offers("Change your display name", "New name", { text: evil });
	await tab.getByText(evil, { exact: true }).first().waitFor();
	await log(f).getByText(evil, { exact: true }).first().waitFor();
	await button(f, "verify.login").click();
	await logIn(robin.page);
	await robin.page.getByText(evil, { exact: true }).first().waitFor();
	for (const page of [robin.page, sol.page]) {
		for (const frame of page.frames()) assert.equal(await frame.evaluate(() => Reflect.get(window, "hit")), undefined, "a value ran");
	}
	assert.equal(await robin.page.locator("main img, main script").count(), 0);
	await press(robin.page, "approve").click();
	await back();
	await f.getByText(t("verify.applied"), { exact: true }).first().waitFor();
	assert.ok((await account("/account/settings")).length > 0);
	assert.equal(s.demo.spool().filter((m) => m.includes("onerror")).length, 0, "no mail carries a value");
	assert.equal(await robin.page.evaluate(() => Reflect.get(window, "hit")), undefined);
});

scene("D17: nothing of /verify is drawn in a frame", async () => {
	const pages = ["/verify/start", "/verify/confirm", "/verify/callback"];
	const html = pages.map((p) => `<iframe src="${s.demo.gateway}${p}"></iframe>`).join("");
	const evil = await site((path) => (path === "/" ? { html: `<!doctype html><title>x</title>${html}` } : undefined));
	const x = await s.world.person("attacker");
	x.deaf = true; // the browser says itself that it refused
	await x.page.goto(`${evil}/`);
	await until("three refused frames", async () => x.page.frames().filter((fr) => fr.url().startsWith("chrome-error:")).length === pages.length);
	assert.equal(x.page.frames().filter((fr) => fr.url().includes("/verify/")).length, 0);
	await x.leave();
});

scene("Not me, on an Arabic phone: everything is stopped", async () => {
	await closes(sol.page);
	const p = await s.world.person("robin-ar", { locale: "ar" });
	await customer(s.demo, p.page, "robin@example.com");
	f = await visit(s.demo, p, "/support/accounts");
	await startChat(f, "Please end my plan, it is urgent");
	await accept(sol.page);
	const tab = await cancels();
	await f.getByRole("button", { name: t("verify.login"), exact: true }).or(f.getByRole("button", { name: say("ar", "verify.login"), exact: true })).click();
	await logIn(p.page, "ar");
	assert.equal(await p.page.evaluate(() => document.documentElement.dir), "rtl");
	await everyLook(p.page, "confirm-ar");
	await press(p.page, "notme", "ar").click();
	await p.page.waitForURL(/support\/accounts/);
	await tab.getByText(t("gate.disowned")).first().waitFor();
	robin = p;
	assert.match(await account("/account/plan"), /Renews/);
	assert.match(await account("/account/security"), /not yours/);
	const gone = await p.context.newPage();
	await gone.goto(`${s.demo.gateway}/verify/confirm`);
	await gone.getByText(say("ar", "confirm.over.disowned")).waitFor();
	await axe(gone, "confirm-over-ar");
	await gone.close();
	const stranger = await s.world.person("stranger");
	await stranger.page.goto(`${s.demo.gateway}/verify/confirm`);
	await stranger.page.getByText(t("confirm.error.state")).waitFor();
	await stranger.page.goto(`${s.demo.gateway}/verify/start#${"A".repeat(43)}`);
	await stranger.page.getByText(t("confirm.error.proof_expired")).waitFor();
	assert.equal(new URL(stranger.page.url()).hash, "");
	await stranger.leave();
});

scene("the browser parts the storage of a frame from that of the same site at the top, as people's browsers do", async () => {
	const p = await s.world.person("parted");
	await p.page.goto(`${s.demo.gateway}/widget/frame?mailbox=accounts`);
	await p.page.evaluate(() => localStorage.setItem("parted", "top"));
	await visit(s.demo, p, "/support/accounts");
	const frame = p.page.frames().find((x) => x.url().startsWith(s.demo.gateway));
	assert.ok(frame, "the panel's frame");
	assert.equal(await frame.evaluate(() => localStorage.getItem("parted")), null, "a cross-site frame has a storage of its own");
	await p.leave();
});

/** What a page of the gateway's own site shows. */
const near = () => ({ html: `<!doctype html><html lang="en"><title>Near</title><h1>Near</h1><script src="${s.demo.gateway}/widget/loader.js" data-mailbox="accounts"></script>` });

/** A customer on a page of the gateway's own site, with a change offered to her. */
async function nearby(blocked) {
	const p = await s.world.person(blocked ? "blocked" : "nearby");
	// What a browser does that blocks windows.
	if (blocked) await p.page.addInitScript(() => Object.assign(window, { open: () => null }));
	await customer(s.demo, p.page, "robin@example.com");
	const origin = await site(near, "localhost");
	await (await Staff.in(s.demo.gateway, "ada@shop.example")).allow("accounts", origin);
	await p.page.goto(origin);
	f = await openPanel(p.page);
	await startChat(f, "Please change my plan");
	await accept(sol.page);
	const tab = await offers("Change your display name", "New name", { text: blocked ? "Robin B" : "Robin A" });
	return { p, tab, origin };
}

scene("D08: on a page of the gateway's own site the login opens in a window; the page stays, and shows the end of it", async () => {
	const { p, tab, origin } = await nearby(false);
	const opens = p.context.waitForEvent("page");
	await button(f, "verify.login").click();
	const pop = await opens;
	await logIn(pop);
	await press(pop, "approve").click();
	await f.getByText(t("verify.applied"), { exact: true }).first().waitFor();
	await tab.getByText(t("gate.applied")).first().waitFor();
	assert.equal(new URL(p.page.url()).origin, origin, "the page never left");
	await until("the window closes by itself", () => pop.isClosed());
	await p.leave();
});

scene("D08: where windows are blocked the full page goes there and gets back, applied once", async () => {
	const { p, tab, origin } = await nearby(true);
	await button(f, "verify.login").click();
	await logIn(p.page);
	assert.equal(p.context.pages().length, 1, "no window");
	await press(p.page, "approve").click();
	await p.page.waitForURL(`${origin}/**`);
	await panel(p.page).getByText(t("verify.applied"), { exact: true }).first().waitFor();
	await tab.getByText(t("gate.applied")).first().waitFor();
	await p.leave();
});
