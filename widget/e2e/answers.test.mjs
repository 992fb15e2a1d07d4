// Tickets: an answer that can be taken back, what becomes of the ticket with it, sleep, reasons (P45, P58, P69, P81).
import { strict as assert } from "node:assert";
import { Staff } from "./kit/api.mjs";
import { everyWay } from "./kit/looks.mjs";
import { goTo, like, log, onDuty, signIn, t, thread, visit, writes } from "./kit/people.mjs";
import { until } from "./kit/server.mjs";
import { axe, suite } from "./kit/world.mjs";

const s = suite();
const { scene } = s;
let wes;
/** @type {Record<string, import("playwright-core").FrameLocator>} */
const panels = {};

const box = () => wes.page.getByRole("textbox", { name: t("composer.write"), exact: true });
const toasts = () => wes.page.locator(".toasts");
const row = (text) => wes.page.locator("[data-row]").filter({ hasText: text });
const dialog = (key) => wes.page.getByRole("dialog", { name: t(key) });

/** Leaves a message where nobody is on duty: a ticket. */
async function asks(name, text) {
	const f = await visit(s.demo, await s.world.person(name), "/support/wholesale");
	await f.getByRole("button", { name: t("home.leave"), exact: true }).click();
	await f.getByLabel(t("form.text")).fill(text);
	await f.getByLabel(t("form.email.optional")).fill(`${name}@example.net`);
	await f.getByRole("button", { name: t("form.send"), exact: true }).click();
	await log(f).getByText(text).waitFor();
	panels[name] = f;
}
const everyLook = (name) => everyWay(wes.page, name);

scene("P58: Ctrl+Enter sends, closes and opens the next; for five seconds nobody has it, and Undo brings words and ticket back", async () => {
	await asks("kim", "What is a kilo of oolong?");
	await asks("lee", "Do you ship to Oslo?");
	wes = await onDuty(s, "wes", "wes@shop.example", "unavailable");
	await goTo(wes.page, "unassigned");
	await row("What is a kilo of oolong?").click();
	await thread(wes.page).getByText("What is a kilo of oolong?").waitFor();
	await box().fill("Twelve euros.");
	await box().press("Control+Enter");
	await toasts().getByText(t("undo.closed"), { exact: true }).waitFor();
	await thread(wes.page).getByText("Do you ship to Oslo?").waitFor();
	assert.equal(await log(panels.kim).getByText("Twelve euros.").count(), 0, "the visitor has nothing of it");
	await toasts().getByRole("button", { name: t("undo.do"), exact: true }).click();
	await thread(wes.page).getByText("What is a kilo of oolong?").waitFor();
	await until("the words in the composer", async () => (await box().inputValue()) === "Twelve euros.");
	assert.equal(await log(panels.kim).getByText("Twelve euros.").count(), 0);
	assert.deepEqual(s.demo.spool(), []);
});

scene("P58: the same by keys alone; what is not taken back arrives once, by widget and mail, and the ticket is closed as resolved", async () => {
	await box().press("Control+Enter");
	await toasts().getByText(t("undo.closed"), { exact: true }).waitFor();
	await wes.page.locator("#middle").focus();
	await wes.page.keyboard.press("z");
	await until("the words in the composer", async () => (await box().inputValue()) === "Twelve euros.");
	await box().fill("Fourteen euros.");
	await box().press("Control+Enter");
	await log(panels.kim).getByText("Fourteen euros.").waitFor();
	await log(panels.kim).getByText(t("line.closed")).waitFor();
	assert.equal(await log(panels.kim).getByText("Twelve euros.").count(), 0);
	const mails = await until("the mail", () => s.demo.spool().length > 0 && s.demo.spool());
	assert.equal(mails.length, 1);
	assert.match(mails[0], /Fourteen euros\./);
	await goTo(wes.page, "closed");
	await row("What is a kilo of oolong?").click();
	await thread(wes.page).getByText(t("sys.closed", { reason: t("why.resolved") })).waitFor();
	assert.equal(await thread(wes.page).getByText(like("sys.undone")).count(), 2);
});

scene("P58: the menu sends and stays; what waits shows in the thread with its way back", async () => {
	await goTo(wes.page, "unassigned");
	await row("Do you ship to Oslo?").click();
	await box().fill("We look into it.");
	await wes.page.getByRole("button", { name: t("composer.holding"), exact: true }).click();
	await wes.page.getByRole("button", { name: t("composer.send.more"), exact: true }).click();
	await everyLook("console-send-menu");
	await wes.page.getByRole("menuitem", { name: like("composer.send.stay") }).click();
	const waits = thread(wes.page).getByRole("region", { name: t("undo.label") });
	await waits.getByText("We look into it.").waitFor();
	await log(panels.lee).getByText("We look into it.").waitFor();
	await thread(wes.page).getByText(t("thread.holding"), { exact: true }).waitFor();
	await waits.waitFor({ state: "hidden" });
	assert.equal(await log(panels.lee).getByText(t("line.closed")).count(), 0);
});

