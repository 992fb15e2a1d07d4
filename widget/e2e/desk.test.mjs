// Ticket types and the role they ask for, the history of a conversation, specialities, webhooks (P47, P80, P83, P85, P98, P127).
import { strict as assert } from "node:assert";
import { Staff } from "./kit/api.mjs";
import { be, closes, goTo, like, log, onDuty, replies, side, signIn, startChat, t, thread, visit } from "./kit/people.mjs";
import { axe, shot, suite } from "./kit/world.mjs";

const s = suite();
const { scene } = s;
let staff;
let ada;
let mia;
let sam;
let noor;

const main = (p) => p.page.locator("main");
const save = (p) => main(p).getByRole("button", { name: t("a.save"), exact: true }).click();
const dialog = (p, key) => p.page.getByRole("dialog", { name: t(key) });

scene("P80: the default list has six types; an admin asks for a higher role", async () => {
	staff = await Staff.in(s.demo.gateway, "ada@shop.example");
	await staff.change("orders", { ring_s: 120, missed_s: 3600 });
	ada = await s.world.person("ada");
	await signIn(s.demo, ada, "ada@shop.example", "admin");
	await ada.page.goto(`${s.demo.admin}#/types`);
	await main(ada).getByLabel(t("a.types.name", { n: 6 }), { exact: true }).waitFor();
	assert.equal(await main(ada).getByLabel(t("a.types.name", { n: 1 }), { exact: true }).inputValue(), "Product Tech Support");
	await main(ada).getByRole("button", { name: t("a.types.add") }).click();
	await main(ada).getByLabel(t("a.types.name", { n: 7 }), { exact: true }).fill("Tea tasting");
	await main(ada).getByLabel(t("a.types.role")).last().selectOption("supervisor");
	await save(ada);
	await ada.page.getByText(t("a.saved"), { exact: true }).waitFor();
	await axe(ada.page, "admin-types");
	await shot(ada.page, "admin-types");
	const { types } = await staff.call("GET", "/v1/types");
	assert.deepEqual(types.at(-1), { id: "tea-tasting", name: "Tea tasting", role: "supervisor" });
});

scene("P80: who is below the type's role cannot claim, and reads why; a supervisor sets another type", async () => {
	mia = await onDuty(s, "mia", "mia@shop.example", "assign_only");
	await onDuty(s, "ben", "ben@shop.example"); // it rings at Ben, who does not look
	sam = await onDuty(s, "sam", "sam@shop.example", "assign_only");
	noor = await visit(s.demo, await s.world.person("noor"), "/support/orders");
	await startChat(noor, "Do you hold tastings?", { name: "Noor" });
	await goTo(sam.page, "incoming");
	const row = (p) => p.page.getByRole("article").filter({ hasText: "tastings" });
	const sets = async (name) => {
		await row(sam).locator("[data-row]").click();
		await sam.page.locator(".thread-head").getByRole("button", { name: t("thread.more") }).click();
		await sam.page.getByRole("menuitem", { name: t("type.open") }).click();
		const d = dialog(sam, "type.title");
		await d.getByLabel(t("type.label")).selectOption({ label: name });
		await d.getByRole("button", { name: t("type.go"), exact: true }).click();
		await d.waitFor({ state: "hidden" });
	};
	const named = (name, role) => `${name} · ${t("type.from", { role: t(`role.${role}`) })}`;
	await sets(named("Tea tasting", "supervisor"));
	await goTo(mia.page, "incoming");
	await row(mia).getByText("Tea tasting").waitFor();
	const claim = row(mia).getByRole("button", { name: like("list.claim_of") });
	assert.equal(await claim.getAttribute("aria-disabled"), "true");
	await axe(mia.page, "console-types");
	await shot(mia.page, "console-types");
	await sets(named("Product Tech Support", "trainee"));
	await row(mia).getByText("Product Tech Support").waitFor();
	await claim.click();
	await thread(mia.page).getByText("Do you hold tastings?").waitFor();
});

