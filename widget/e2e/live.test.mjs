// The supervisor's live view: who waits, who talks, and handing a chat on.
import { strict as assert } from "node:assert";
import { Staff } from "./kit/api.mjs";
import { accept, goTo, onDuty, signIn, startChat, t, thread, visit } from "./kit/people.mjs";
import { axe, shot, suite } from "./kit/world.mjs";

const s = suite();
const { scene } = s;

scene("a supervisor sees who waits and who talks, and hands a chat to a colleague with a note", async () => {
	const staff = await Staff.in(s.demo.gateway, "ada@shop.example");
	await staff.change("orders", { ring_s: 120, missed_s: 3600 });
	const mia = await onDuty(s, "mia", "mia@shop.example");
	const ben = await onDuty(s, "ben", "ben@shop.example", "assign_only");
	const boss = await s.world.person("boss");
	await signIn(s.demo, boss, "sam@shop.example", "admin");
	await boss.page.goto(`${s.demo.admin}#/live`);
	await boss.page.getByText(t("a.live.none"), { exact: true }).waitFor();
	const p = await s.world.person("visitor");
	const f = await visit(s.demo, p, "/support/orders");
	await startChat(f, "Where is my kettle?");
	const row = boss.page.locator("main tbody tr").filter({ hasText: "kettle" });
	await row.getByText(t("a.live.rings", { name: "\u2068Mia\u2069" })).or(row.getByText(t("a.live.rings", { name: "Mia" }))).first().waitFor();
	await accept(mia.page);
	await row.getByText("Mia", { exact: true }).waitFor();
	await axe(boss.page, "admin-live");
	await shot(boss.page, "admin-live");
	await row.getByRole("button", { name: t("a.live.move") }).click();
	const d = boss.page.getByRole("dialog", { name: t("a.live.move") });
	const to = d.getByLabel(t("a.live.to"), { exact: true });
	await to.selectOption((await to.locator("option", { hasText: "Ben" }).getAttribute("value")) ?? "");
	await d.getByLabel(t("a.live.note"), { exact: true }).fill("He knows kettles.");
	await d.getByRole("button", { name: t("a.live.do"), exact: true }).click();
	await d.waitFor({ state: "hidden" });
	await row.getByText("Ben", { exact: true }).waitFor();
	await goTo(ben.page, "mine");
	await ben.page.locator("[data-row]").filter({ hasText: "kettle" }).click();
	await thread(ben.page).getByText("He knows kettles.").waitFor();
	assert.equal(await f.getByText("He knows kettles.").count(), 0);
});
