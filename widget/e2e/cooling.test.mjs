// A change that cools (P109): announced, mailed to its owner with a link that cancels, agreed to by a second person.
import { strict as assert } from "node:assert";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { registers } from "./kit/passkey.mjs";
import { accept, button, customer, log, onDuty, panel, side, startChat, t, visit } from "./kit/people.mjs";
import { axe, shot, suite } from "./kit/world.mjs";

const s = suite({ demo: { provider: true } });
const { scene } = s;
let sol;
let sam;
let robin;
let f;
let tab;

/** The link of the newest letter that the shop has left. */
function mailed() {
	const folder = join(s.demo.data, "shop", "mail");
	const last = readdirSync(folder).sort().at(-1);
	const text = readFileSync(join(folder, last ?? ""), "utf8");
	assert.match(text, /To: <robin@example.com>/);
	return /https?:\S+\/cancel#\S+/.exec(text)?.[0] ?? "";
}

scene("a sensitive change after a login at the provider waits, and the owner's letter says so", async () => {
	sol = await onDuty(s, "sol", "sol@shop.example");
	await registers(sol.page);
	robin = await s.world.person("robin");
	await customer(s.demo, robin.page, "robin@example.com");
	f = await visit(s.demo, robin, "/support/accounts");
	await startChat(f, "I have moved to 9 Quay Street");
	await accept(sol.page);
	await side(sol.page, "verify").click();
	tab = sol.page.locator("#side");
	const drafts = async (/** @type {string} */ address) => {
		await tab.getByLabel(t("offer.kind")).selectOption({ label: "Change your delivery address" });
		await tab.getByLabel("New delivery address", { exact: true }).fill(address);
		await tab.getByRole("button", { name: t("offer.preview") }).click();
		await tab.getByRole("button", { name: t("offer.go") }).click();
	};
	await drafts("77 Elsewhere Road"); // which the visitor never wrote
	await sol.page.getByText(t("reason.change.unsaid")).waitFor();
	await shot(sol.page, "offer-unsaid");
	await tab.getByRole("button", { name: t("offer.discard"), exact: true }).click();
	await drafts("9 Quay Street");
	await tab.getByText(t("gate.offered")).first().waitFor();
	await button(f, "verify.login").click();
	await robin.page.waitForURL(/\/idp\/login/);
	await robin.page.getByLabel("E-mail").fill("robin@example.com");
	await robin.page.getByLabel("Password").fill("postern-demo");
	await robin.page.getByRole("button", { name: "Log in" }).click();
	await robin.page.waitForURL(`${s.demo.gateway}/verify/confirm`);
	await robin.page.getByRole("button", { name: t("confirm.approve"), exact: true }).click();
	await robin.page.waitForURL(/support\/accounts/);
	f = panel(robin.page);
	await log(f).waitFor();
	await f.getByText(new RegExp(`^${t("verify.cooling", { time: "" }).trim()} \\S`)).first().waitFor();
	await shot(robin.page, "cooling-visitor");
	await tab.getByText(t("second.wanted")).waitFor();
	assert.equal(await tab.getByRole("button", { name: t("second.go"), exact: true }).count(), 0, "only a supervisor is asked");
	assert.match(mailed(), /\/cancel#[\w-]{43}$/);
});

scene("a supervisor agrees in the Verify tab; nothing is done before its time", async () => {
	sam = await onDuty(s, "sam", "sam@shop.example", "assign_only");
	await registers(sam.page);
	await sam.page.keyboard.press("Control+k");
	const palette = sam.page.getByRole("dialog", { name: t("palette.title") });
	await palette.getByRole("combobox").fill("I have moved");
	await palette.getByRole("option", { name: /I have moved|Robin/ }).first().click();
	await side(sam.page, "verify").click();
	const his = sam.page.locator("#side");
	await his.getByText(t("second.ask")).waitFor();
	await axe(sam.page, "cooling-second");
	await shot(sam.page, "cooling-second");
	await his.getByRole("button", { name: t("second.go"), exact: true }).click();
	await his.getByText(t("second.given")).waitFor();
	await tab.getByText(t("second.given")).waitFor();
	await tab.getByText(t("gate.seconded")).waitFor();
	await shot(sol.page, "cooling-seconded");
	const page = await robin.context.newPage();
	await page.goto(`${s.demo.shop}/account/settings`);
	assert.ok(!(await page.content()).includes("9 Quay Street"), "the address is as it was");
	await page.close();
});

scene("the owner cancels by the letter's link, without a login: card and tab say so", async () => {
	const page = await (await s.world.person("owner")).page;
	await page.goto(mailed());
	await page.getByRole("button", { name: "Cancel the change" }).click();
	await page.getByText("cancelled. Nothing was changed.", { exact: false }).waitFor();
	await axe(page, "shop-cancelled");
	await f.getByText(t("verify.denied"), { exact: true }).first().waitFor();
	await tab.getByText(t("gate.denied")).first().waitFor();
	await tab.getByText(t("reason.owner.cancelled")).waitFor();
	await page.goto("about:blank");
	await page.goto(mailed());
	await page.getByRole("button", { name: "Cancel the change" }).click();
	await page.getByText("cancelled already", { exact: false }).waitFor();
});