scene("P85: the history tab names the channel and every event, with who and when", async () => {
	await side(mia.page, "history").click();
	const all = mia.page.locator("#side .log");
	await all.getByText(t("log.channel", { channel: t("origin.web") })).waitFor();
	for (const words of [t("log.message.created"), t("sys.started"), like("sys.classified")])
		await all.getByRole("listitem").filter({ hasText: words }).first().waitFor();
	await all.getByRole("listitem").filter({ hasText: "Mia" }).first().waitFor();
	await all.scrollIntoViewIfNeeded();
	await axe(mia.page, "console-history");
	await shot(mia.page, "console-history");
});

/** Whom Mia may hand it to, as the list has them. */
async function colleagues() {
	await mia.page.reload(); // her console reads what colleagues know when it opens
	await goTo(mia.page, "mine");
	await mia.page.locator("[data-row]").filter({ hasText: "tastings" }).click();
	await mia.page.locator(".thread-head").getByRole("button", { name: t("thread.more") }).click();
	await mia.page.getByRole("menuitem", { name: t("thread.assign") }).click();
	const all = await dialog(mia, "assign.title").locator("option").allTextContents();
	await mia.page.keyboard.press("Escape");
	return all.map((words) => words.split(" · ").slice(0, 2).join(" · "));
}
/** What somebody knows, as the admin's page stores it. */
async function knows(address, tags, languages) {
	const { agents } = await staff.call("GET", "/v1/agents");
	const { id, email, name, role, capacity, version } = agents.find((a) => a.email === address);
	await staff.call("PUT", `/v1/agents/${id}`, { email, name, role, capacity, disabled: false, version, tags, languages });
}

scene("P47: of those who can take it the visitor's language comes first, then what it is about, then who is there", async () => {
	const { agents } = await staff.call("GET", "/v1/agents");
	const sol = agents.find((a) => a.email === "sol@shop.example");
	await ada.page.goto(`${s.demo.admin}#/agents`);
	await main(ada).getByRole("button", { name: `${t("a.edit")}: ${sol.name}` }).click();
	const d = ada.page.getByRole("dialog");
	await d.getByLabel(t("a.agents.languages"), { exact: true }).fill("en");
	await d.getByLabel(t("a.agents.tags"), { exact: true }).fill("tech, appeals");
	await d.getByRole("button", { name: t("a.save"), exact: true }).click();
	await d.waitFor({ state: "hidden" });
	const now = (await staff.call("GET", "/v1/agents")).agents.find((a) => a.id === sol.id);
	assert.deepEqual([now.tags, now.languages], [["tech", "appeals"], ["en"]]);
	const presence = t("presence.online");
	// Sol fits best, and is not there: nobody is sent to an empty chair.
	assert.deepEqual(await colleagues(), [`Ben · ${presence}`, `Sam · ${presence}`, "Sol · en"]);
	await knows("sam@shop.example", ["Product Tech Support"], []);
	assert.deepEqual(await colleagues(), ["Sam · Product Tech Support", `Ben · ${presence}`, "Sol · en"]);
	await knows("ben@shop.example", [], ["de", "en"]);
	assert.deepEqual(await colleagues(), ["Ben · en", "Sam · Product Tech Support", "Sol · en"]);
	await knows("ben@shop.example", [], []);
	assert.deepEqual((await colleagues())[0], "Sam · Product Tech Support");
});

