// The admin pages, and what visitors and agents see of them at once (P23, P43, P87-P90, P113 and web.md §5).
import { strict as assert } from "node:assert";
import { accept, be, goTo, onDuty, side, signIn, startChat, t, visit } from "./kit/people.mjs";
import { suite } from "./kit/world.mjs";

const s = suite();
const { scene } = s;
let ada;
let mia;

const go = async (place) => {
	await ada.page.goto(`${s.demo.admin}#/${place}`);
	await ada.page.locator("main h1").waitFor();
};
const press = (key) => ada.page.locator("main").getByRole("button", { name: t(key), exact: true }).first().click();

scene("a mailbox's missed-after is stored, and a value out of bounds is refused at its field", async () => {
	ada = await s.world.person("ada");
	await signIn(s.demo, ada, "ada@shop.example", "admin");
	await go("mailboxes");
	await ada.page.locator("main").getByText("Orders", { exact: true }).first().click();
	const missed = ada.page.getByLabel(t("a.mailbox.missed.s"));
	await missed.fill("5");
	await press("a.save");
	await ada.page.getByText(t("a.error.missed_s")).first().waitFor();
	await missed.fill("45");
	await press("a.save");
	await ada.page.getByText(t("a.saved")).first().waitFor();
	await ada.page.reload();
	await missed.waitFor();
	assert.equal(await missed.inputValue(), "45");
});

scene("an invited agent sets a password by a link that works once, and is a member like others", async () => {
	await go("agents");
	await press("a.agents.invite");
	const d = ada.page.getByRole("dialog", { name: t("a.agents.invite") });
	await d.getByLabel(t("a.name"), { exact: true }).fill("Nia");
	await d.getByLabel(t("a.email"), { exact: true }).fill("nia@shop.example");
	await d.getByRole("button", { name: t("a.agents.create") }).click();
	const link = await ada.page.getByRole("textbox", { name: t("a.agents.link.label") }).inputValue();
	const nia = await s.world.person("nia");
	await nia.page.goto(link);
	await nia.page.getByLabel(t("password.new")).fill("a few quiet words");
	await nia.page.getByLabel(t("password.again")).fill("a few quiet words");
	await nia.page.getByRole("button", { name: t("password.go") }).click();
	await nia.page.locator(".be-button").waitFor();
	await nia.leave();
	const again = await s.world.person("again");
	await again.page.goto(link);
	await again.page.getByLabel(t("password.new")).fill("somebody else here");
	await again.page.getByLabel(t("password.again")).fill("somebody else here");
	await again.page.getByRole("button", { name: t("password.go") }).click();
	await again.page.getByText(t("password.gone")).waitFor();
	await again.leave();
});

scene("an article is written, previewed, published, and found by a visitor", async () => {
	await go("articles/new");
	await ada.page.getByLabel(t("a.article.title"), { exact: true }).fill("How do I repair a kintsugi cup?");
	await ada.page.getByLabel(t("a.editor.text")).fill("Use **gold lacquer**, then wait.");
	await ada.page.locator("main strong, main b").filter({ hasText: "gold lacquer" }).waitFor();
	await press("a.article.save");
	await ada.page.getByText(t("a.article.saved")).waitFor();
	await press("a.article.publish");
	await ada.page.getByText(t("a.article.publish.done")).waitFor();
	const p = await s.world.person("reader");
	const f = await visit(s.demo, p);
	await f.getByRole("searchbox").fill("kintsugi");
	await f.getByRole("button", { name: /kintsugi cup/ }).click();
	await f.getByText("gold lacquer").waitFor();
	await p.leave();
});

