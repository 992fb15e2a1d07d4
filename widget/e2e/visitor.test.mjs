// The visitor's way: nothing before intent, self-help first, a person, the end (P01-P14 and walks 1 and 2).
import { strict as assert } from "node:assert";
import { accept, button, log, offer, onDuty, openPanel, panel, replies, startChat, t, tabTo, thread, visit, writes } from "./kit/people.mjs";
import { suite } from "./kit/world.mjs";
import { say } from "./kit/words.mjs";
import { until } from "./kit/server.mjs";

const s = suite();
const { scene } = s;
let mia;
let noor;
let f;

scene("P01: before intent one request of at most 3 KB, and no iframe", async () => {
	noor = await s.world.person("noor");
	const asked = [];
	noor.page.on("response", async (r) => {
		if (r.url().startsWith(s.demo.gateway)) asked.push(r);
	});
	await noor.page.goto(`${s.demo.shop}/support/orders`);
	await noor.page.getByRole("button", { name: t("launcher.open") }).waitFor();
	await noor.page.waitForLoadState("networkidle");
	assert.deepEqual(asked.map((r) => new URL(r.url()).pathname), ["/widget/loader.js"]);
	const { responseBodySize } = await asked[0].request().sizes();
	assert.ok(responseBodySize <= 3 * 1024, `${responseBodySize} bytes`);
	assert.equal(await noor.page.locator("postern-chat iframe").count(), 0);
});

scene("walk 1: the search has the focus, finds while typing, is walked with arrow keys; an article is read and rated; a person is always one click away", async () => {
	f = await openPanel(noor.page);
	const search = f.getByRole("searchbox");
	const person = () => button(f, "home.talk").or(button(f, "home.leave")).waitFor();
	await focused(search);
	await f.getByRole("heading", { name: t("home.suggested") }).waitFor();
	await person();
	await noor.page.keyboard.type("chnge emial adress");
	await f.getByRole("heading", { name: t("home.results") }).waitFor();
	const cards = f.locator("[data-move]");
	await until("results", async () => (await cards.count()) > 0);
	assert.ok((await cards.count()) <= 3, "at most three");
	await search.fill("qqqq zzzz xxxx");
	await f.getByText(t("home.none", { q: "qqqq zzzz xxxx" })).waitFor();
	await person();
	await search.fill("change my e-mail");
	await f.getByRole("button", { name: /How do I change my login e-mail/ }).waitFor();
	await person();
	await search.press("ArrowDown");
	await focused(cards.first());
	await noor.page.keyboard.press("ArrowUp");
	await focused(search);
	await f.getByRole("button", { name: /How do I change my login e-mail/ }).click();
	await f.getByRole("heading", { name: "How do I change my login e-mail?" }).waitFor();
	await button(f, "article.yes").click();
	await f.getByText(t("article.thanks")).waitFor();
	await button(f, "article.still").click();
	await f.getByLabel(t("form.text")).waitFor();
	await button(f, "panel.back").click();
	await person();
});

scene("walk 2: a place in the queue, an agent who accepts by Enter, messages both ways with their states", async () => {
	mia = await onDuty(s, "mia", "mia@shop.example");
	await f.getByRole("searchbox").fill("");
	await startChat(f, "Where is my parcel?", { name: "Noor" });
	await f.getByText(t("wait.next")).or(f.getByText(t("wait.queued"))).first().waitFor();
	await offer(mia.page).waitFor();
	await mia.page.keyboard.press("Enter");
	await thread(mia.page).getByText("Where is my parcel?").waitFor();
	await log(f).getByText(t("line.claimed", { name: "Mia" })).waitFor();
	await mia.page.getByText("How do I change my login e-mail?").first().waitFor();
	await replies(mia.page, "On its way.");
	await log(f).getByText("On its way.").waitFor();
	await writes(f, "Thank you");
	await thread(mia.page).getByText("Thank you", { exact: true }).waitFor();
	await log(f).getByText(t("state.read")).last().waitFor();
	await thread(mia.page).getByText(t("state.read")).last().waitFor();
});

