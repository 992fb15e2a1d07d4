// What the help center has beside articles (P26, P27): topics, related articles, the request form; and the editors' dates.
import { strict as assert } from "node:assert";
import { Staff } from "./kit/api.mjs";
import { look, looks, turned } from "./kit/looks.mjs";
import { goTo, log, onDuty, panel, say, side, signIn, t, tabTo } from "./kit/people.mjs";
import { until } from "./kit/server.mjs";
import { axe, shot, suite } from "./kit/world.mjs";

const s = suite();
const { scene } = s;
const fields = { visibility: "public", mailboxes: [], original: "", summary: "", tags: [], phrasings: [], note: "", version: 0 };
let root = "";
/** @type {Staff} */
let ada;

scene("topics in two languages stand on the front page", async () => {
	root = `${s.demo.gateway}/help/accounts`;
	ada = await Staff.in(s.demo.gateway, "ada@shop.example");
	for (const [i, title] of ["كيف أغيّر بريد تسجيل الدخول؟", "كيف أغيّر كلمة مرور تسجيل الدخول؟", "كيف أغيّر عنوان التوصيل؟"].entries()) {
		const { article } = await ada.call("POST", "/v1/articles", { ...fields, locale: "ar", title, collection: i < 2 ? "الحساب" : "", order: i + 1, body: "افتح **الإعدادات** ثم اضغط **تغيير**." });
		await ada.call("POST", `/v1/articles/${article.id}/publish`, { version: 1 });
	}
	await until("the Arabic topic", async () => (await (await fetch(`${root}/ar`)).text()).includes("الحساب"));
});

for (const [name, options] of Object.entries(looks)) {
	scene(`${name}: a topic, its articles, what is related, and the way back`, async () => {
		const p = await s.world.person(name, options);
		const { page } = p;
		await page.goto(`${root}/en`);
		const topics = page.getByRole("region", { name: t("help.collections") });
		assert.deepEqual(await topics.getByRole("listitem").locator("b").allTextContents(), ["Orders and delivery", "Your account", "Plans", "Tea and pots"]);
		await look(page, `topics-${name}-home`);
		await topics.getByRole("link", { name: /^Plans/ }).click();
		await page.getByRole("heading", { level: 1, name: "Plans" }).waitFor();
		assert.equal(await page.getByRole("main").getByRole("listitem").filter({ has: page.locator("b") }).count(), 5);
		await look(page, `topics-${name}-list`);
		await page.getByRole("link", { name: /renewal of my plan/ }).click();
		const related = page.getByRole("region", { name: t("help.related") }).getByRole("listitem");
		await related.first().waitFor();
		assert.ok((await related.count()) <= 3, "more than three are related");
		await look(page, `topics-${name}-article`);
		await page.getByRole("navigation", { name: t("help.place") }).getByRole("link", { name: "Plans" }).click();
		await page.getByRole("heading", { level: 1, name: "Plans" }).waitFor();
		await p.leave();
	});
	scene(`${name}: the request form, refused and sent`, async () => {
		const p = await s.world.person(name, options);
		const { page } = p;
		await page.goto(`${root}/en`);
		await page.getByRole("link", { name: t("help.request") }).click();
		await page.getByRole("heading", { level: 1, name: t("help.request") }).waitFor();
		await look(page, `request-${name}`);
		await page.locator("form.ask").evaluate((f) => f.setAttribute("novalidate", ""));
		await page.getByLabel(t("help.request.words")).fill("My plan shows the wrong price");
		await page.getByLabel(t("help.request.email")).fill("kim at example");
		await page.getByRole("button", { name: t("help.request.send") }).click();
		await page.getByRole("alert").waitFor();
		assert.equal(await page.getByLabel(t("help.request.words")).inputValue(), "My plan shows the wrong price");
		await look(page, `request-${name}-wrong`);
		await page.getByLabel(t("help.request.email")).fill(`${name}@example.net`);
		await page.getByRole("button", { name: t("help.request.send") }).click();
		await page.getByText(t("help.request.to")).waitFor();
		assert.match((await page.getByRole("heading", { level: 1 }).textContent()) ?? "", /\d+$/);
		await look(page, `request-${name}-sent`);
		await p.leave();
	});
}