scene("verification: a test event comes through; a kind switched off can no longer be offered", async () => {
	mia = await onDuty(s, "mia", "mia@shop.example");
	const p = await s.world.person("visitor");
	const f = await visit(s.demo, p, "/support/accounts");
	await startChat(f, "About my plan");
	await accept(mia.page);
	await go("verification");
	await ada.page.getByRole("button", { name: `${t("a.source.test")}: shop` }).click();
	await ada.page.getByText(t("a.source.test.ok")).waitFor();
	await ada.page.getByRole("button", { name: `${t("a.kind.off")}: Change your plan` }).click();
	const d = ada.page.getByRole("dialog");
	await d.getByRole("button", { name: t("a.kind.off"), exact: true }).click();
	await ada.page.getByText(t("a.kind.off.done")).waitFor();
	await mia.page.reload();
	await goTo(mia.page, "mine");
	await mia.page.locator("[data-row]").filter({ hasText: "About my plan" }).click();
	await side(mia.page, "verify").click();
	const kinds = mia.page.locator("#side").getByLabel(t("offer.kind"));
	await kinds.waitFor();
	assert.equal(await kinds.locator("option", { hasText: "Change your plan" }).count(), 0);
	assert.equal(await kinds.locator("option", { hasText: "Cancel the renewal" }).count(), 1);
});

scene("a new source is made as lines for the file, its secret shown once and stored nowhere", async () => {
	await press("a.source.new");
	const d = ada.page.getByRole("dialog", { name: t("a.source.new") });
	await d.getByLabel(t("a.source"), { exact: true }).or(d.getByRole("textbox")).first().fill("second");
	await d.getByRole("button", { name: t("a.source.make") }).click();
	await d.getByText(t("a.source.once")).waitFor();
	const text = (await d.getByRole("textbox").evaluateAll((all) => all.map((x) => x.value))).join("\n");
	assert.match(text, /\[\[source\]\]/);
	const secret = /whsec_[\w+/=]+/.exec(text)?.[0];
	const answers = await ada.page.evaluate(() => Promise.all(["/v1/verification", "/v1/audit/log?limit=50"].map((u) => fetch(u).then((r) => r.text()))));
	assert.ok(secret && !answers.join("").includes(secret));
	await ada.page.reload();
	await ada.page.locator("main h1").waitFor();
	assert.ok(!(await ada.page.content()).includes(secret));
});

scene("P23: an article pinned to a page shows in the panel there", async () => {
	await go("pins");
	await press("a.pins.new");
	const d = ada.page.getByRole("dialog", { name: t("a.pins.new") });
	await d.getByLabel(t("a.pin.pattern"), { exact: true }).fill("/teas/lantern-oolong");
	const select = d.getByLabel(t("a.pin.article"), { exact: true });
	await select.selectOption(await select.locator("option", { hasText: "kintsugi" }).getAttribute("value"));
	await d.getByLabel(t("a.pin.order")).fill("0");
	await d.getByRole("button", { name: t("a.save"), exact: true }).click();
	await d.waitFor({ state: "hidden" });
	const p = await s.world.person("pinned");
	const f = await visit(s.demo, p, "/teas/lantern-oolong");
	await f.getByRole("heading", { name: t("home.suggested") }).waitFor();
	await f.locator("[data-move]").filter({ hasText: "kintsugi" }).waitFor();
	await p.leave();
});

scene("the availability grid follows the agents; pages of another role are refused", async () => {
	await go("availability");
	await ada.page.getByRole("button", { name: t("a.availability.cell", { agent: "Mia", mailbox: "Orders", value: t("a.availability.available") }) }).waitFor();
	await be(mia.page, "unavailable");
	await ada.page.getByRole("button", { name: t("a.availability.cell", { agent: "Mia", mailbox: "Orders", value: t("a.availability.unavailable") }) }).waitFor();
	const eda = await s.world.person("eda");
	await signIn(s.demo, eda, "eda@shop.example", "admin");
	await eda.page.goto(`${s.demo.admin}#/agents`);
	await eda.page.getByText(t("a.noright.title")).waitFor();
	const status = await eda.page.evaluate(() => fetch("/v1/agents", { method: "POST", headers: { "X-Postern": "1", "Content-Type": "application/json" }, body: "{}" }).then((r) => r.status));
	assert.equal(status, 403);
	await eda.leave();
});
