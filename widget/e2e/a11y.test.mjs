// axe over every screen, light and dark, left to right and Arabic, wide and 320 px, with a picture of each (web.md §8).
import { accept, be, closes, onDuty, replies, say, side, signIn, t } from "./kit/people.mjs";
import { axe, panel, shot, suite } from "./kit/world.mjs";

const s = suite();
const { scene } = s;
let mia; // on duty from the first scene on
const widths = { wide: { width: 1280, height: 860 }, phone: { width: 320, height: 640 } };
const name = (l) => `${l.colorScheme}-${l.lang}-${l.w}`;

/** One screen in its two widths and two schemes: the page stays, only the look changes. */
async function everyLook(page, screen, lang) {
	for (const colorScheme of ["light", "dark"]) {
		for (const w of Object.keys(widths)) {
			await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
			await page.setViewportSize(widths[w]);
			await page.waitForTimeout(120);
			const at = `a11y-${screen}-${name({ colorScheme, lang, w })}`;
			await shot(page, at);
			await axe(page, at);
		}
	}
	await page.setViewportSize(widths.wide);
}
const talk = (f, lang, key) => f.getByRole("button", { name: say(lang, key), exact: true });

for (const lang of /** @type {const} */ (["en", "ar"])) {
	scene(`the panel, ${lang}: home, article, form, waiting, conversation, end`, async () => {
		mia ??= await onDuty(s, "mia", "mia@shop.example");
		const p = await s.world.person(`visitor-${lang}`, { locale: lang });
		await p.page.goto(`${s.demo.shop}/support/orders`);
		await p.page.locator("postern-chat button").first().click();
		await p.page.evaluate((l) => window.Postern("locale", l), lang);
		const f = panel(p.page);
		await talk(f, lang, "home.talk").waitFor();
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
		await talk(f, lang, "end.rate").waitFor();
		await everyLook(p.page, "panel-end", lang);
		await p.leave();
	}, 120);
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
	const pages = ["overview", "availability", "mailboxes", "agents", "articles", "articles/new", "pins", "replies", "widget", "verification", "audit", "spool"];
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
