// An announced absence, and the rule for accounts that do nothing (P48, P49).
import { strict as assert } from "node:assert";
import { Staff } from "./kit/api.mjs";
import { onDuty, signIn, t } from "./kit/people.mjs";
import { until } from "./kit/server.mjs";
import { axe, shot, suite } from "./kit/world.mjs";

const s = suite();
const { scene } = s;

scene("P49: a supervisor announces an absence and takes it back; an admin sets when inactive accounts lapse", async () => {
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
	await d.getByLabel(t("a.away.first"), { exact: true }).fill(date(0));
	await d.getByLabel(t("a.away.last"), { exact: true }).fill(date(-3));
	await d.getByRole("button", { name: t("a.save"), exact: true }).click();
	await d.getByText(t("a.error.until")).waitFor();
	await d.getByLabel(t("a.away.last"), { exact: true }).fill(date(6));
	await axe(page, "admin-away-dialog");
	await shot(page, "admin-away-dialog");
	await d.getByRole("button", { name: t("a.save"), exact: true }).click();
	await d.waitFor({ state: "hidden" });
	await button.filter({ hasText: /20\d\d/ }).waitFor();
	const mia = async () => (await staff.call("GET", "/v1/availability")).agents.find((a) => a.name === "Mia");
	const { away_from: from, away_until: end } = await mia();
	assert.equal(Math.round((end - from) / 86_400_000), 7);
	await axe(page, "admin-availability-away");
	await shot(page, "admin-availability-away");
	await page.getByLabel(t("a.inactivity.mark"), { exact: true }).fill("72");
	await page.locator("form").getByRole("button", { name: t("a.save"), exact: true }).click();
	await until("the rule is stored", async () => (await staff.call("GET", "/v1/inactivity")).mark_hours === 72);
	await button.click();
	await d.getByLabel(t("a.away.first"), { exact: true }).fill("");
	await d.getByLabel(t("a.away.last"), { exact: true }).fill("");
	await d.getByRole("button", { name: t("a.save"), exact: true }).click();
	await button.filter({ hasText: t("a.away.none") }).waitFor();
	assert.equal((await mia()).away_until, undefined);
});