for (const [name, options] of Object.entries(turned)) {
	scene(`${name}: topics and the request form run from right to left`, async () => {
		const p = await s.world.person(name, options);
		const { page } = p;
		await page.goto(root);
		await look(page, `topics-${name}-home`);
		await page.getByRole("region", { name: say("ar", "help.collections") }).getByRole("link", { name: /الحساب/ }).click();
		await page.getByRole("heading", { level: 1, name: "الحساب" }).waitFor();
		await look(page, `topics-${name}-list`);
		await page.getByRole("main").getByRole("link", { name: /بريد تسجيل/ }).click();
		await page.getByRole("region", { name: say("ar", "help.related") }).waitFor();
		await look(page, `topics-${name}-article`);
		await page.goto(`${root}/ar/request`);
		await look(page, `request-${name}`);
		await p.leave();
	});
}

scene("without JavaScript and without a mouse: a request, and the agent sees what it says", async () => {
	const p = await s.world.person("plain", { javaScriptEnabled: false });
	const { page } = p;
	await page.goto(`${root}/en/request`);
	const type = page.getByLabel(t("help.request.type"));
	await tabTo(page, type);
	await page.keyboard.press("ArrowDown");
	await tabTo(page, page.getByLabel(t("help.request.priority")));
	await page.keyboard.press("ArrowDown");
	await tabTo(page, page.getByLabel(t("help.request.words")));
	await page.keyboard.type("The shop charged my plan twice");
	await tabTo(page, page.getByLabel(t("help.request.email")));
	await page.keyboard.type("kim@example.net");
	await page.keyboard.press("Enter");
	const number = /\d+$/.exec((await page.getByRole("heading", { level: 1 }).textContent()) ?? "")?.[0];
	assert.ok(number, "no number is shown");
	await p.leave();
	const mia = await onDuty(s, "mia", "mia@shop.example");
	await goTo(mia.page, "unassigned");
	const row = mia.page.locator("[data-row]").filter({ hasText: "The shop charged my plan twice" });
	await row.waitFor();
	assert.match((await row.textContent()) ?? "", new RegExp(`#${number}`));
	await row.click();
	await side(mia.page, "visitor").click();
	const facts = mia.page.locator(".facts").first();
	await facts.getByText(t("visitor.request.problem")).waitFor();
	await facts.getByText("kim@example.net").waitFor();
	await shot(mia.page, "request-console");
	await axe(mia.page, "request-console");
	await mia.leave();
});

scene("without an address the chat opens with the words", async () => {
	const p = await s.world.person("nobody");
	const { page } = p;
	await page.goto(`${root}/en/request`);
	await page.getByLabel(t("help.request.words")).fill("Can I pause my plan?");
	await page.getByRole("button", { name: t("help.request.send") }).click();
	const f = panel(page);
	const box = f.getByLabel(t("form.text"));
	await box.waitFor();
	assert.equal(await box.inputValue(), `${t("help.request.type.question")}: Can I pause my plan?`);
	await look(page, "request-chat");
	await f.getByRole("button", { name: new RegExp(`^(${t("form.start")}|${t("form.send")})$`) }).click();
	await log(f).getByText("Can I pause my plan?").first().waitFor();
	await p.leave();
});

scene("an editor puts an article into a topic, and it stands there once it is published", async () => {
	const p = await s.world.person("eda");
	await signIn(s.demo, p, "eda@shop.example", "admin");
	const { page } = p;
	await page.goto(`${s.demo.admin}#/articles/ar_30-wholesale`);
	const topic = page.getByLabel(t("a.article.collection"), { exact: true });
	await topic.fill("Plans");
	await page.getByLabel(t("a.article.order"), { exact: true }).fill("1");
	await axe(page, "admin-article-topic");
	await topic.scrollIntoViewIfNeeded();
	await shot(page, "admin-article-topic");
	await page.getByRole("main").getByRole("button", { name: t("a.article.publish"), exact: true }).click();
	await page.getByText(t("a.article.publish.done")).waitFor();
	await until("the topic to begin with it", async () => {
		const text = await (await fetch(`${root}/en/collection/plans`)).text();
		return text.includes("ar_30-wholesale") && text.indexOf("ar_30-wholesale") < text.indexOf("ar_18-plan-overview");
	});
	await p.leave();
});

