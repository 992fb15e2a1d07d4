// Nobody answers: one ticket, its number at once, the answer by mail into the spool (P05, P44-P47 and walk 6).
import { strict as assert } from "node:assert";
import { be, button, goTo, like, log, onDuty, panel, signIn, startChat, t, thread, visit } from "./kit/people.mjs";
import { suite } from "./kit/world.mjs";
import { until } from "./kit/server.mjs";

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
	const email = f.getByLabel(t("form.email"));
	await email.fill("not an address");
	await button(f, "form.send").click();
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
	await line.waitFor({ timeout: 40_000 });
	number = /\d+/.exec(await line.textContent())[0];
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
	await box.press("Control+Enter");
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
