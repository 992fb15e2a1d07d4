// Promises of a mailbox, the clocks they start, and how a conversation is escalated (P90-P94).
import { strict as assert } from "node:assert";
import { Staff } from "./kit/api.mjs";
import { goTo, like, log, onDuty, replies, say, signIn, startChat, t, thread, visit } from "./kit/people.mjs";
import { axe, shot, suite } from "./kit/world.mjs";

const s = suite();
const { scene } = s;
/** The shortest promise is a minute, and the machine may be busy. */
const PATIENT = { timeout: 180_000 };
let staff;
let ada;
let mia;
let noor;

const main = () => ada.page.locator("main");
/** A part of an admin page by its heading. */
const part = (key) => main().locator("section").filter({ has: ada.page.getByRole("heading", { name: t(key), exact: true }) });
const card = (page) => thread(page).getByRole("region", { name: like("escalate.level.1") });

/** The same screen light and dark, wide and on a phone, with axe over each. */
async function everyLook(page, name) {
	for (const colorScheme of ["light", "dark"])
		for (const width of [1280, 320]) {
			await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
			await page.setViewportSize({ width, height: 860 });
			await page.waitForFunction(
				([scheme, w]) => matchMedia(`(prefers-color-scheme: ${scheme})`).matches && innerWidth === w,
				[colorScheme, width],
			);
			await axe(page, `${name}-${colorScheme}-${width}`);
			await shot(page, `${name}-${colorScheme}-${width}`);
		}
	await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
	await page.setViewportSize({ width: 1280, height: 860 });
}

scene("P90: an admin reads the usual times, sets the mailbox's own, and is told what is no time", async () => {
	staff = await Staff.in(s.demo.gateway, "ada@shop.example");
	await staff.change("orders", () => ({ ring_s: 120, missed_s: 3600, hours: null, holidays: [], days: [] }));
	const { mailboxes } = await staff.call("GET", "/v1/mailboxes");
	const orders = mailboxes.find((b) => b.slug === "orders");
	ada = await s.world.person("ada");
	await signIn(s.demo, ada, "ada@shop.example", "admin");
	await ada.page.goto(`${s.demo.admin}#/mailboxes/${orders.id}`);
	const sla = part("a.sla");
	await sla.getByText(like("a.sla.default")).waitFor();
	await sla.getByLabel(t("a.sla.mode"), { exact: true }).selectOption({ label: t("a.sla.mode.own") });
	const medium = sla.getByRole("group", { name: t("a.sla.priority", { priority: t("a.priority.2") }) });
	assert.equal(await medium.getByLabel(t("a.sla.first")).inputValue(), "15");
	for (const n of [1, 2, 3]) await sla.getByText(t(`a.priority.${n}.means`)).waitFor();
	const once = sla.getByLabel(t("a.sla.once.words"), { exact: true });
	assert.match(await once.inputValue(), /^lawyer$/m);
	await once.fill("my lawyer\n\n manager ");
	const save = () => main().getByRole("button", { name: t("a.save"), exact: true }).click();
	await medium.getByLabel(t("a.sla.first")).fill("1");
	await medium.getByLabel(t("a.sla.next")).fill("0");
	await medium.getByLabel(t("a.sla.resolve")).fill("0");
	const level = sla.getByRole("group", { name: t("a.sla.level.1") });
	await level.getByLabel(t("a.sla.after")).fill("1");
	await level.getByText(like("a.sla.tell")).click();
	await level.getByLabel(/^Mia/).check();
	await sla.getByRole("button", { name: t("a.sla.class.add") }).click();
	await save();
	await sla.getByText(t("a.error.sla.classes")).waitFor();
	await sla.getByLabel(t("a.sla.class"), { exact: true }).fill("paid");
	await sla.getByLabel(t("a.sla.status"), { exact: true }).fill("past due");
	await save();
	await ada.page.getByText(t("a.saved"), { exact: true }).waitFor();
	await sla.scrollIntoViewIfNeeded();
	await everyLook(ada.page, "admin-promises");
	const now = (await staff.call("GET", "/v1/mailboxes")).mailboxes.find((b) => b.slug === "orders").sla;
	assert.deepEqual(now.targets[1], { first: 1, next: 0, resolve: 0 });
	assert.deepEqual(now.at_once, ["my lawyer", "manager"]);
	assert.deepEqual([now.classes[0].class, now.classes[0].status, now.classes[0].targets[1].first, now.levels[0].after, now.levels[0].tell.length], ["paid", "past due", 1, 1, 1]);
});

