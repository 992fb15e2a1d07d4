// The console's own parts: phones, panes, lists that open under the pointer, what is lost and found again (web.md §5, §6, §9).
import { strict as assert } from "node:assert";
import { accept, be, button, goTo, like, log, offer, onDuty, signIn, startChat, t, thread, visit } from "./kit/people.mjs";
import { suite } from "./kit/world.mjs";

const s = suite();
const { scene } = s;
const wide = { width: 1280, height: 860 };
const phone = { width: 390, height: 780 };
let mia;
let ben;
let f;

/** Nothing of the page, but what scrolls by itself, is wider than the window. */
const fits = async (page) => {
	const [is, has] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
	assert.ok(is <= has, `${is} px in a window of ${has} px`);
};
const inside = async (inner, outer) => {
	const [a, b] = [await inner.boundingBox(), await outer.boundingBox()];
	assert.ok(a && b && a.x >= b.x && a.x + a.width <= b.x + b.width + 1, `${JSON.stringify(a)} in ${JSON.stringify(b)}`);
};

scene("on a phone every dialog of the console is there, and nothing is wider than the window", async () => {
	mia = await onDuty(s, "mia", "mia@shop.example");
	await mia.page.setViewportSize(phone);
	await goTo(mia.page, "replies");
	await button(mia.page, "reply.new").click();
	await mia.page.getByRole("dialog", { name: t("reply.new") }).getByLabel(t("reply.title"), { exact: true }).waitFor();
	await fits(mia.page);
	await mia.page.keyboard.press("Escape");
	for (const [key, title] of [["?", "keys.title"], ["Control+k", "palette.title"]]) {
		await mia.page.keyboard.press(key);
		await mia.page.getByRole("dialog", { name: t(title) }).waitFor();
		await fits(mia.page);
		await mia.page.keyboard.press("Escape");
		await mia.page.getByRole("dialog", { name: t(title) }).waitFor({ state: "hidden" });
	}
	await goTo(mia.page, "incoming");
});

scene("on a phone the ring lies inside the window; the thread takes it, and Back leads to the list", async () => {
	f = await visit(s.demo, await s.world.person("visitor"));
	await startChat(f, "Is the clay pot glazed?", { name: "Featherstonehaugh-Abdulrahman of Quillmoor upon Marwick" });
	const ring = offer(mia.page);
	await ring.waitFor();
	for (const key of ["offer.accept", "offer.decline"]) await inside(button(ring, key), ring);
	await fits(mia.page);
	await accept(mia.page);
	await fits(mia.page);
	await button(mia.page, "pane.side").click();
	await mia.page.getByRole("tab", { name: t("side.visitor") }).click();
	const back = mia.page.locator("#side").getByRole("button", { name: t("pane.back") });
	const first = mia.page.getByRole("tab", { name: t("side.visitor") });
	const [a, b] = [await back.boundingBox(), await first.boundingBox()];
	assert.ok(a && b && a.x + a.width <= b.x + 1, "Back does not lie on the first tab");
	await back.click();
	await mia.page.locator(".thread-head").getByRole("button", { name: t("pane.back") }).click();
	await mia.page.locator("#list .pane-head").filter({ hasText: t("view.mine") }).waitFor();
	await mia.page.setViewportSize(wide);
	await mia.page.locator("[data-row]").click();
});

scene("a long file name stays inside the composer, and the composer inside its pane", async () => {
	const middle = mia.page.locator("#middle");
	const name = `${"a very long name ".repeat(8)}.png`;
	const buffer = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
	await mia.page.setInputFiles("input[type=file]", [{ name, mimeType: "image/png", buffer }]);
	const chip = mia.page.locator(".chip");
	await chip.waitFor();
	await inside(chip, middle);
	await inside(mia.page.getByRole("textbox", { name: t("composer.write") }), middle);
	await inside(button(middle, "composer.send"), middle);
	await button(chip, "composer.remove", { name }).click();
	await chip.waitFor({ state: "hidden" });
});

scene("a list that opens under a resting pointer keeps its first choice", async () => {
	const box = mia.page.getByRole("textbox", { name: t("composer.write") });
	await box.pressSequentially("/");
	const options = mia.page.locator("#suggest").getByRole("option");
	const at = await options.nth(3).boundingBox();
	assert.ok(at);
	await box.fill("");
	await options.first().waitFor({ state: "hidden" });
	await mia.page.mouse.move(at.x + 20, at.y + at.height / 2);
	await box.pressSequentially("/");
	await options.nth(3).waitFor();
	await mia.page.locator("#suggest [aria-selected=true]").and(options.first()).waitFor();
	await mia.page.mouse.move(at.x + 24, at.y + at.height / 2);
	await mia.page.locator("#suggest [aria-selected=true]").and(options.nth(3)).waitFor();
	await box.fill("");
});

