// axe over every screen, light and dark, left to right and Arabic, wide and 320 px, with a picture of each (web.md §8).
import { Staff } from "./kit/api.mjs";
import { accept, be, closes, customer, goTo, offer, offersRenewal, onDuty, replies, say, side, signIn, t, thread } from "./kit/people.mjs";
import { settles } from "./kit/looks.mjs";
import { mailText, until } from "./kit/server.mjs";
import { axe, panel, shot, suite } from "./kit/world.mjs";

const s = suite();
const { scene } = s;
// On duty from the first scene on.
let mia;
let sol;
const widths = { wide: { width: 1280, height: 860 }, phone: { width: 320, height: 640 } };
const name = (l) => `${l.colorScheme}-${l.lang}-${l.w}`;

/** One screen in its two widths and two schemes: the page stays, only the look changes. */
async function everyLook(page, screen, lang) {
	for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
		for (const w of Object.keys(widths)) {
			await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
			await page.setViewportSize(widths[w]);
			await settles(page, colorScheme, widths[w]);
			const at = `a11y-${screen}-${name({ colorScheme, lang, w })}`;
			await shot(page, at);
			await axe(page, at);
		}
	}
	await page.setViewportSize(widths.wide);
	await settles(page, "dark", widths.wide);
}
const talk = (f, lang, key) => f.getByRole("button", { name: say(lang, key), exact: true });

/** Opens the panel on a page of the shop, in a language. */
async function opens(p, path, lang) {
	await p.page.goto(s.demo.shop + path);
	await p.page.locator("postern-chat button").first().click();
	await p.page.evaluate((l) => window.Postern("locale", l), lang);
	const f = panel(p.page);
	await talk(f, lang, "home.talk").or(talk(f, lang, "home.leave")).waitFor();
	await until("the gateway's answer", () => talk(f, lang, "home.talk").or(talk(f, lang, "home.leave")).isEnabled());
	return f;
}
const log = (f) => f.getByRole("log");

scene("nobody is missed while we look: long rings, long waits", async () => {
	const ada = await Staff.in(s.demo.gateway, "ada@shop.example");
	for (const box of ["orders", "accounts"]) await ada.change(box, { ring_s: 120, missed_s: 3600 });
	mia = await onDuty(s, "mia", "mia@shop.example");
	sol = await onDuty(s, "sol", "sol@shop.example", "unavailable");
});