scene("P91: the console says in words how long there is, that it is soon due, and that it is late; late ones have a list", async () => {
	mia = await onDuty(s, "mia", "mia@shop.example", "assign_only");
	await onDuty(s, "ben", "ben@shop.example"); // it rings at Ben, who does not look
	noor = await visit(s.demo, await s.world.person("noor"), "/support/orders");
	await startChat(noor, "Where is my oolong?", { name: "Noor" });
	await goTo(mia.page, "incoming");
	const row = mia.page.getByRole("article").filter({ hasText: "Where is my oolong?" });
	await row.getByText(like("clock.first.in")).waitFor();
	await row.getByText(like("clock.first.soon")).waitFor(PATIENT);
	await row.getByText(like("clock.first.late")).waitFor(PATIENT);
	await mia.page.getByText(like("escalate.heard")).waitFor(PATIENT);
	await goTo(mia.page, "late");
	await row.getByText(like("clock.first.late")).waitFor();
	await row.locator("[data-row]").click();
	await mia.page.locator(".thread-head").getByText(like("clock.first.late")).waitFor();
	await thread(mia.page).getByText(t("sys.broken.first")).waitFor();
	await card(mia.page).getByText("Where is my oolong?").waitFor();
	assert.equal(await log(noor).getByText(like("sys.broken.first")).count(), 0);
	await everyLook(mia.page, "console-late");
}, 400);

scene("P91: an answer stops the clock, and what is answered is late no more", async () => {
	await replies(mia.page, "It left us this morning.");
	await log(noor).getByText("It left us this morning.").waitFor();
	await mia.page.locator(".thread-head").getByText(like("clock.first.late")).waitFor({ state: "hidden" });
	await goTo(mia.page, "late");
	await mia.page.getByText(t("empty.late"), { exact: true }).waitFor();
});

scene("P93, P94: by hand with a reason; the report is filled in and edited, the visitor's sentence offered", async () => {
	await goTo(mia.page, "mine");
	await mia.page.locator(".thread-head").getByRole("button", { name: t("thread.more") }).click();
	await mia.page.getByRole("menuitem", { name: t("escalate.open") }).click();
	const d = mia.page.getByRole("dialog", { name: t("escalate.title") });
	assert.equal(await d.getByRole("radio").first().isDisabled(), true, "level 1 was told by time");
	assert.equal(await d.getByLabel(t("escalate.customer"), { exact: true }).inputValue(), "Noor");
	assert.equal(await d.getByLabel(t("escalate.issue"), { exact: true }).inputValue(), "Where is my oolong?");
	assert.match(await d.getByLabel(t("escalate.tried")).inputValue(), /It left us this morning\./);
	await everyLook(mia.page, "console-escalate");
	await d.getByRole("radio", { name: like("escalate.level.3") }).check();
	await d.getByLabel(t("escalate.reason"), { exact: true }).fill("She wants to cancel");
	await d.getByLabel(t("escalate.impact")).fill("A regular of ten years");
	await d.getByRole("button", { name: t("escalate.go"), exact: true }).click();
	await d.waitFor({ state: "hidden" });
	const third = thread(mia.page).getByRole("region", { name: t("escalate.level.3") });
	await third.getByText("She wants to cancel").waitFor();
	await third.getByText("A regular of ten years").waitFor();
	await mia.page.getByRole("button", { name: t("escalate.sentence"), exact: true }).click();
	assert.equal(await mia.page.getByRole("textbox", { name: t("composer.write") }).inputValue(), t("escalate.sentence.3"));
	assert.equal(await log(noor).getByText("She wants to cancel").count(), 0);
	await third.scrollIntoViewIfNeeded();
	await everyLook(mia.page, "console-escalated");
});

scene("right to left", async () => {
	await mia.page.evaluate(() => localStorage.setItem("postern-console", JSON.stringify({ lang: "ar" })));
	await mia.page.reload();
	await mia.page.locator('html[dir="rtl"]').waitFor();
	await mia.page.locator("#rail").getByRole("button", { name: new RegExp(`^${say("ar", "view.mine")}`) }).click();
	await mia.page.locator("[data-row]").first().click();
	await mia.page.locator(".report").last().waitFor();
	await axe(mia.page, "console-escalated-ar");
	await shot(mia.page, "console-escalated-ar");
});