scene("P45, P81: a holding reply is no answer, so No answer is proposed; a reason is always chosen", async () => {
	await wes.page.locator("#middle").focus();
	await wes.page.keyboard.press("e");
	const d = dialog("close.title");
	assert.ok(await d.getByRole("radio", { name: like("why.idle") }).isChecked());
	assert.equal(await d.getByRole("radio").count(), 4);
	await everyLook("console-close-reason");
	await wes.page.keyboard.press("Escape");
});

scene("P58: the menu sends and goes back to the list: no thread, the keys in the list, and the ticket stays open", async () => {
	await box().fill("A partner ships it there.");
	await wes.page.getByRole("button", { name: t("composer.send.more"), exact: true }).click();
	await wes.page.getByRole("menuitem", { name: like("composer.send.list") }).click();
	await until("the list has the keys", () => wes.page.evaluate(() => document.activeElement?.id === "list"));
	await box().waitFor({ state: "hidden" });
	await toasts().getByText(t("undo.sent"), { exact: true }).waitFor();
	await log(panels.lee).getByText("A partner ships it there.").waitFor();
	assert.equal(await log(panels.lee).getByText(t("line.closed")).count(), 0);
	await goTo(wes.page, "mine");
	await row("Do you ship to Oslo?").click();
	await thread(wes.page).getByText("A partner ships it there.").waitFor();
});

scene("P69: send and snooze; the ticket sleeps in its own list, and the visitor's words wake it at once", async () => {
	await box().fill("I will know tomorrow.");
	await wes.page.getByRole("button", { name: t("composer.send.more"), exact: true }).click();
	await wes.page.getByRole("menuitem", { name: like("composer.send.snooze") }).click();
	const d = dialog("snooze.send");
	await d.getByRole("radio", { name: like("snooze.date") }).check();
	await d.getByLabel(t("snooze.date"), { exact: true }).last().fill("2020-01-01T00:00");
	assert.equal(await d.getByRole("button", { name: t("snooze.send"), exact: true }).getAttribute("aria-disabled"), "true");
	await d.getByRole("radio", { name: like("snooze.tomorrow") }).check();
	await everyLook("console-snooze");
	await d.getByRole("button", { name: t("snooze.send"), exact: true }).click();
	await log(panels.lee).getByText("I will know tomorrow.").waitFor();
	await goTo(wes.page, "snoozed");
	await row("Do you ship to Oslo?").getByText(like("snooze.badge")).waitFor();
	await goTo(wes.page, "mine");
	await row("Do you ship to Oslo?").waitFor({ state: "hidden" });
	await writes(panels.lee, "It is rather urgent.");
	await row("Do you ship to Oslo?").waitFor();
	await row("Do you ship to Oslo?").click();
	await thread(wes.page).getByText(t("sys.woken.visitor")).waitFor();
});

scene("P69: S lets it sleep, the menu wakes it; E closes it as spam, and the list says so", async () => {
	await wes.page.locator("#middle").focus();
	await wes.page.keyboard.press("s");
	const d = dialog("snooze.title");
	await d.getByRole("button", { name: t("snooze.go"), exact: true }).click();
	await d.waitFor({ state: "hidden" });
	await wes.page.locator(".thread-head").getByText(like("snooze.badge")).waitFor();
	await wes.page.locator(".thread-head").getByRole("button", { name: t("thread.more") }).click();
	await wes.page.getByRole("menuitem", { name: t("snooze.wake") }).click();
	await wes.page.locator(".thread-head").getByText(like("snooze.badge")).waitFor({ state: "hidden" });
	await wes.page.keyboard.press("e");
	const close = dialog("close.title");
	await close.getByRole("radio", { name: t("why.spam"), exact: true }).check();
	await close.getByRole("button", { name: t("close.go"), exact: true }).click();
	await goTo(wes.page, "closed");
	await row("Do you ship to Oslo?").getByText(t("why.spam")).waitFor();
	await log(panels.lee).getByText(t("line.closed")).waitFor();
});

scene("P79: who has a ticket follows it; unfollowed it makes no sound and counts nowhere, at once", async () => {
	await asks("max", "Do you have white tea?");
	await goTo(wes.page, "unassigned");
	await row("Do you have white tea?").click();
	await wes.page.locator(".thread-head").getByRole("button", { name: t("list.claim"), exact: true }).click();
	const bell = wes.page.locator(".thread-head").getByRole("button", { name: t("follow.label"), exact: true });
	await until("he follows", async () => (await bell.getAttribute("aria-pressed")) === "true");
	await wes.page.locator("#middle").focus();
	await wes.page.keyboard.press("f");
	await toasts().getByText(t("follow.off")).waitFor();
	assert.equal(await bell.getAttribute("aria-pressed"), "false");
	await goTo(wes.page, "closed");
	await row("What is a kilo of oolong?").click();
	const title = await wes.page.title();
	await writes(panels.max, "Or yellow tea?");
	await goTo(wes.page, "mine");
	await row("Do you have white tea?").getByText(t("list.new"), { exact: true }).waitFor();
	assert.equal(await wes.page.title(), title, "the title counts nothing");
	await row("Do you have white tea?").click();
	await bell.click();
	await until("he follows again", async () => (await bell.getAttribute("aria-pressed")) === "true");
});

