// Every state of the Verify card and of the Verify tab, looked at and held against axe. One real offer; on their way to
// the screens its state is replaced, for some states pass in a moment and others take a day.
import { strict as assert } from "node:assert";
import { accept, customer, goTo, offersRenewal, onDuty, panel, say, side, startChat, t, visit } from "./kit/people.mjs";
import { axe, shot, suite } from "./kit/world.mjs";

const s = suite();
const { scene } = s;
const day = 86_400_000;
/** What a change carries in each state, beside its values. */
const states = {
	offered: { until: 15 * 60_000 },
	challenged: { until: 10 * 60_000 },
	matched: { until: 5 * 60_000 },
	proven: { until: 60_000 },
	cooling: { until: day },
	released: {},
	unsettled: {},
	applied: { receipt: "rc_01KAH0000000000000000000AA" },
	expired: { reason: "challenge.expired" },
	denied: {},
	disowned: {},
	withdrawn: {},
	revoked: { reason: "event.kill" },
	failed: { reason: "proof.stale" },
};
let sol;
let robin;
let f;
/** The state that both screens are told. */
let now = "offered";

/** @param {Record<string, unknown>} change */
function bent(change) {
	const { until, ...more } = states[now];
	return { ...change, ...more, state: now, until: until ? Date.now() + until : undefined };
}
/**
 * Replaces the state in every event of the offer that a socket brings.
 * @param {import("playwright-core").Page} page
 */
async function bends(page) {
	await page.routeWebSocket(/\/v1\/socket/, (ws) => {
		const server = ws.connectToServer();
		server.onMessage((m) => {
			const frame = JSON.parse(String(m));
			if (frame.ev === "change.offered") {
				frame.ev = `change.${now}`;
				frame.data = bent(frame.data);
			}
			ws.send(JSON.stringify(frame));
		});
	});
}
/** Both colour schemes of a page. */
async function looks(page, name) {
	for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
		await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
		await shot(page, `${name}-${colorScheme}`);
		await axe(page, `${name}-${colorScheme}`);
	}
}
/**
 * The panel after a reload, on the conversation, in the language of `w`.
 * @param {(key: string) => string} w
 */
async function card(w) {
	await robin.page.reload();
	const g = panel(robin.page);
	await robin.page.locator("postern-chat button").first().click();
	if (w !== t) await robin.page.evaluate(() => window.Postern("locale", "ar"));
	await g.getByRole("button", { name: new RegExp(`^${w("home.open")}`) }).click();
	return g;
}
/** The words of a state, up to a time in them. */
const words = (key, lang = /** @type {"en" | "ar"} */ ("en")) => say(lang, key, { time: "|" }).split("|")[0];

scene("an offer stands on both screens", async () => {
	sol = await onDuty(s, "sol", "sol@shop.example");
	robin = await s.world.person("robin", { viewport: { width: 480, height: 860 } });
	await customer(s.demo, robin.page, "robin@example.com");
	f = await visit(s.demo, robin, "/support/accounts");
	await startChat(f, "Please end my plan");
	await accept(sol.page);
	await offersRenewal(sol.page);
	await bends(robin.page);
	await bends(sol.page);
	await sol.page.route(/\/v1\/conversations\/cv_[^/?]+$/, async (route) => {
		const answer = await route.fetch();
		const body = await answer.json();
		await route.fulfill({ response: answer, json: { ...body, changes: body.changes.map(bent) } });
	});
});

for (const state of Object.keys(states)) {
	scene(`${state}: the card in the panel and the tab in the console say so, in words, light and dark`, async () => {
		now = state;
		f = await card(t);
		await f.getByText(words(`verify.${state}`)).first().waitFor();
		await looks(robin.page, `state-card-${state}`);
		assert.equal(await f.getByRole("button", { name: t("verify.login"), exact: true }).count(), state === "offered" ? 1 : 0);
		await sol.page.reload();
		await goTo(sol.page, "mine");
		await sol.page.locator("[data-row]").filter({ hasText: "Please end my plan" }).click();
		await side(sol.page, "verify").click();
		await sol.page.locator("#side").getByText(words(`gate.${state}`)).first().waitFor();
		await looks(sol.page, `state-tab-${state}`);
		assert.equal(await sol.page.locator("#side").getByRole("button", { name: /approve|apply|override/i }).count(), 0);
	});
}

scene("every state on an Arabic phone, from the right", async () => {
	await robin.page.setViewportSize({ width: 360, height: 740 });
	await robin.page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
	for (const state of Object.keys(states)) {
		now = state;
		f = await card((key) => say("ar", key));
		await f.getByText(words(`verify.${state}`, "ar")).first().waitFor();
		assert.equal(await f.locator("html").getAttribute("dir"), "rtl");
		await shot(robin.page, `state-card-${state}-ar`);
		await axe(robin.page, `state-card-${state}-ar`);
	}
});
