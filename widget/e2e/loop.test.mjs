// Self-help goes round once: a question without answer is reported, a person answers it, an editor publishes what was
// said and approves other words for it, and the next visitor finds it himself (P17, P20, P27, P29).
import { strict as assert } from "node:assert";
import { setTimeout as sleep } from "node:timers/promises";
import { accept, button, closes, log, onDuty, replies, signIn, t, visit } from "./kit/people.mjs";
import { until } from "./kit/server.mjs";
import { axe, shot, suite } from "./kit/world.mjs";

const s = suite();
const { scene } = s;
const asked = "do you engrave names on lids";
const otherwise = "wanting a personal inscription, a dedication for grandmother";
const later = "a personal inscription for my grandmother";
const title = "Names on lids";
let eda;

const main = () => eda.page.locator("main");
const go = async (place) => {
	await eda.page.goto(`${s.demo.admin}#/${place}`);
	await eda.page.locator("main h1").waitFor();
};
/** The row of a question in the report, as soon as `ready` is true of it. */
const gap = async (text, ready = (row) => row.isVisible()) => {
	const row = main().getByRole("row").filter({ hasText: text });
	await until(`the report on ${text}`, async () => {
		await go("overview");
		await go("reports");
		await main().getByRole("heading", { name: t("a.gaps") }).waitFor(); // not a part of the page before
		return ready(row);
	});
	return row;
};
const cards = (f) => f.locator("ul.cards button.card[data-move]");
/** A visitor who asks and waits for what the panel says. */
async function asks(name, q) {
	const p = await s.world.person(name);
	const f = await visit(s.demo, p);
	await f.getByRole("searchbox").fill(q);
	await f.getByRole("searchbox").press("Enter");
	await until("an answer", async () => Boolean(await f.getByRole("status").first().textContent()));
	return { p, f };
}

scene("from a question without answer to the visitor who finds it in his own words", async () => {
	eda = await s.world.person("eda");
	await signIn(s.demo, eda, "ada@shop.example", "admin");
	const mia = await onDuty(s, "mia", "mia@shop.example");

	const vic = await asks("vic", asked);
	await gap(asked);
	await shot(eda.page, "loop-1-report");
	await button(vic.f, "home.talk").click();
	await vic.f.getByLabel(t("form.text")).fill("Can the lid of a tin be engraved with a name?");
	await button(vic.f, "form.start").click();
	await accept(mia.page);
	// Details that come late are of the time before the answer: the chat would end as idle.
	await mia.page.route("**/v1/conversations/*", async (r) => {
		await sleep(1000);
		await r.continue();
	});
	await replies(mia.page, "Write the name beside the tin in the basket, engraving costs nothing.");
	await log(vic.f).getByText("Write the name beside").waitFor();
	await closes(mia.page);
	await vic.p.leave();

	const draft = (row) => row.getByRole("button", { name: `${t("a.gap.chat")}:` });
	await draft(await gap(asked, (row) => draft(row).isVisible())).click();
	await main().locator(".chat-lines").getByText("Write the name beside").waitFor();
	await main().getByLabel(t("a.article.title"), { exact: true }).fill(title);
	await shot(eda.page, "loop-2-draft");
	const early = await asks("early", "names engraved on lids");
	assert.equal(await cards(early.f).filter({ hasText: title }).count(), 0, "a draft is shown to visitors");
	await early.p.leave();
	await main().getByRole("button", { name: t("a.article.publish"), exact: true }).click();
	await eda.page.getByText(t("a.article.publish.done")).first().waitFor();
	await gap(asked, async (row) => (await row.count()) === 0);

	const other = await asks("other", otherwise);
	const row = await gap(otherwise);
	assert.equal(await cards(other.f).filter({ hasText: title }).count(), 0, "these words find it already: the scene shows nothing");
	await other.p.leave();
	await row.getByRole("button", { name: `${t("a.gap.give")}:` }).click();
	const d = eda.page.getByRole("dialog", { name: t("a.gap.give") });
	await d.getByLabel(t("a.pin.article"), { exact: true }).selectOption({ label: title });
	await shot(eda.page, "loop-3-give");
	await d.getByRole("button", { name: t("a.gap.give.go"), exact: true }).click();
	await eda.page.getByText(t("a.gap.given")).waitFor();
	const still = await asks("still", later);
	assert.equal(await cards(still.f).filter({ hasText: title }).count(), 0, "what nobody approved counts");
	await still.p.leave();

	await go("phrasings");
	const phrasing = main().getByRole("row").filter({ hasText: otherwise });
	await phrasing.getByText(title).waitFor();
	await phrasing.getByRole("checkbox").check();
	await axe(eda.page, "loop-phrasing");
	await shot(eda.page, "loop-4-phrasing");
	await main().getByRole("button", { name: t("a.phrasings.approve"), exact: true }).first().click();
	await phrasing.waitFor({ state: "detached" });

	const next = await asks("next", later);
	const first = cards(next.f).first();
	await first.filter({ hasText: title }).waitFor();
	await axe(next.p.page, "loop-found");
	await shot(next.p.page, "loop-5-found");
	await first.click();
	await next.f.getByText("engraving costs nothing").waitFor();
	await button(next.f, "article.yes").click();
	await next.f.getByText(t("article.thanks")).waitFor();
	await next.p.leave();
	await gap(otherwise, async (row) => (await row.count()) === 0);
}, 120);