scene("P77: a duplicate names the first ticket, and both show it", async () => {
	const number = /#(\d+)/.exec((await row("Do you have white tea?").textContent()) ?? "")?.[1] ?? "";
	await asks("ned", "White tea, do you have it?");
	await goTo(wes.page, "unassigned");
	await row("White tea, do you have it?").click();
	await thread(wes.page).getByText("White tea, do you have it?").waitFor();
	await wes.page.locator("#middle").focus();
	await wes.page.keyboard.press("e");
	const d = dialog("close.title");
	await d.getByRole("radio", { name: like("why.duplicate") }).check();
	await d.getByLabel(t("close.of"), { exact: true }).fill("999999");
	await d.getByRole("button", { name: t("close.go"), exact: true }).click();
	await d.getByRole("alert").getByText(t("error.not_found")).waitFor();
	await d.getByLabel(t("close.of"), { exact: true }).fill(`#${number}`);
	await d.getByRole("button", { name: t("close.go"), exact: true }).click();
	await d.waitFor({ state: "hidden" });
	await thread(wes.page).getByText(t("sys.duplicate.of", { number: `#${number}` })).waitFor();
	await log(panels.ned).getByText(t("line.closed")).waitFor();
});

scene("P77: an admin deletes a ticket: it leaves every list and screen", async () => {
	const ada = await s.world.person("ada");
	await signIn(s.demo, ada, "ada@shop.example");
	await ada.page.keyboard.press("Escape"); // the choices of availability
	await goTo(ada.page, "closed");
	await ada.page.locator("[data-row]").filter({ hasText: "White tea, do you have it?" }).click();
	await ada.page.locator(".thread-head").getByRole("button", { name: t("thread.more") }).click();
	await ada.page.getByRole("menuitem", { name: t("delete.open") }).click();
	await ada.page.getByRole("button", { name: t("delete.go"), exact: true }).click();
	await ada.page.getByText(t("delete.done"), { exact: true }).waitFor();
	assert.equal(await ada.page.locator("[data-row]").filter({ hasText: "White tea, do you have it?" }).count(), 0);
	await goTo(wes.page, "closed");
	await row("White tea, do you have it?").waitFor({ state: "hidden" });
	await ada.leave();
});

scene("P44, P81: an admin sets when silence ends and own reasons; the reasons stand in the console", async () => {
	const staff = await Staff.in(s.demo.gateway, "ada@shop.example");
	const box = (await staff.call("GET", "/v1/mailboxes")).mailboxes.find((b) => b.slug === "wholesale");
	const ada = await s.world.person("admin");
	await signIn(s.demo, ada, "ada@shop.example", "admin");
	await ada.page.goto(`${s.demo.admin}#/mailboxes/${box.id}`);
	const main = ada.page.locator("main");
	const part = main.locator("section").filter({ has: ada.page.getByRole("heading", { name: t("a.idle"), exact: true }) });
	await part.getByLabel(t("a.idle.mode"), { exact: true }).selectOption({ label: t("a.idle.mode.own") });
	await part.getByLabel(t("a.idle.chat_end"), { exact: true }).fill("5");
	const save = () => main.getByRole("button", { name: t("a.save"), exact: true }).click();
	await save();
	await part.getByText(t("a.error.idle.chat")).waitFor();
	await part.getByLabel(t("a.idle.chat_end"), { exact: true }).fill("40");
	await part.getByLabel(t("a.reasons"), { exact: true }).fill("Moved to sales");
	await save();
	await ada.page.getByText(t("a.saved"), { exact: true }).waitFor();
	await part.scrollIntoViewIfNeeded();
	await axe(ada.page, "admin-endings");
	await ada.leave();
	await goTo(wes.page, "mine");
	await row("Do you have white tea?").click();
	await thread(wes.page).getByText("Or yellow tea?").waitFor();
	await wes.page.keyboard.press("e");
	const d = dialog("close.title");
	await d.getByRole("radio", { name: "Moved to sales" }).check();
	await d.getByRole("button", { name: t("close.go"), exact: true }).click();
	await d.waitFor({ state: "hidden" });
	await goTo(wes.page, "closed");
	await row("Do you have white tea?").getByText("Moved to sales").waitFor();
	await thread(wes.page).getByText(t("sys.closed", { reason: "Moved to sales" })).waitFor();
});
