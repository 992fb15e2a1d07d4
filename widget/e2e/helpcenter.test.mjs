// The public help center (P26): read, searched and rated without JavaScript, in both schemes and directions, on a phone
// and by keyboard; the one page with a script opens the chat.
import { strict as assert } from "node:assert";
import { Staff } from "./kit/api.mjs";
import { look, looks, turned } from "./kit/looks.mjs";
import { log, panel, say, signIn, t, tabTo } from "./kit/people.mjs";
import { until } from "./kit/server.mjs";
import { axe, shot, suite } from "./kit/world.mjs";

const s = suite();
const { scene } = s;
/** Who else was asked for something. */
const elsewhere = new Set();
let root = "";

/**
 * Somebody at the help center, whose every request is looked at.
 * @param {string} name
 * @param {import("playwright-core").BrowserContextOptions} [options]
 */
async function reader(name, options) {
	const p = await s.world.person(name, options);
	p.context.on("request", (r) => {
		const { origin, protocol } = new URL(r.url());
		if (protocol !== "data:" && origin !== s.demo.gateway) elsewhere.add(r.url());
	});
	return p;
}
/**
 * @param {import("playwright-core").Page} page
 * @param {string} words
 * @param {import("./kit/words.mjs").Lang} lang
 */
const ask = async (page, words, lang = "en") => {
	await page.getByRole("searchbox", { name: say(lang, "help.search") }).fill(words);
	await page.keyboard.press("Enter");
	await page.waitForURL(/\/search\?q=/);
};

scene("an editor writes in Arabic too, and the page is there with both languages", async () => {
	root = `${s.demo.gateway}/help/accounts`;
	const ada = await Staff.in(s.demo.gateway, "ada@shop.example");
	await ada.change("accounts", { color: "#0b6b43", greeting: "Your account, your plan, your settings." });
	const { article } = await ada.call("POST", "/v1/articles", {
		locale: "ar", visibility: "public", mailboxes: [], original: "ar_10-change-email", title: "كيف أغيّر بريد تسجيل الدخول؟", summary: "من الإعدادات، بكلمة مرورك.",
		tags: [], phrasings: ["تغيير البريد الإلكتروني"], note: "", version: 0,
		body: "1. سجّل الدخول وافتح **الإعدادات**.\n2. تحت **بريد الدخول** اكتب العنوان الجديد.\n3. اضغط **تغيير**.\n\n> لن يطلب منك أحد كلمة مرورك.\n\nمثال: `name@example.com`",
	});
	await ada.call("POST", `/v1/articles/${article.id}/publish`, { version: 1 });
	await until("both languages", async () => (await (await fetch(`${root}/en`)).text()).includes('hreflang="ar"'));
});

for (const [name, options] of Object.entries(looks)) {
	scene(`${name}: home, article, search, nothing found, and what is not there`, async () => {
		const p = await reader(name, options);
		const { page } = p;
		await page.goto(`${root}/en`);
		await page.getByRole("heading", { level: 1, name: t("help.title") }).waitFor();
		await look(page, `help-${name}-home`);
		await ask(page, "chnage my login email");
		await look(page, `help-${name}-search`);
		await page.getByRole("main").getByRole("link", { name: /How do I change my login e-mail/ }).click();
		await page.getByRole("heading", { name: t("help.helped") }).waitFor();
		await look(page, `help-${name}-article`);
		await page.goto(`${page.url()}?rated=no`);
		await page.getByLabel(t("help.missing")).waitFor();
		await look(page, `help-${name}-why`);
		await page.goto(`${root}/en/search?q=quantum+chromodynamics`);
		await page.getByText(t("help.none"), { exact: true }).waitFor();
		await look(page, `help-${name}-none`);
		await page.goto(`${root}/en/ar_nothing`);
		await page.getByRole("heading", { name: t("help.problem.not_found.title") }).waitFor();
		await look(page, `help-${name}-missing`);
		await p.leave();
	});
}