scene("P27: what is past its date is listed, and gone once an editor has looked at it", async () => {
	const eda = await Staff.in(s.demo.gateway, "eda@shop.example");
	await eda.call("POST", "/v1/articles/ar_25-brewing/review", { by: Date.now() - 86_400_000, done: false });
	const p = await s.world.person("eda");
	await signIn(s.demo, p, "eda@shop.example", "admin");
	const { page } = p;
	const main = page.getByRole("main");
	await page.goto(`${s.demo.admin}#/articles`);
	await main.getByText(t("a.articles.due", { n: 1 })).waitFor();
	await shot(page, "admin-articles-due");
	await main.getByRole("button", { name: t("a.articles.due.show") }).click();
	const rows = main.getByRole("table", { name: t("a.articles") }).locator("tbody tr");
	await until("one row", async () => (await rows.count()) === 1);
	await shot(page, "admin-articles-stale");
	await axe(page, "admin-articles-stale");
	await rows.getByRole("link").click();
	const part = main.locator("section.part").filter({ has: page.getByRole("heading", { name: t("a.article.review"), exact: true }) });
	await part.getByText(t("a.article.due"), { exact: true }).waitFor();
	await part.scrollIntoViewIfNeeded();
	await shot(page, "admin-article-review");
	await axe(page, "admin-article-review");
	await page.goto(`${s.demo.admin}#/articles`);
	await main.getByRole("button", { name: t("a.articles.due.show") }).click();
	await rows.getByRole("button", { name: new RegExp(`^${t("a.article.review.now")}`) }).click();
	await main.getByText(t("a.articles.nothing")).waitFor();
	const { article } = await eda.call("GET", "/v1/articles/ar_25-brewing");
	assert.equal(article.overdue, false);
	assert.ok(article.reviewed_at > 0 && article.review_by === 0 && article.published === 1, "reviewing changed the article");
	await page.goto(`${s.demo.admin}#/articles/ar_25-brewing`);
	await part.getByLabel(t("a.article.review.by")).fill("2031-03-04");
	await part.getByRole("button", { name: t("a.article.review.set") }).click();
	await part.getByText(/2031/).waitFor();
	await p.leave();
});

scene("the editors' pages in Arabic, dark and narrow", async () => {
	const eda = await Staff.in(s.demo.gateway, "eda@shop.example");
	await eda.call("POST", "/v1/articles/ar_26-caffeine/review", { by: Date.now() - 86_400_000, done: false });
	const p = await s.world.person("eda", { colorScheme: "dark" });
	await signIn(s.demo, p, "eda@shop.example", "admin");
	const { page } = p;
	await page.getByRole("button", { name: t("a.account", { name: "Eda" }) }).click();
	await page.getByRole("menuitem", { name: "العربية" }).click();
	await page.locator("html[dir=rtl]").waitFor();
	await page.setViewportSize({ width: 390, height: 844 });
	await page.goto(`${s.demo.admin}#/articles`);
	await page.getByRole("main").getByRole("button", { name: say("ar", "a.articles.due.show") }).click();
	await page.getByRole("button", { name: new RegExp(`^${say("ar", "a.article.review.now")}`) }).waitFor();
	await axe(page, "admin-articles-stale-ar");
	await shot(page, "admin-articles-stale-ar");
	await page.goto(`${s.demo.admin}#/articles/ar_26-caffeine`);
	const part = page.getByRole("heading", { name: say("ar", "a.article.review"), exact: true });
	await part.waitFor();
	await part.scrollIntoViewIfNeeded();
	await axe(page, "admin-article-review-ar");
	await shot(page, "admin-article-review-ar");
	await p.leave();
});
