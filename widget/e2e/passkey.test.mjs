// Passkeys of the staff: registered with the password, shown to offer what is sensitive (proof-gate.md §3.14, row G03).
import { strict as assert } from "node:assert";
import { Staff } from "./kit/api.mjs";
import { authenticator, passkeys } from "./kit/passkey.mjs";
import { accept, onDuty, password, side, signIn, startChat, t, visit } from "./kit/people.mjs";
import { until } from "./kit/server.mjs";
import { axe, shot, suite } from "./kit/world.mjs";

const s = suite({ demo: { provider: true } });
const { scene } = s;
let sol;
let tab;
let key;

/** @param {import("playwright-core").Locator} at */
async function drafts(at, address) {
	await at.getByLabel(t("offer.kind")).selectOption({ label: "Change your delivery address" });
	await at.getByLabel("New delivery address", { exact: true }).fill(address);
	await at.getByRole("button", { name: t("offer.preview") }).click();
	await at.getByRole("button", { name: t("offer.go") }).waitFor();
}

/**
 * Holds the next reading of an address until it is let go; that ends when the page has the answer.
 * @param {import("playwright-core").Page} page
 * @param {string} address
 */
async function late(page, address) {
	/** @type {() => void} */
	let go = () => {};
	const held = new Promise((done) => (go = () => done(undefined)));
	await page.route(address, async (route) => {
		if (route.request().method() !== "GET") return route.continue();
		await held;
		await route.continue();
	});
	return async () => {
		const answered = page.waitForResponse((r) => r.request().method() === "GET" && r.url().endsWith("/v1/passkeys"));
		go();
		await (await answered).finished();
		await page.unroute(address);
	};
}

scene("who has no passkey is told so where he offers, and led to where one is registered", async () => {
	sol = await onDuty(s, "sol", "sol@shop.example");
	key = await authenticator(sol.page);
	const f = await visit(s.demo, await s.world.person("robin"), "/support/accounts");
	await startChat(f, "I have moved to 9 Quay Street, or to 10 Quay Street");
	await accept(sol.page);
	await side(sol.page, "verify").click();
	tab = sol.page.locator("#side");
	await drafts(tab, "9 Quay Street");
	await tab.getByRole("button", { name: t("offer.go") }).click();
	await sol.page.getByText(t("reason.stepup.none")).waitFor();
	const list = await late(sol.page, "**/v1/passkeys");
	await sol.page.locator(".toasts").getByRole("button", { name: t("passkey.title"), exact: true }).click();
	const d = sol.page.getByRole("dialog", { name: t("passkey.title") });
	await d.getByLabel(t("passkey.name")).fill("Desk computer");
	await d.getByLabel(t("passkey.password")).fill("not my password");
	await list(); // what was typed before it came stays
	await d.getByRole("button", { name: t("passkey.add"), exact: true }).click();
	await d.getByText(t("passkey.error.password")).waitFor();
	await axe(sol.page, "passkeys-refused");
	await d.getByLabel(t("passkey.password")).fill(password);
	await d.getByRole("button", { name: t("passkey.add"), exact: true }).click();
	await d.getByRole("listitem").filter({ hasText: "Desk computer" }).waitFor();
	await axe(sol.page, "passkeys");
	await shot(sol.page, "passkeys");
	await sol.page.keyboard.press("Escape");
	await d.waitFor({ state: "hidden" });
	assert.equal(await tab.getByText(t("gate.offered")).count(), 0, "the draft is still a draft");
});

scene("one press offers: the passkey is asked for and the command repeated; then five minutes are open", async () => {
	await tab.getByRole("button", { name: t("offer.go") }).click();
	await tab.getByText(t("gate.offered")).first().waitFor();
	await until("the passkey's signature", () => key.shown() === 1);
	await tab.getByRole("button", { name: t("gate.withdraw"), exact: true }).click();
	await tab.getByLabel(t("offer.kind")).waitFor();
	await drafts(tab, "10 Quay Street");
	await tab.getByRole("button", { name: t("offer.go") }).click();
	await tab.getByText(t("gate.offered")).first().waitFor();
	assert.equal(key.shown(), 1, "no second time within five minutes");
});

scene("the same cookie from another device: chat goes on, admins read it, a passkey is asked for", async () => {
	const cookies = await sol.context.cookies(s.demo.gateway);
	const thief = new Staff(s.demo.gateway);
	thief.cookie = cookies.map((c) => `${c.name}=${c.value}`).join("; ");
	assert.equal((await thief.call("GET", "/v1/me")).agent.email, "sol@shop.example");
	await assert.rejects(thief.call("POST", "/v1/passkeys/begin", {}), /stepup\.required/);
	const ada = await s.world.person("ada");
	await signIn(s.demo, ada, "ada@shop.example", "admin");
	await ada.page.getByText(t("a.health.device")).waitFor();
	await axe(ada.page, "overview-device");
	const d = await passkeys(ada.page);
	await axe(ada.page, "passkeys-admin");
	await ada.page.keyboard.press("Escape");
	await d.waitFor({ state: "hidden" });
});

scene("a passkey is removed by showing it", async () => {
	const d = await passkeys(sol.page);
	await d.getByRole("button", { name: t("passkey.remove.name", { name: "Desk computer" }), exact: true }).click();
	await sol.page.getByText(t("passkey.removed")).waitFor();
	assert.equal(await d.getByRole("listitem").count(), 0);
});