scene("P98: a supervisor sees who is on and how full, notes, takes over with a reason, and stops somebody's offers", async () => {
	await sam.page.goto(`${s.demo.admin}#/live`);
	const row = main(sam).locator("tbody tr").filter({ hasText: "tastings" });
	await row.getByText("Mia", { exact: true }).waitFor();
	await main(sam).getByText(t("a.live.longest")).waitFor();
	await main(sam).getByText(like("a.live.acknowledged")).waitFor();
	await axe(sam.page, "admin-live-staff");
	await shot(sam.page, "admin-live-staff");
	await row.getByRole("button", { name: like("a.live.note") }).click();
	let d = dialog(sam, "a.live.note.title");
	await d.getByLabel(t("a.live.note.text"), { exact: true }).fill("Offer her the spring flush.");
	await d.getByRole("button", { name: t("a.live.note.do"), exact: true }).click();
	await d.waitFor({ state: "hidden" });
	await thread(mia.page).getByText("Offer her the spring flush.").waitFor();
	await row.getByRole("button", { name: like("a.live.take") }).click();
	d = dialog(sam, "a.live.take");
	await d.getByLabel(t("a.live.take.why"), { exact: true }).fill("I hold the tastings");
	await d.getByRole("button", { name: t("a.live.take.do"), exact: true }).click();
	await d.waitFor({ state: "hidden" });
	await thread(mia.page).getByText("I hold the tastings").waitFor();
	const ben = main(sam).locator("tbody tr").filter({ hasText: "Ben" }).last();
	await ben.getByRole("button", { name: like("a.availability.set") }).click();
	d = sam.page.getByRole("dialog");
	await d.getByLabel(t("a.reason"), { exact: true }).fill("Training");
	await d.getByRole("button", { name: t("a.availability.do"), exact: true }).click();
	await d.waitFor({ state: "hidden" });
	await ben.getByText(new RegExp(t("a.availability.assign_only"))).waitFor();
	assert.equal(await log(noor).getByText("I hold the tastings").count(), 0);
});

scene("P127: an admin reads what became of each delivery, and sends one again", async () => {
	await ada.page.goto(`${s.demo.admin}#/webhooks`);
	await ada.page.getByText(t("a.webhooks.none"), { exact: true }).waitFor();
	const sent = { event: "ev_1", kind: "conversation.rated", to: "crm", conversation: "cv_1", at: Date.now() - 60_000, state: "sent", tries: 1, status: 204, took_ms: 12, tried_at: Date.now() };
	const waits = { ...sent, event: "ev_2", kind: "conversation.escalated", state: "waiting", tries: 2, status: 503, due: Date.now() + 300_000 };
	const endpoints = [{ name: "crm", host: "crm.shop.example", events: ["conversation.rated"], mailboxes: null }];
	let again;
	await ada.page.route("**/v1/webhooks", (r) => r.fulfill({ json: { endpoints, log: [waits, sent], kinds: [] } }));
	await ada.page.route("**/v1/webhooks/crm/replay", (r) => {
		again = r.request().postDataJSON();
		return r.fulfill({ json: {} });
	});
	await ada.page.reload();
	const row = main(ada).locator("tbody tr").filter({ hasText: t("a.hook.conversation.escalated") });
	await row.getByText(t("a.outbox.waiting")).waitFor();
	await axe(ada.page, "admin-webhooks");
	await shot(ada.page, "admin-webhooks");
	await row.getByRole("button", { name: like("a.webhooks.replay") }).click();
	await ada.page.getByText(t("a.webhooks.replayed")).waitFor();
	assert.deepEqual(again, { event: "ev_2" });
});

scene("P83: a rating of one star is told to the supervisor, with the way to it", async () => {
	await sam.page.goto(s.demo.console);
	await be(sam.page, "available");
	const yaz = await visit(s.demo, await s.world.person("yaz"), "/support/orders");
	await startChat(yaz, "My cup is cracked", { name: "Yaz" });
	await goTo(sam.page, "incoming");
	await sam.page.getByRole("article").filter({ hasText: "cracked" }).getByRole("button", { name: like("list.claim_of") }).click();
	await replies(sam.page, "I am sorry.");
	await log(yaz).getByText("I am sorry.").waitFor();
	await closes(sam.page);
	await yaz.getByRole("radio", { name: t("end.star", { n: 1 }) }).check();
	await yaz.getByRole("button", { name: t("end.rate"), exact: true }).click();
	await sam.page.getByText(like("rated.heard")).waitFor();
});
