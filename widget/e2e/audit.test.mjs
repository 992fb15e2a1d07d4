// The auditor's page: search in the log, how far it was verified, and a bundle that is checked without the gateway
// (P116, P117).
import { strict as assert } from "node:assert";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { Staff } from "./kit/api.mjs";
import { accept, customer, offersRenewal, onDuty, say, side, signIn, startChat, t, visit } from "./kit/people.mjs";
import { binary, folder, until } from "./kit/server.mjs";
import { axe, shot, suite } from "./kit/world.mjs";

const s = suite();
const { scene } = s;
let ava;

const tab = (key) => ava.page.getByRole("tab", { name: t(key), exact: true }).click();
const field = (key) => ava.page.getByLabel(t(key), { exact: true });
const lines = () => ava.page.getByRole("table", { name: t("a.audit.log") }).locator("tbody tr");
const find = () => ava.page.locator("main").getByRole("button", { name: t("a.audit.find"), exact: true }).click();
const verified = (text) => ava.page.locator("[data-verified]").getByText(text).waitFor();

scene("an auditor finds the lines of an agent, of a kind, of a reason, of a day", async () => {
	const sol = await onDuty(s, "sol", "sol@shop.example");
	const robin = await s.world.person("robin");
	await customer(s.demo, robin.page, "robin@example.com");
	const f = await visit(s.demo, robin, "/support/accounts");
	await startChat(f, "Please stop the renewal of my plan");
	await accept(sol.page);
	await offersRenewal(sol.page);
	await side(sol.page, "verify").waitFor();

	ava = await s.world.person("ava");
	await signIn(s.demo, ava, "ava@shop.example", "admin");
	await ava.page.goto(`${s.demo.admin}#/audit`);
	await tab("a.audit.log");
	await lines().first().waitFor();
	const all = await lines().count();
	assert.ok(all >= 2, `${all} lines`);

	await field("a.audit.kind").fill("renewal.cancel");
	await field("a.audit.actor").fill("senior");
	await find();
	await until("the lines of one kind by a senior", async () => (await lines().count()) === 2);
	assert.match(await lines().first().innerText(), new RegExp(t("a.change.is.offered")));

	await field("a.audit.kind").fill("no.such.kind");
	await find();
	await ava.page.getByText(t("a.audit.found.none")).waitFor();

	await field("a.audit.kind").fill("");
	await field("a.audit.actor").fill("");
	await field("a.audit.reason").fill("role");
	await field("a.audit.to").fill("2020-01-01");
	await find();
	await ava.page.getByText(t("a.audit.found.none")).waitFor();
	await field("a.audit.reason").fill("");
	await field("a.audit.to").fill("");
	await find();
	await until("all lines again", async () => (await lines().count()) >= all);
});

scene("the whole log is verified, and the page says up to which line", async () => {
	await ava.page.locator("[data-verified]").waitFor();
	await tab("a.audit.check");
	await ava.page.getByRole("button", { name: t("a.audit.check.run") }).click();
	await ava.page.getByText(t("a.audit.ok")).waitFor();
	await verified(/^Verified up to line \d+ at /);
});

scene("the exported bundle is verified by the command alone", async () => {
	const [file] = await Promise.all([ava.page.waitForEvent("download"), ava.page.getByRole("link", { name: t("a.audit.export"), exact: true }).click()]);
	const at = join(folder(), "bundle.tar");
	await file.saveAs(at);
	const ran = spawnSync(await binary(), ["audit", "verify", at], { encoding: "utf8" });
	assert.equal(ran.status, 0, ran.stdout + ran.stderr);
	assert.match(ran.stdout, /1 changes, 0 receipts/);
	assert.match(ran.stdout, /^ok:/m);
});

scene("who may not read the log gets nothing of it; only an auditor gets the bundle", async () => {
	for (const [email, log, bundle] of [
		["mia@shop.example", 403, 403],
		["sol@shop.example", 403, 403],
		["eda@shop.example", 403, 403],
		["sam@shop.example", 200, 403],
		["ada@shop.example", 200, 403],
	]) {
		const staff = await Staff.in(s.demo.gateway, String(email));
		const status = async (path) => (await fetch(s.demo.gateway + path, { headers: { Cookie: staff.cookie } })).status;
		for (const path of ["/v1/audit/log", "/v1/audit/status", "/v1/changes"]) assert.equal(await status(path), log, `${email} ${path}`);
		assert.equal(await status("/v1/audit/bundle"), bundle, `${email} bundle`);
	}
	assert.equal((await fetch(`${s.demo.gateway}/v1/audit/bundle`)).status, 401);
});

scene("light, dark, phone and Arabic, without a finding of axe", async () => {
	const look = async (name) => {
		for (const colorScheme of ["light", "dark"]) {
			for (const width of [1280, 320]) {
				await ava.page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
				await ava.page.setViewportSize({ width, height: 800 });
				await until("the look", () =>
					ava.page.evaluate(([c, w]) => matchMedia(`(prefers-color-scheme: ${c})`).matches && innerWidth === w, [colorScheme, width]),
				);
				await shot(ava.page, `audit-${name}-${colorScheme}-${width}`);
				await axe(ava.page, `audit-${name}-${colorScheme}-${width}`);
				const over = await ava.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
				assert.ok(over <= 0, `${name} ${width}: ${over} px too wide`);
			}
		}
		await ava.page.setViewportSize({ width: 1280, height: 860 });
	};
	await tab("a.audit.log");
	await field("a.audit.conversation").fill("cv_");
	await lines().first().waitFor();
	await look("log-en");
	await ava.page.getByRole("button", { name: t("a.account", { name: "Ava" }) }).click();
	await ava.page.getByRole("menuitem", { name: "العربية" }).click();
	await ava.page.locator("html[dir=rtl]").waitFor();
	await ava.page.goto(`${s.demo.admin}#/audit`);
	await ava.page.getByRole("tab", { name: say("ar", "a.audit.log"), exact: true }).click();
	await ava.page.getByRole("table", { name: say("ar", "a.audit.log") }).waitFor();
	await look("log-ar");
}, 120);