scene("typing is shown on both sides and goes by itself", async () => {
	const hers = mia.page.getByText(t("thread.types.visitor")).or(mia.page.getByText(t("thread.types", { name: "Noor" }))).first();
	const his = f.getByText(t("chat.typing", { name: "Mia" }));
	// Who looks must look while it lasts, which is 6 s (visitor/typing.test.ts).
	await Promise.all([hers.waitFor(), f.getByRole("textbox", { name: t("chat.write") }).pressSequentially("Hm, let me see", { delay: 120 })]);
	await Promise.all([his.waitFor(), mia.page.getByRole("textbox", { name: t("composer.write") }).pressSequentially("Let me look", { delay: 120 })]);
	await his.waitFor({ state: "hidden" });
	await mia.page.locator(".typing .dots").waitFor({ state: "hidden" });
	await mia.page.getByRole("textbox", { name: t("composer.write") }).fill("");
	await f.getByRole("textbox", { name: t("chat.write") }).fill("");
});

scene("files both ways; one of a refused kind says so and sends nothing", async () => {
	const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
	await f.locator("input[type=file]").setInputFiles({ name: "tin.png", mimeType: "image/png", buffer: png });
	await button(f, "chat.send").click();
	await thread(mia.page).getByText("tin.png").waitFor();
	await log(f).getByText("tin.png").or(log(f).getByRole("img", { name: /tin\.png/ })).first().waitFor();
	await f.locator("input[type=file]").setInputFiles({ name: "page.html", mimeType: "text/html", buffer: Buffer.from("<!doctype html><script>alert(1)</script>") });
	await f.getByRole("alert").filter({ hasText: t("error.unsupported") }).waitFor();
	assert.equal(await log(f).getByText("page.html").count(), 0, "nothing is sent");
	assert.equal(await thread(mia.page).getByText("page.html").count(), 0);
	await mia.page.locator("input[type=file]").setInputFiles({ name: "label.txt", mimeType: "text/plain", buffer: Buffer.from("Return label") });
	await mia.page.getByRole("button", { name: t("composer.send"), exact: true }).click();
	// An agent's own file waits for a login in this conversation; library.test shows one that goes at once.
	await mia.page.getByRole("region", { name: t("held.label") }).getByText(t("held.file")).waitFor();
	assert.equal(await log(f).getByText("label.txt").count(), 0);
});

scene("# sends an article as a card that the visitor reads in the panel", async () => {
	const box = mia.page.getByRole("textbox", { name: t("composer.write") });
	await box.pressSequentially("#delivery time");
	await mia.page.getByRole("option", { name: /How long does delivery take/ }).click();
	await box.fill("This says it all.");
	await box.press("Enter");
	const card = log(f).getByRole("button", { name: /How long does delivery take|Open guide/ }).last();
	await card.click();
	await f.getByRole("heading", { name: "How long does delivery take?" }).waitFor();
	await button(f, "panel.back").click();
	await log(f).waitFor();
});

scene("a reload keeps the conversation; Esc closes the panel and the focus goes back to the button", async () => {
	await noor.page.reload();
	f = await openPanel(noor.page);
	await f.getByRole("button", { name: new RegExp(`^${t("home.open")}`) }).click();
	await log(f).getByText("On its way.").waitFor();
	await f.getByRole("textbox", { name: t("chat.write") }).press("Escape");
	await noor.page.locator("postern-chat iframe").waitFor({ state: "hidden" });
	assert.equal(await noor.page.evaluate(() => document.activeElement?.tagName), "POSTERN-CHAT");
	await noor.page.keyboard.press("Enter");
	await log(f).waitFor();
});

scene("the end: stars and a comment, which the agent sees; the earlier conversation stays in this browser", async () => {
	await button(f, "chat.end").first().click();
	await f.getByText(t("chat.end.sure")).waitFor();
	await button(f, "chat.end").click();
	await log(f).getByText(t("line.closed")).waitFor();
	await f.getByRole("radio", { name: t("end.star", { n: 4 }) }).check();
	await f.getByLabel(t("end.text")).fill("Quick and kind");
	await button(f, "end.rate").click();
	await f.getByText(t("end.thanks")).waitFor();
	await thread(mia.page).getByText(/Rated 4 stars. Quick and kind/).waitFor();
	await startAgain();
	await button(f, "panel.back").click();
	await f.getByRole("button", { name: t("home.earlier") }).click();
	await f.getByRole("button", { name: /Where is my parcel/ }).click();
	await log(f).getByText("On its way.").waitFor();
	const other = await s.world.person("other");
	const g = await visit(s.demo, other);
	await until("the gateway's answer", () => button(g, "home.talk").isEnabled());
	assert.equal(await g.getByText(t("home.all")).count(), 0, "another browser has none of it");
	await other.leave();
});
async function startAgain() {
	await button(f, "end.again").click();
	await f.getByLabel(t("form.text")).fill("And another thing");
	await button(f, "form.start").click();
	await accept(mia.page);
	await log(f).getByText("And another thing").waitFor();
}