for (const lang of /** @type {const} */ (["en", "ar"])) {
	scene(`the panel, ${lang}: home, article, form, waiting, conversation, end`, async () => {
		const p = await s.world.person(`visitor-${lang}`, { locale: lang });
		const f = await opens(p, "/support/orders", lang);
		await f.locator("[data-move]").first().waitFor();
		await everyLook(p.page, "panel-home", lang);
		await f.locator("[data-move]").first().click();
		await talk(f, lang, "article.yes").waitFor();
		await everyLook(p.page, "panel-article", lang);
		await talk(f, lang, "article.still").click();
		await f.getByLabel(say(lang, "form.text")).fill("Is it on its way?");
		await everyLook(p.page, "panel-form", lang);
		await talk(f, lang, "form.start").click();
		await f.getByRole("log").getByText("Is it on its way?").waitFor();
		await accept(mia.page);
		await replies(mia.page, "It is.");
		await f.getByRole("log").getByText("It is.").waitFor();
		await everyLook(p.page, "panel-chat", lang);
		if (lang === "en") {
			for (const tab of ["visitor", "account", "verify", "articles", "history"]) {
				await side(mia.page, tab).click();
				await mia.page.waitForTimeout(150);
				await axe(mia.page, `console-${tab}`);
				await shot(mia.page, `a11y-console-${tab}`);
			}
			await everyLook(mia.page, "console-thread", "en");
		}
		await closes(mia.page);
		await talk(f, lang, "end.rate").click();
		await f.getByText(say(lang, "end.choose")).waitFor();
		await everyLook(p.page, "panel-end", lang);
		await f.getByRole("radio", { name: say(lang, "end.star", { n: 4 }) }).check();
		await f.getByLabel(say(lang, "end.text")).fill("Quick and kind");
		await everyLook(p.page, "panel-stars", lang);
		await talk(f, lang, "end.rate").click();
		await f.getByText(say(lang, "end.thanks")).waitFor();
		await everyLook(p.page, "panel-rated", lang);
		await p.leave();
	}, 120);

	scene(`the panel, ${lang}: waiting, by e-mail instead, the ticket and its answer; the page of the mail's link`, async () => {
		const p = await s.world.person(`waiting-${lang}`, { locale: lang });
		const f = await opens(p, "/support/orders", lang);
		await talk(f, lang, "home.talk").click();
		await f.getByLabel(say(lang, "form.text")).fill(`Do you post abroad? ${lang}`);
		await talk(f, lang, "form.start").click();
		await log(f).getByText(/post abroad/).waitFor();
		await offer(mia.page).waitFor();
		await talk(f, lang, "wait.email").waitFor();
		await everyLook(p.page, "panel-waiting", lang);
		await talk(f, lang, "wait.email").click();
		await f.getByLabel(say(lang, "wait.email.to")).fill("lee@example.net");
		await everyLook(p.page, "panel-waiting-email", lang);
		const before = s.demo.spool().length;
		await talk(f, lang, "wait.email").click();
		await log(f).getByText("l•••@example.net").waitFor();
		await goTo(mia.page, "missed");
		await mia.page.locator("[data-row]").filter({ hasText: `Do you post abroad? ${lang}` }).click();
		await thread(mia.page).getByText(/post abroad/).waitFor();
		const box = mia.page.getByRole("textbox", { name: t("composer.write") });
		await box.fill("We do.");
		await box.press("Control+Shift+Enter");
		await log(f).getByText("We do.").waitFor();
		await everyLook(p.page, "panel-ticket", lang);
		const mails = await until("the mail", () => s.demo.spool().length > before && s.demo.spool());
		const link = mails.map((m) => /http\S+\/rate#\S+/.exec(mailText(m))?.[0] ?? "").find((l) => !seen.has(l));
		seen.add(link);
		await rates(link, lang);
		await p.leave();
	}, 180);

	scene(`the Verify card, ${lang}: guide, offered, waiting for login, login seen, done, withdrawn, declined, not me`, () => verifies(lang), 240);
}
const seen = new Set();

/** Every state of the page that a mail's link opens. */
async function rates(link, lang) {
	const p = await s.world.person(`reader-${lang}`, { locale: lang });
	await p.page.goto(link);
	await p.page.getByText(say(lang, "rate.later")).waitFor();
	await everyLook(p.page, "rate-later", lang);
	await closes(mia.page);
	await talk(p.page, lang, "rate.again").click();
	await talk(p.page, lang, "rate.send").click();
	await p.page.getByText(say(lang, "rate.choose")).waitFor();
	await everyLook(p.page, "rate-stars", lang);
	await p.page.getByRole("radio", { name: say(lang, "end.star", { n: 3 }) }).check();
	await talk(p.page, lang, "rate.send").click();
	await p.page.getByText(say(lang, "rate.thanks")).waitFor();
	await everyLook(p.page, "rate-thanks", lang);
	await p.page.goto(`${link}x`);
	await p.page.getByText(say(lang, "rate.refused")).waitFor();
	await everyLook(p.page, "rate-refused", lang);
	await p.leave();
}

/** A change at the shop, seen from a second tab while the first one is at the shop's confirm page. */
async function verifies(lang) {
	await be(sol.page, "available");
	await be(mia.page, "unavailable");
	const robin = await s.world.person(`robin-${lang}`, { locale: lang });
	await customer(s.demo, robin.page, "robin@example.com");
	const f = await opens(robin, "/support/accounts", lang);
	await talk(f, lang, "home.talk").click();
	await f.getByLabel(say(lang, "form.text")).fill(`End my plan ${lang}`);
	await talk(f, lang, "form.start").click();
	await accept(sol.page);
	await side(sol.page, "verify").click();
	await sol.page.getByRole("button", { name: t("guide.send_of", { title: "Change your login e-mail" }) }).click();
	const settings = robin.context.waitForEvent("page");
	await f.getByRole("link", { name: say(lang, "verify.guide.open") }).click();
	await (await settings).close();
	await talk(f, lang, "verify.guide.done").waitFor();
	await everyLook(robin.page, "verify-guide", lang);
	await talk(f, lang, "verify.guide.done").click();
	await f.getByText(say(lang, "verify.guide.thanks")).waitFor();

	const state = (at, name) => at.getByText(say(lang, `verify.${name}`), { exact: true }).last();
	await offersRenewal(sol.page);
	await state(f, "offered").waitFor();
	await everyLook(robin.page, "verify-offered", lang);
	await sol.page.locator("#side").getByRole("button", { name: t("gate.withdraw") }).click();
	await state(f, "withdrawn").waitFor();
	await everyLook(robin.page, "verify-withdrawn", lang);
	await offersRenewal(sol.page);
	await f.getByRole("button", { name: say(lang, "verify.decline") }).click();
	await state(f, "denied").waitFor();
	await everyLook(robin.page, "verify-denied", lang);

	await offersRenewal(sol.page);
	await talk(f, lang, "verify.login").click();
	await robin.page.waitForURL(/support-verify/);
	const tab = { page: await robin.context.newPage() };
	await tab.page.goto(`${s.demo.shop}/support/accounts`); // the panel opens by itself: a change is going on
	const g = panel(tab.page);
	await log(g).waitFor();
	await tab.page.evaluate((l) => window.Postern("locale", l), lang);
	await state(g, "challenged").waitFor();
	await everyLook(tab.page, "verify-challenged", lang);
	await robin.page.getByLabel("E-mail").fill("robin@example.com");
	await robin.page.getByLabel("Password").fill("postern-demo");
	await robin.page.getByRole("button", { name: "Log in" }).click();
	// The shop's answer is held back: the login is seen, and the browser has not come back with it.
	const confirm = `${s.demo.shop}/support-verify*`;
	let back = "";
	await robin.page.route(confirm, async (r) => {
		if (r.request().method() !== "POST") return r.continue();
		back = (await r.fetch({ maxRedirects: 0 })).headers().location ?? "";
		await r.fulfill({ status: 204 });
	});
	await robin.page.getByRole("button", { name: "Approve" }).click();
	await state(g, "matched").waitFor();
	await everyLook(tab.page, "verify-matched", lang);
	await robin.page.unroute(confirm);
	await robin.page.goto(new URL(back, s.demo.shop).href);
	await state(g, "applied").waitFor();
	await everyLook(tab.page, "verify-applied", lang);
	await renews(robin);

	await offersRenewal(sol.page);
	const h = panel(robin.page);
	await robin.page.evaluate((l) => window.Postern("locale", l), lang); // the page was loaded anew
	await talk(h, lang, "verify.login").click();
	await robin.page.waitForURL(/support-verify/);
	await robin.page.getByLabel("E-mail").fill("robin@example.com");
	await robin.page.getByLabel("Password").fill("postern-demo");
	await robin.page.getByRole("button", { name: "Log in" }).click();
	await robin.page.getByRole("button", { name: "Not me" }).click();
	await state(g, "disowned").waitFor();
	await everyLook(tab.page, "verify-disowned", lang);
	await closes(sol.page);
	await be(mia.page, "available");
	await be(sol.page, "unavailable");
	await robin.leave();
}
/** The plan is as it was, for the next one. */
async function renews(robin) {
	const page = await robin.context.newPage();
	await page.goto(`${s.demo.shop}/account/plan`);
	await page.getByRole("button", { name: "Renew again" }).click();
	await page.getByText("Renews", { exact: true }).waitFor();
	await page.close();
}

scene("the console: sign-in, availability, empty lists, saved replies, shortcuts, palette; in Arabic", async () => {
	const p = await s.world.person("ben");
	await p.page.goto(s.demo.console);
	await p.page.getByLabel(t("signin.email")).waitFor();
	await everyLook(p.page, "console-signin", "en");
	await signIn(s.demo, p, "ben@shop.example");
	await p.page.getByRole("dialog", { name: /Availability/ }).waitFor();
	await axe(p.page, "console-availability");
	await shot(p.page, "a11y-console-availability");
	await be(p.page, "assign_only");
	await everyLook(p.page, "console-incoming", "en");
	await p.page.keyboard.press("?");
	await p.page.getByRole("dialog", { name: t("keys.title") }).waitFor();
	await axe(p.page, "console-shortcuts");
	await p.page.keyboard.press("Escape");
	await p.page.keyboard.press("Control+k");
	await p.page.getByRole("dialog", { name: t("palette.title") }).waitFor();
	await axe(p.page, "console-palette");
	await p.page.keyboard.press("Escape");
	await p.page.keyboard.press("g");
	await p.page.keyboard.press("r");
	await p.page.getByRole("heading", { name: t("view.replies") }).waitFor();
	await everyLook(p.page, "console-replies", "en");
	await p.page.getByRole("button", { name: t("me.menu", { name: "Ben" }) }).click();
	await p.page.getByLabel(t("me.lang")).selectOption("ar");
	await p.page.keyboard.press("Escape");
	await p.page.getByRole("heading", { name: say("ar", "view.replies") }).waitFor();
	await everyLook(p.page, "console-replies", "ar");
	await p.leave();
}, 120);

scene("the admin pages, each in both schemes and widths, and in Arabic", async () => {
	const p = await s.world.person("ada");
	await p.page.goto(s.demo.admin);
	await p.page.getByLabel(t("a.email")).waitFor();
	await everyLook(p.page, "admin-signin", "en");
	await signIn(s.demo, p, "ada@shop.example", "admin");
	const pages = ["overview", "availability", "mailboxes", "agents", "articles", "articles/new", "pins", "replies", "assist", "widget", "verification", "audit", "spool"];
	for (const lang of ["en", "ar"]) {
		if (lang === "ar") {
			await p.page.getByRole("button", { name: t("a.account", { name: "Ada" }) }).click();
			await p.page.getByRole("menuitem", { name: "العربية" }).click();
			await p.page.locator("html[dir=rtl]").waitFor();
		}
		for (const at of pages) {
			await p.page.goto(`${s.demo.admin}#/${at}`);
			await p.page.locator("main h1").waitFor();
			await p.page.waitForTimeout(250);
			if (lang === "en") await everyLook(p.page, `admin-${at}`, lang);
			else {
				await axe(p.page, `admin-${at}-ar`);
				await shot(p.page, `a11y-admin-${at}-ar`);
			}
		}
	}
}, 180);
