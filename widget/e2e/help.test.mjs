// Self-help for those who write it: the playground (P122), what visitors' questions teach (P29), and the help center (P26).
import { strict as assert } from "node:assert";
import { button, signIn, t, visit } from "./kit/people.mjs";
import { until } from "./kit/server.mjs";
import { axe, shot, suite } from "./kit/world.mjs";

const s = suite();
const { scene } = s;
let ada;

const go = async (place) => {
	await ada.page.goto(`${s.demo.admin}#/${place}`);
	await ada.page.locator("main h1").waitFor();
};
const press = (key) => ada.page.locator("main").getByRole("button", { name: t(key), exact: true }).first().click();

scene("the playground shows how words were read and what each part adds to a score", async () => {
	ada = await s.world.person("ada");
	await signIn(s.demo, ada, "ada@shop.example", "admin");
	await go("search");
	await ada.page.getByLabel(t("a.search.q"), { exact: true }).fill("how do i retrun an order");
	await until("the demo's articles are in the index", async () => {
		await press("a.search.run");
		return ada.page.getByRole("status").filter({ hasText: t("a.search.fits") }).isVisible();
	});
	await ada.page.getByText("retrun → return").first().waitFor();
	const parts = ada.page.getByRole("table").nth(1);
	const adds = await parts.locator("td.c-adds").allTextContents();
	const score = Number(/[\d.]+$/.exec((await ada.page.locator(".part h2").nth(1).textContent()) ?? "")?.[0]);
	const sum = adds.reduce((a, x) => a + Number(x), 0);
	assert.ok(adds.length > 3 && Math.abs(sum - score) < 0.01 * adds.length, `${adds} make ${score}`);
	await axe(ada.page, "admin-search");
	await shot(ada.page, "admin-search");
	await ada.page.getByLabel(t("a.search.q"), { exact: true }).fill("quantum chromodynamics");
	await press("a.search.run");
	await ada.page.getByRole("status").filter({ hasText: t("a.search.nothing") }).waitFor();
	await axe(ada.page, "admin-search-nothing");
});

scene("what answered a visitor is approved, and the next one finds it with these words", async () => {
	const asked = "my cardboard thing never showed up, parcel where";
	const p = await s.world.person("asker");
	const f = await visit(s.demo, p);
	await f.getByRole("searchbox").fill(asked);
	const first = f.locator("ul.cards button.card[data-move]").first();
	await first.waitFor();
	const title = (await first.locator("b").textContent()) ?? "";
	await first.click();
	await button(f, "article.yes").click();
	await f.getByText(t("article.thanks")).waitFor();
	await p.leave();
	await go("phrasings");
	const row = ada.page.getByRole("row").filter({ hasText: asked });
	await row.getByText(title).waitFor();
	await axe(ada.page, "admin-phrasings");
	await shot(ada.page, "admin-phrasings");
	await row.getByRole("checkbox").check();
	await press("a.phrasings.approve");
	await row.waitFor({ state: "detached" });
	await go("search");
	await ada.page.getByLabel(t("a.search.q"), { exact: true }).fill("the cardboard never showed up");
	await until("the approved question counts", async () => {
		await press("a.search.run");
		return ada.page.getByText(t("a.search.asked", { text: `\u2068${asked}\u2069` })).first().isVisible();
	});
});

scene("P20: what a visitor missed in an article stands beside it, with how many it helped", async () => {
	const p = await s.world.person("misses");
	const f = await visit(s.demo, p);
	await f.getByRole("searchbox").fill("change my e-mail");
	await f.getByRole("button", { name: /How do I change my login e-mail/ }).click();
	await button(f, "article.no").click();
	await f.getByLabel(t("article.missing")).fill("Where is the button on a phone?");
	await button(f, "article.send").click();
	await f.getByText(t("article.thanks")).waitFor();
	await p.leave();
	await go("articles/ar_10-change-email");
	const part = ada.page.locator("main .part").filter({ has: ada.page.getByRole("heading", { name: t("a.article.ratings"), exact: true }) });
	await part.getByText("Where is the button on a phone?").waitFor();
	await part.getByText(/0\W*% of\W*1/).waitFor();
	await axe(ada.page, "admin-article-ratings");
	await shot(ada.page, "admin-article-ratings");
});

scene("what became of self-help: a visit whose 24 hours are not over counts as neither", async () => {
	await go("deflection");
	const figure = (key) => ada.page.locator(".figure").filter({ hasText: t(key) }).locator("b");
	await figure("a.deflection.waiting").filter({ hasText: "2" }).waitFor();
	assert.equal(await figure("a.deflection.confirmed").textContent(), "0");
	assert.equal(await figure("a.deflection.assumed").textContent(), "0");
	await axe(ada.page, "admin-deflection");
	await shot(ada.page, "admin-deflection");
});
