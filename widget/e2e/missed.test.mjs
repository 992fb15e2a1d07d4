// Nobody answers: one ticket, its number at once, the answer by mail into the spool (P05, P44-P47 and walk 6).
import { strict as assert } from "node:assert";
import { Staff } from "./kit/api.mjs";
import { be, button, closes, goTo, like, log, onDuty, panel, signIn, startChat, t, tabTo, thread, visit } from "./kit/people.mjs";
import { axe, suite } from "./kit/world.mjs";
import { mailText, until } from "./kit/server.mjs";

const s = suite();
const { scene } = s;
let sol;
let visitor;
let number;

scene("wholesale has nobody on duty: Leave a message, with an address, makes a ticket at once", async () => {
	const p = await s.world.person("wholesale");
	const f = await visit(s.demo, p, "/support/wholesale");
	await button(f, "home.leave").click();
	await f.getByLabel(t("form.text")).fill("Prices for 20 kg, please");
	const email = f.getByLabel(t("form.email.optional"));
	await email.fill("not an address");
	await button(f, "form.send").click();
	await f.getByText(t("form.bad.email")).waitFor();
	assert.equal(await log(f).count(), 0, "nothing is sent with a wrong address");
	await email.fill("cafe@example.net");
	await button(f, "form.send").click();
	await log(f).getByText("Prices for 20 kg, please").waitFor();
	await log(f).getByText(like("line.ticket")).waitFor();
	await p.leave();
});

scene("a chat in Accounts that rings and is not accepted becomes exactly one ticket after 30 s; its number is shown at once", async () => {
	sol = await onDuty(s, "sol", "sol@shop.example");
	visitor = await s.world.person("visitor");
	const f = await visit(s.demo, visitor, "/support/accounts");
	await startChat(f, "My plan renewed twice", { name: "Kim", email: "kim@example.net" });
	await be(sol.page, "unavailable");
	const line = log(f).getByText(like("line.missed"));
	await line.waitFor({ timeout: 120_000 });
	number = /\d+/.exec((await line.textContent()) ?? "")?.[0];
	assert.ok(number, "the line names the ticket");
	const row = sol.page.locator("[data-row]").filter({ hasText: "My plan renewed twice" });
	await goTo(sol.page, "missed");
	await row.waitFor();
	assert.equal(await row.count(), 1, "exactly one ticket");
	assert.match(await row.textContent(), new RegExp(`#${number}`));
	assert.deepEqual(s.demo.spool(), [], "no automatic mail goes to a typed address");
}, 90);

scene("the agent's answer in the console is the first mail: an .eml in the spool, and in the widget", async () => {
	await sol.page.locator("[data-row]").filter({ hasText: "My plan renewed twice" }).click();
	await thread(sol.page).getByText("My plan renewed twice").waitFor();
	const claim = sol.page.locator(".thread-head").getByRole("button", { name: t("list.claim") });
	if (await claim.isVisible()) await claim.click();
	const box = sol.page.getByRole("textbox", { name: t("composer.write") });
	await box.fill("The second charge was taken back today.");
	await box.press("Control+Shift+Enter");
	await log(panel(visitor.page)).getByText("The second charge was taken back today.").waitFor();
	const [mail] = await until("the mail in the spool", () => s.demo.spool().length > 0 && s.demo.spool());
	assert.match(mail, /^To: .*kim@example\.net/im);
	assert.match(mail, new RegExp(`^Subject: .*${number}`, "im"));
	assert.match(mail, /The second charge was taken back today\./);
	assert.equal(s.demo.spool().length, 1);
});

scene("the admin reads it in the spool viewer", async () => {
	const ada = await s.world.person("ada");
	await signIn(s.demo, ada, "ada@shop.example", "admin");
	await ada.page.getByRole("navigation", { name: t("a.nav") }).getByRole("link", { name: t("a.spool") }).click();
	await ada.page.getByText("kim@example.net").first().click();
	await ada.page.getByText("The second charge was taken back today.").waitFor();
	await ada.leave();
});

