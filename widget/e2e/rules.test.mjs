// Mailbox rules as an admin makes and tries them, and what a visitor's chat becomes (P46).
import { strict as assert } from "node:assert";
import { Staff } from "./kit/api.mjs";
import { customer, goTo, onDuty, signIn, startChat, t, visit } from "./kit/people.mjs";
import { axe, shot, suite } from "./kit/world.mjs";

const s = suite();
const { scene } = s;
let ada;

const main = () => ada.page.locator("main");
const press = (key) => main().getByRole("button", { name: t(key), exact: true }).first().click();
async function make(fields, mailbox, priority) {
	await press("a.rules.new");
	const d = ada.page.getByRole("dialog", { name: t("a.rules.new") });
	for (const [label, v] of Object.entries(fields)) await d.getByLabel(t(label), { exact: true }).fill(v);
	if (mailbox) await d.getByLabel(t("a.rules.mailbox"), { exact: true }).selectOption({ label: mailbox });
	if (priority) await d.getByLabel(t("a.priority"), { exact: true }).selectOption({ label: t(priority) });
	return d;
}

scene("P46: the test box names the rule that fires; a chat waits where it says", async () => {
	const staff = await Staff.in(s.demo.gateway, "ada@shop.example");
	for (const box of ["orders", "accounts"]) await staff.change(box, { ring_s: 120, missed_s: 3600 });
	const sol = await onDuty(s, "sol", "sol@shop.example");
	ada = await s.world.person("ada");
	await signIn(s.demo, ada, "ada@shop.example", "admin");
	await ada.page.goto(`${s.demo.admin}#/rules`);
	await ada.page.getByText(t("a.rules.none"), { exact: true }).waitFor();
	let d = await make({ "a.name": "Nothing" });
	await d.getByRole("button", { name: t("a.save"), exact: true }).click();
	await d.getByText(t("a.error.mailbox")).waitFor();
	await d.getByLabel(t("a.name"), { exact: true }).fill("Ideas");
	await d.getByLabel(t("a.rules.words"), { exact: true }).fill("idea, wish");
	await d.getByLabel(t("a.priority"), { exact: true }).selectOption({ label: t("a.priority.3") });
	await d.getByText(t("a.priority.3.means"), { exact: false }).waitFor();
	await d.getByRole("button", { name: t("a.save"), exact: true }).click();
	await d.waitFor({ state: "hidden" });
	d = await make({ "a.name": "Refunds", "a.rules.words": "refund, money back", "a.rules.page": "/support/" }, "Accounts and plans", "a.priority.1");
	await d.getByRole("button", { name: t("a.save"), exact: true }).click();
	await d.waitFor({ state: "hidden" });
	await ada.page.getByRole("button", { name: `${t("a.rules.up")}: Refunds` }).click();
	await main().locator("tbody tr").first().getByText("Refunds").waitFor();
	const box = main().locator("form.asks");
	await box.getByLabel(t("a.mailbox"), { exact: true }).selectOption({ label: "Orders" });
	await box.getByLabel(t("a.rules.page"), { exact: true }).fill("https://shop.example/support/orders");
	await box.getByLabel(t("a.rules.text"), { exact: true }).fill("An idea: give me my money back.");
	await press("a.rules.try");
	await main().getByRole("status").filter({ hasText: "Refunds" }).filter({ hasText: t("a.priority.1") }).waitFor();
	await axe(ada.page, "admin-rules");
	await shot(ada.page, "admin-rules");
	await box.getByLabel(t("a.rules.text"), { exact: true }).fill("Hello");
	await press("a.rules.try");
	await main().getByRole("status").filter({ hasText: "Orders" }).waitFor();

	const p = await s.world.person("visitor");
	const f = await visit(s.demo, p, "/support/orders");
	await startChat(f, "I want my money back");
	await goTo(sol.page, "incoming");
	await sol.page.getByRole("article").filter({ hasText: "money back" }).waitFor();
	const { mailboxes } = await staff.call("GET", "/v1/mailboxes");
	const { conversations } = await staff.call("GET", "/v1/conversations?view=incoming");
	const row = conversations.find((c) => c.first_words.includes("money back"));
	assert.equal(mailboxes.find((b) => b.id === row.mailbox).slug, "accounts");
	assert.equal(row.priority, 1);

	await ada.page.getByRole("button", { name: `${t("a.delete")}: Ideas` }).click();
	await main().getByText("Ideas", { exact: true }).waitFor({ state: "detached" });
});

scene("P46: what the shop signs of an account chooses too; what a visitor says of himself does not", async () => {
	const staff = await Staff.in(s.demo.gateway, "ada@shop.example");
	const d = await make({ "a.name": "Going on", "a.rules.class": "plus", "a.rules.status": "active, past due" }, "Accounts and plans");
	await d.getByRole("button", { name: t("a.save"), exact: true }).click();
	await d.waitFor({ state: "hidden" });
	await main().locator("tbody tr", { hasText: "Going on" }).getByText(`${t("a.rules.status")}: active, past due`).waitFor();
	const box = main().locator("form.asks");
	for (const [k, v] of Object.entries({ class: "plus", status: "active", page: "", text: "Hello" })) {
		await box.getByLabel(t(`a.rules.${k}`), { exact: true }).fill(v);
	}
	await press("a.rules.try");
	await main().getByRole("status").filter({ hasText: "Going on" }).waitFor();
	const placed = async (text) => {
		const { mailboxes } = await staff.call("GET", "/v1/mailboxes");
		const { conversations } = await staff.call("GET", "/v1/conversations?view=incoming");
		return mailboxes.find((b) => b.id === conversations.find((c) => c.first_words.includes(text)).mailbox).slug;
	};
	const robin = await s.world.person("robin");
	await customer(s.demo, robin.page, "robin@example.com", "/support/orders");
	await startChat(await visit(s.demo, robin), "Is my plan running");
	assert.equal(await placed("Is my plan running"), "accounts");
	const said = await s.world.person("said");
	await startChat(await visit(s.demo, said), "I am on plus, active");
	assert.equal(await placed("I am on plus, active"), "orders");
});