scene("keyboard only: Tab to the launcher, Enter, search, an article and back, a person, send, end, rate, close; the focus is never lost", async () => {
	const p = await s.world.person("keys");
	await p.page.goto(`${s.demo.shop}/support/orders`);
	const launcher = p.page.getByRole("button", { name: t("launcher.open") });
	await launcher.waitFor();
	for (let i = 0; i < 40 && !(await launcher.evaluate((e) => /** @type {ShadowRoot} */ (e.getRootNode()).activeElement === e)); i++) await p.page.keyboard.press("Tab");
	await p.page.keyboard.press("Enter");
	const g = panel(p.page);
	const search = g.getByRole("searchbox");
	await focused(search);
	await p.page.keyboard.type("delivery");
	await tabTo(p.page, g.locator("[data-move]").first());
	await p.page.keyboard.press("Enter");
	await focused(g.getByRole("heading", { level: 1 }));
	await tabTo(p.page, button(g, "article.yes"));
	await p.page.keyboard.press("Enter");
	await g.getByText(t("article.thanks")).waitFor();
	await focused(g.getByRole("region", { name: t("article.helped") }));
	await tabTo(p.page, button(g, "article.still"));
	await p.page.keyboard.press("Enter");
	await tabTo(p.page, button(g, "panel.back"));
	await p.page.keyboard.press("Enter");
	await focused(search);
	await tabTo(p.page, button(g, "home.talk"));
	await p.page.keyboard.press("Enter");
	await tabTo(p.page, g.getByLabel(t("form.text")));
	await p.page.keyboard.press("Control+A");
	await p.page.keyboard.type("By keys alone");
	await tabTo(p.page, button(g, "form.start"));
	await p.page.keyboard.press("Enter");
	await log(g).getByText("By keys alone").waitFor();
	await focused(g.getByRole("textbox", { name: t("chat.write") }));
	await p.page.keyboard.type("First line");
	await p.page.keyboard.press("Shift+Enter");
	await p.page.keyboard.type("second line");
	await p.page.keyboard.press("Enter");
	await log(g).getByText("second line").waitFor();
	await accept(mia.page);
	await log(g).getByText(t("line.claimed", { name: "Mia" })).waitFor();
	await tabTo(p.page, button(g, "chat.end"));
	await p.page.keyboard.press("Enter");
	await g.getByText(t("chat.end.sure")).waitFor();
	await tabTo(p.page, button(g, "chat.end"));
	await p.page.keyboard.press("Enter");
	await log(g).getByText(t("line.closed")).waitFor();
	await until("the focus in the conversation", () => g.locator(".chat").evaluate((e) => document.hasFocus() && e.contains(document.activeElement)));
	await tabTo(p.page, g.getByRole("radio", { name: t("end.star", { n: 1 }) }));
	await p.page.keyboard.press("ArrowRight");
	await tabTo(p.page, button(g, "end.rate"));
	await p.page.keyboard.press("Enter");
	await g.getByText(t("end.thanks")).waitFor();
	await until("the focus at the end", () => g.locator(".end").evaluate((e) => document.hasFocus() && e.contains(document.activeElement)));
	await p.page.keyboard.press("Escape");
	await p.page.locator("postern-chat iframe").waitFor({ state: "hidden" });
	await until("the focus on the launcher", () => launcher.evaluate((e) => /** @type {ShadowRoot} */ (e.getRootNode()).activeElement === e));
	await p.leave();
});
const focused = (target) => until(`the focus on ${target}`, () => target.evaluate((e) => e === document.activeElement && document.hasFocus()));

scene("Arabic, as the page's language or by the page's script: the words, right to left", async () => {
	const p = await s.world.person("arabic", { locale: "ar" });
	await p.page.goto(`${s.demo.shop}/support/orders`);
	await p.page.locator("postern-chat button").first().click();
	await p.page.evaluate(() => window.Postern("locale", "ar"));
	const g = panel(p.page);
	await g.getByRole("button", { name: say("ar", "home.talk"), exact: true }).waitFor();
	assert.equal(await g.locator("html").getAttribute("dir"), "rtl");
	await p.leave();
});