/** The link for a rating, from the mail that has one. */
const rateLink = () => s.demo.spool().map((m) => /http\S+\/rate#\S+/.exec(mailText(m))?.[0]).find(Boolean) ?? "";
const star = (at, n) => at.getByRole("radio", { name: t("end.star", { n }) });
/** What the console's thread says of ratings. */
const ratings = () => thread(sol.page).getByText(/^Rated \d star/).allTextContents();

scene("P10: the mail's link is the way to a rating once the conversation has ended, by keys alone; page and widget show one rating", async () => {
	const p = await s.world.person("reader"); // another browser: it knows nothing of the widget
	const urls = [];
	p.page.on("request", (r) => urls.push(r.url()));
	const link = rateLink();
	const answer = await fetch(link); // as a mail scanner does
	const csp = answer.headers.get("content-security-policy") ?? "";
	assert.match(csp, /frame-ancestors 'none'/);
	assert.match(csp, /require-trusted-types-for 'script'/);
	assert.match(csp, /form-action 'none'/);
	await p.page.goto(link);
	await p.page.getByText(t("rate.later")).waitFor();
	await axe(p.page, "rating, too early");
	await closes(sol.page);
	await button(p.page, "rate.again").click();
	await button(p.page, "rate.send").click();
	await p.page.getByRole("alert").getByText(t("rate.choose")).waitFor();
	await tabTo(p.page, star(p.page, 1));
	for (let i = 1; i < 4; i++) await p.page.keyboard.press("ArrowRight");
	assert.ok(await star(p.page, 4).isChecked());
	await p.page.keyboard.press("Tab");
	await p.page.keyboard.type("Quick, thank you");
	await p.page.keyboard.press("Tab");
	await p.page.keyboard.press("Enter");
	await p.page.getByText(t("rate.thanks")).waitFor();
	await axe(p.page, "rating, thanks");
	await thread(sol.page).getByText("Rated 4 stars. Quick, thank you").waitFor();
	await panel(visitor.page).getByText(t("end.thanks")).waitFor();
	await until("the focus on the way to change it", () => button(p.page, "rate.edit").evaluate((e) => e === document.activeElement));
	await p.page.keyboard.press("Enter");
	await p.page.getByText(t("rate.given", { n: 4 })).waitFor();
	assert.ok(await star(p.page, 4).isChecked());
	await star(p.page, 2).check();
	await button(p.page, "rate.send").click();
	await p.page.getByText(t("rate.thanks")).waitFor();
	await thread(sol.page).getByText("Rated 2 stars.").waitFor();
	const f = panel(visitor.page);
	await button(f, "end.edit").click();
	assert.ok(await star(f, 2).isChecked(), "the widget has the page's stars");
	await star(f, 5).check();
	await button(f, "end.rate").click();
	await thread(sol.page).getByText("Rated 5 stars.").waitFor();
	await p.page.reload();
	await p.page.getByText(t("rate.given", { n: 5 })).waitFor();
	const token = new URL(link).hash.slice(1);
	assert.deepEqual(urls.filter((u) => u.includes(token)), [], "no address that leaves the browser holds the token");
	await p.leave();
});

scene("P10: whatever is wrong with a link reads the same and changes nothing", async () => {
	const before = await ratings();
	const p = await s.world.person("forger", { viewport: { width: 320, height: 640 }, colorScheme: "dark" });
	const link = rateLink();
	const [kind, id, mac] = new URL(link).hash.slice(1).split(".");
	const page = link.split("#")[0];
	for (const bad of [`${kind}.${id}.${[...mac].reverse().join("")}`, `t.${id}.${mac}`, `${kind}.${id}`, ""]) {
		await p.page.goto(`${page}#${bad}`);
		await p.page.getByText(t("rate.refused")).waitFor();
		assert.equal(await p.page.getByRole("button").count(), 0, "there is nothing to press");
		await p.page.goto("about:blank");
	}
	await p.page.goto(`${page}#`);
	await p.page.getByText(t("rate.refused")).waitFor();
	await axe(p.page, "rating, refused");
	await p.page.goto(link); // the same page, another fragment
	await p.page.getByText(t("rate.given", { n: 5 })).waitFor();
	await axe(p.page, "rating, on a phone in the dark");
	assert.deepEqual(await ratings(), before);
	await p.leave();
});

scene("a waiting visitor can send it as an e-mail instead", async () => {
	await be(sol.page, "available");
	const p = await s.world.person("patient");
	const f = await visit(s.demo, p, "/support/accounts");
	await startChat(f, "No time to wait");
	await button(f, "wait.email").click();
	await f.getByLabel(t("wait.email.to")).fill("lee@example.net");
	await button(f, "wait.email").click();
	await log(f).getByText(like("line.ticket")).first().waitFor();
	await p.leave();
});

scene("P07: the last agent goes while the panel stands open: Talk to us becomes Leave a message, words and focus stay; out of hours it says when we are back", async () => {
	const p = await s.world.person("onlooker");
	const f = await visit(s.demo, p, "/support/accounts");
	await button(f, "home.talk").waitFor();
	await be(sol.page, "unavailable");
	await button(f, "home.leave").waitFor();
	await f.getByText(t("home.nobody")).waitFor();
	await be(sol.page, "available");
	await button(f, "home.talk").click();
	const words = f.getByLabel(t("form.text"));
	await words.fill("While I write");
	await sol.page.goto("about:blank"); // he closes the console
	await f.getByRole("heading", { name: t("home.leave") }).waitFor();
	await button(f, "form.send").waitFor();
	assert.equal(await words.inputValue(), "While I write");
	assert.ok(await words.evaluate((e) => e === document.activeElement && document.hasFocus()));
	await sol.page.goto(s.demo.console);
	await button(f, "form.start").waitFor();
	const ada = await Staff.in(s.demo.gateway, "ada@shop.example");
	const opens = new Date();
	opens.setUTCDate(opens.getUTCDate() + 2);
	opens.setUTCHours(9, 0, 0, 0);
	await ada.change("accounts", { hours: [{ day: opens.getUTCDay(), from: 9 * 60, to: 10 * 60 }] });
	const when = await p.page.evaluate((at) => new Intl.DateTimeFormat(navigator.language, { weekday: "long", hour: "2-digit", minute: "2-digit" }).format(at), opens.getTime());
	await f.getByText(t("home.back", { time: when })).waitFor();
	await button(f, "panel.back").click();
	await f.getByText(`${t("home.closed")} ${t("home.back", { time: when })}`).waitFor();
	await ada.change("accounts", { hours: [] });
	await button(f, "home.talk").waitFor();
	await p.leave();
});
