// An announced absence, and the rule for accounts that do nothing (P48, P49).
import { strict as assert } from "node:assert";
import { Staff } from "./kit/api.mjs";
import { onDuty, signIn, t } from "./kit/people.mjs";
import { until } from "./kit/server.mjs";
import { axe, shot, suite } from "./kit/world.mjs";

const s = suite();
const { scene } = s;

scene("P48, P49: a supervisor asks whether somebody is there, announces an absence and takes it back; an admin sets when inactive accounts lapse", async () => {
	const staff = await Staff.in(s.demo.gateway, "ada@shop.example");
	await onDuty(s, "mia", "mia@shop.example");
	const ada = await s.world.person("ada");
	await signIn(s.demo, ada, "ada@shop.example", "admin");
	const { page } = ada;
	await page.goto(`${s.demo.admin}#/availability`);
	const button = page.getByRole("button", { name: t("a.away.set", { name: "Mia" }) });
	await button.filter({ hasText: t("a.away.none") }).click();
	const d = page.getByRole("dialog", { name: t("a.away.set", { name: "Mia" }) });
	const today = new Date();
	const date = (n) => new Date(today.getFullYear(), today.getMonth(), today.getDate() + n, 12).toISOString().slice(0, 10);
	await d.getByRole("button", { name: t("a.away.ask"), exact: true }).click();
	await page.getByText(t("a.away.asked"), { exact: true }).waitFor();
	await d.getByLabel(t("away.first"), { exact: true }).fill(date(0));
	await d.getByLabel(t("away.last"), { exact: true }).fill(date(-3));
	await d.getByRole("button", { name: t("a.save"), exact: true }).click();
	await d.getByText(t("a.error.until")).waitFor();
	await d.getByLabel(t("away.last"), { exact: true }).fill(date(6));
	await axe(page, "admin-away-dialog");
	await shot(page, "admin-away-dialog");
	await d.getByRole("button", { name: t("a.save"), exact: true }).click();
	await d.waitFor({ state: "hidden" });
	await button.filter({ hasText: /20\d\d/ }).waitFor();
	const mia = async () => (await staff.call("GET", "/v1/availability")).agents.find((a) => a.name === "Mia");
	const { away_from: from, away_until: end } = await mia();
	assert.equal(Math.round((end - from) / 86_400_000), 7);
	await page.getByRole("button", { name: t("a.availability.cell", { agent: "Mia", mailbox: "Orders", value: t("a.availability.absent") }) }).waitFor();
	await axe(page, "admin-availability-away");
	await shot(page, "admin-availability-away");
	await page.getByLabel(t("a.inactivity.mark"), { exact: true }).fill("72");
	await page.locator("form").getByRole("button", { name: t("a.save"), exact: true }).click();
	await until("the rule is stored", async () => (await staff.call("GET", "/v1/inactivity")).mark_hours === 72);
	await button.click();
	await d.getByLabel(t("away.first"), { exact: true }).fill("");
	await d.getByLabel(t("away.last"), { exact: true }).fill("");
	await d.getByRole("button", { name: t("a.save"), exact: true }).click();
	await button.filter({ hasText: t("a.away.none") }).waitFor();
	assert.equal((await mia()).away_until, undefined);
});

scene("P49: an agent announces the own absence and takes it back", async () => {
	const staff = await Staff.in(s.demo.gateway, "ada@shop.example");
	const ben = await onDuty(s, "ben", "ben@shop.example");
	const { page } = ben;
	const menu = page.getByRole("button", { name: t("me.menu", { name: "Ben" }) });
	await menu.click();
	await page.getByRole("button", { name: t("away.title"), exact: true }).click();
	const d = page.getByRole("dialog", { name: t("away.title") });
	const today = new Date();
	const date = (n) => new Date(today.getFullYear(), today.getMonth(), today.getDate() + n, 12).toISOString().slice(0, 10);
	await d.getByLabel(t("away.last")).fill(date(-1));
	await d.getByRole("button", { name: t("away.go") }).click();
	await d.getByText(t("away.wrong")).waitFor();
	await d.getByLabel(t("away.last")).fill(date(2));
	for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
		await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
		await axe(page, `absence-${colorScheme}`);
		await shot(page, `absence-${colorScheme}`);
	}
	await d.getByRole("button", { name: t("away.go") }).click();
	await d.waitFor({ state: "hidden" });
	const himself = async () => (await staff.call("GET", "/v1/availability")).agents.find((a) => a.name === "Ben");
	assert.ok((await himself()).away_until > Date.now());
	await page.locator(".be-button").click();
	await page.locator(".be .notice").filter({ hasText: /20\d\d/ }).waitFor();
	await page.keyboard.press("Escape");
	await menu.click();
	await page.getByRole("button", { name: /20\d\d/ }).click();
	await d.getByRole("button", { name: t("away.take_back") }).click();
	await d.waitFor({ state: "hidden" });
	assert.equal((await himself()).away_until, undefined);
	await ben.leave();
});

scene("P43: a holiday of every year, and one day with times of its own, are stored", async () => {
	const ada = await s.world.person("hours");
	await signIn(s.demo, ada, "ada@shop.example", "admin");
	const { page } = ada;
	await page.goto(`${s.demo.admin}#/mailboxes`);
	await page.locator("main").getByText("Orders", { exact: true }).first().click();
	await page.getByLabel(t("a.hours.holiday"), { exact: true }).fill("2027-05-01");
	await page.getByRole("switch", { name: t("a.hours.yearly"), exact: true }).or(page.getByLabel(t("a.hours.yearly"), { exact: true })).first().click();
	await page.getByRole("button", { name: t("a.hours.holiday.add"), exact: true }).click();
	await page.getByLabel(t("a.hours.single"), { exact: true }).first().fill("2027-12-24");
	await page.getByRole("button", { name: t("a.hours.single.add"), exact: true }).click();
	await page.getByRole("button", { name: t("a.save"), exact: true }).click();
	await page.getByText(t("a.saved")).first().waitFor();
	const staff = await Staff.in(s.demo.gateway, "ada@shop.example");
	const { mailboxes } = await staff.call("GET", "/v1/mailboxes");
	const orders = mailboxes.find((b) => b.slug === "orders");
	assert.deepEqual([orders.holidays, orders.days], [["05-01"], [{ date: "2027-12-24", from: 540, to: 1020 }]]);
	await page.getByRole("list", { name: t("a.hours.single") }).scrollIntoViewIfNeeded();
	await axe(page, "admin-hours-days");
	await shot(page, "admin-hours-days");
});