for (const [name, options] of Object.entries(turned)) {
	scene(`${name}: the browser's language decides, and everything runs from right to left`, async () => {
		const p = await reader(name, options);
		const { page } = p;
		await page.goto(root);
		assert.equal(page.url(), `${root}/ar`);
		assert.equal(await page.evaluate(() => getComputedStyle(document.body).direction), "rtl");
		await look(page, `help-${name}-home`);
		await ask(page, "تغيير البريد", "ar");
		await look(page, `help-${name}-search`);
		await page.getByRole("main").getByRole("link", { name: /كيف أغيّر/ }).click();
		await page.getByRole("heading", { name: say("ar", "help.helped") }).waitFor();
		await look(page, `help-${name}-article`);
		await page.getByRole("contentinfo").getByRole("link", { name: "English" }).click();
		await page.getByRole("heading", { level: 1, name: /How do I change my login e-mail/ }).waitFor();
		assert.equal(await page.evaluate(() => document.documentElement.dir), "ltr");
		await p.leave();
	});
}

scene("without JavaScript and without a mouse: skip, search, read, say what was missing", async () => {
	const p = await reader("plain", { javaScriptEnabled: false });
	const { page } = p;
	await page.goto(`${root}/en`);
	await page.keyboard.press("Tab");
	const skip = page.getByRole("link", { name: t("help.skip") });
	assert.ok(await skip.evaluate((e) => e === document.activeElement), "the first stop is not the skip link");
	await shot(page, "help-skip");
	await page.keyboard.press("Enter");
	await page.keyboard.press("Tab");
	await page.keyboard.type("where is my parcel");
	await page.keyboard.press("Enter");
	await page.waitForURL(/\/search\?q=/);
	const first = page.getByRole("main").getByRole("listitem").getByRole("link").first();
	await tabTo(page, first);
	await page.keyboard.press("Enter");
	await page.getByRole("heading", { name: t("help.helped") }).waitFor();
	const no = page.getByRole("button", { name: t("help.no"), exact: true });
	await tabTo(page, no);
	await page.keyboard.press("Enter");
	const why = page.getByLabel(t("help.missing"));
	await why.waitFor();
	await shot(page, "help-why");
	await tabTo(page, why);
	await page.keyboard.type("Which courier?");
	await tabTo(page, page.getByRole("button", { name: t("help.send") }));
	await page.keyboard.press("Enter");
	await page.getByRole("heading", { name: t("help.thanks") }).waitFor();
	const id = /\/(ar_[\w-]+)\//.exec(page.url())?.[1];
	const ada = await Staff.in(s.demo.gateway, "ada@shop.example");
	const { ratings } = await ada.call("GET", `/v1/articles/${id}`);
	assert.deepEqual(ratings.map((/** @type {any} */ r) => [r.solved, r.text]), [[false, "Which courier?"]]);
	await page.goto(`${root}/en/talk`);
	await page.getByText(t("help.talk.noscript")).waitFor();
	await shot(page, "help-talk-plain");
	await p.leave();
});

scene("talk to a person: the widget opens by itself, and what is written arrives", async () => {
	const p = await reader("talker");
	const { page } = p;
	await page.goto(`${root}/en`);
	await page.getByRole("banner").getByRole("link", { name: t("help.talk") }).click();
	const f = panel(page);
	await f.getByLabel(t("form.text")).fill("My plan shows the wrong price");
	await look(page, "help-talk");
	await f.getByRole("button", { name: new RegExp(`^(${t("form.start")}|${t("form.send")})$`) }).click();
	await log(f).getByText("My plan shows the wrong price").first().waitFor();
	await p.leave();
});

scene("an editor sees a draft as its page; from the editor he gets there", async () => {
	const p = await s.world.person("eda");
	await signIn(s.demo, p, "eda@shop.example", "admin");
	await p.page.goto(`${s.demo.admin}#/articles/ar_10-change-email`);
	const popup = p.context.waitForEvent("page");
	await p.page.getByRole("link", { name: t("a.article.page") }).click();
	const page = await popup;
	await page.getByRole("region", { name: t("help.preview") }).getByText(t("help.preview.version", { n: 1 })).waitFor();
	await look(page, "help-preview");
	await axe(p.page, "admin-article-translation");
	await p.leave();
});

scene("no page asked anybody else for anything", async () => {
	assert.deepEqual([...elsewhere], []);
});