scene("what I write is in view, also when I had scrolled away; what others write waits behind a button", async () => {
	const box = mia.page.getByRole("textbox", { name: t("composer.write") });
	const lines = Array.from({ length: 40 }, (_, n) => `Line ${n}.`).join("\n\n");
	await box.fill(lines);
	await box.press("Enter");
	await thread(mia.page).getByText("Line 39.").waitFor();
	await thread(mia.page).evaluate((e) => e.scrollTo(0, 0));
	await f.getByRole("textbox", { name: t("chat.write") }).fill("From afar");
	await f.getByRole("textbox", { name: t("chat.write") }).press("Enter");
	await button(mia.page, "thread.new").click();
	await mia.page.waitForFunction(() => {
		const e = document.querySelector(".log");
		return e && e.scrollHeight - e.scrollTop - e.clientHeight < 60;
	});
	await button(mia.page, "thread.new").waitFor({ state: "hidden" });
	await thread(mia.page).evaluate((e) => e.scrollTo(0, 0));
	await box.fill("The last word");
	await box.press("Enter");
	await mia.page.waitForFunction(() => {
		const e = document.querySelector(".log");
		return e && e.scrollHeight - e.scrollTop - e.clientHeight < 60;
	});
	assert.equal(await button(mia.page, "thread.new").count(), 0);
});

scene("P59: whoever signs in later is told of a conversation handed over that he had never seen", async () => {
	ben = await onDuty(s, "ben", "ben@shop.example", "assign_only");
	await mia.page.keyboard.press("Escape");
	await mia.page.keyboard.press("a");
	const d = mia.page.getByRole("dialog", { name: t("assign.title") });
	const value = await d.locator("option", { hasText: "Ben" }).getAttribute("value");
	await d.locator("select").selectOption(value);
	await d.getByLabel(t("assign.note")).fill("Asked for you");
	await d.getByRole("button", { name: t("assign.go") }).click();
	await ben.page.getByText(like("handed")).waitFor();
	await button(ben.page, "handed.open").click();
	await thread(ben.page).getByText("Asked for you").waitFor();
	await log(f).getByText(t("line.assigned", { name: "Ben" })).waitFor();
});

scene("panes grow and shrink by the arrow keys, keep their width over a reload, and Enter sets it back", async () => {
	const bar = ben.page.getByRole("separator", { name: t("pane.width.list") });
	const width = () => ben.page.locator("#list").evaluate((e) => e.offsetWidth);
	const usual = await width();
	await bar.focus();
	for (let i = 0; i < 3; i++) await ben.page.keyboard.press("ArrowRight");
	assert.equal(await width(), usual + 48);
	await ben.page.reload();
	await bar.waitFor();
	assert.equal(await width(), usual + 48);
	assert.equal(await bar.getAttribute("aria-valuenow"), String(usual + 48));
	await bar.focus();
	await ben.page.keyboard.press("Enter");
	assert.equal(await width(), usual);
});

scene("a reload while the gateway does not answer asks nobody to sign in, and comes back by itself", async () => {
	await ben.context.route("**/v1/me", (r) => r.abort());
	await ben.page.reload();
	await ben.page.getByRole("heading", { name: t("ui.unreached") }).waitFor();
	assert.equal(await ben.page.getByLabel(t("signin.password")).count(), 0);
	await ben.context.unroute("**/v1/me");
	await ben.page.locator(".be-button").waitFor({ timeout: 30_000 });
});

scene("the sign-in speaks the other language at one press, from the right, in console and admin pages", async () => {
	const p = await s.world.person("eda");
	await p.page.goto(s.demo.admin);
	await p.page.getByRole("button", { name: "العربية" }).click();
	await p.page.locator("html[dir=rtl]").waitFor();
	await p.page.goto(s.demo.console);
	await p.page.locator("html[dir=rtl]").waitFor();
	await p.page.getByRole("button", { name: "English" }).click();
	await p.page.locator("html[dir=ltr]").waitFor();
	await p.page.getByLabel(t("signin.email")).waitFor();
	await signIn(s.demo, p, "eda@shop.example", "admin");
	await p.leave();
	await be(mia.page, "unavailable");
});
