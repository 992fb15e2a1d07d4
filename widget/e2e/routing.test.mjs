// Who is rung, who is not, and what each of them reads (P34-P36, P38, P40, P42).
import { strict as assert } from "node:assert";
import { Staff } from "./kit/api.mjs";
import { accept, be, button, goTo, like, log, offer, onDuty, replies, startChat, t, thread, visit } from "./kit/people.mjs";
import { until } from "./kit/server.mjs";
import { suite } from "./kit/world.mjs";

const s = suite();
const { scene } = s;
/** A presence lives 15 s, and the machine may be busy. */
const PATIENT = { timeout: 60_000 };
let admin;
let mia;
let ben;
let sol;
let noor; // her panel

const waiting = (page, words) => page.getByRole("article").filter({ hasText: words });
const status = (page, value) => page.locator(".be-button").filter({ hasText: t(`be.${value}`) });
/** Lets somebody hold so many chats at once, as the admin's page does. */
async function seats(address, capacity) {
	const { agents } = await admin.call("GET", "/v1/agents");
	const { id, email, name, role, version } = agents.find((a) => a.email === address);
	await admin.call("PUT", `/v1/agents/${id}`, { email, name, role, capacity, disabled: false, version });
}
/** A visitor of his own, in a conversation. */
async function visitor(name, path, words) {
	const f = await visit(s.demo, await s.world.person(name), path);
	await startChat(f, words, { name });
	return f;
}

/** Keeps what fits from a page until `pass`; what its gateway says else comes through. */
async function holdsBack(page, fits) {
	const held = [];
	let holds = true;
	await page.routeWebSocket(/\/v1\/socket/, (client) => {
		client.connectToServer().onMessage((m) => {
			if (holds && fits(JSON.parse(String(m)))) held.push(() => client.send(m));
			else client.send(m);
		});
	});
	const pass = () => {
		holds = false;
		for (const send of held.splice(0)) send();
	};
	return { held, pass };
}

scene("P34: a closed tab is rung no more: the offer ends there and rings at a colleague who is present", async () => {
	admin = await Staff.in(s.demo.gateway, "ada@shop.example");
	// Long rings: what ends one here is the absence, not the clock.
	await admin.change("orders", () => ({ ring_s: 120, missed_s: 3600 }));
	mia = await onDuty(s, "mia", "mia@shop.example");
	ben = await onDuty(s, "ben", "ben@shop.example", "assign_only");
	noor = await visitor("Noor", "/support/orders", "Is the oolong back?");
	await offer(mia.page).getByText("Is the oolong back?").waitFor();
	await be(ben.page, "available");
	await waiting(ben.page, "Is the oolong back?").getByText(t("list.rings", { name: "Mia" })).waitFor();
	assert.equal(await offer(ben.page).count(), 0, "one ring at a time");
	await mia.page.close();
	await offer(ben.page).getByText("Is the oolong back?").waitFor(PATIENT);
	await waiting(ben.page, "Is the oolong back?").getByText(t("list.rings_you")).waitFor();
}, 120);

scene("P38: unassigned until somebody replies: the first reply claims, ends the ring elsewhere, and reaches the visitor", async () => {
	mia.page = await mia.context.newPage();
	// Her console has the row with what it reads about the conversation before it is told that the row has changed.
	const changes = await holdsBack(mia.page, (f) => f.sig === "conversation.touched" && f.data.conversation.assignee);
	await mia.page.goto(s.demo.console);
	await goTo(mia.page, "incoming");
	await waiting(mia.page, "Is the oolong back?").locator("[data-row]").click();
	await thread(mia.page).getByText("Is the oolong back?").waitFor();
	await mia.page.getByText(like("composer.hint.claims")).waitFor();
	await mia.page.locator(".thread-head").getByRole("button", { name: t("list.claim") }).waitFor();
	assert.equal(await log(noor).getByText(t("line.claimed", { name: "Mia" })).count(), 0, "looking takes nothing");
	await replies(mia.page, "Since this morning, yes.");
	await log(noor).getByText("Since this morning, yes.").waitFor();
	await log(noor).getByText(t("line.claimed", { name: "Mia" })).waitFor();
	await offer(ben.page).waitFor({ state: "hidden" });
	await waiting(ben.page, "Is the oolong back?").waitFor({ state: "hidden" });
	await mia.page.locator(".thread-head").getByRole("button", { name: t("thread.close") }).waitFor();
	await until("the row's change", () => changes.held.length > 0);
	changes.pass();
	await mia.page.locator("#list .pane-head").filter({ hasText: t("view.mine") }).waitFor();
	assert.equal(await mia.page.getByText(like("handed")).count(), 0, "nobody handed it over");
});

scene("the way it took is one press away in the thread", async () => {
	await thread(mia.page).getByRole("button", { name: like("thread.events") }).click();
	await thread(mia.page).getByText(t("sys.released.away", { name: "Mia" })).waitFor();
	await thread(mia.page).getByText(t("sys.offered", { name: "Ben" })).waitFor();
});

scene("P36: of two who want one conversation one gets it, the other reads the winner's name", async () => {
	// Mia's console learns late what Ben did: only answers to her own commands come through at once.
	let late = false;
	const news = await holdsBack(mia.page, (f) => late && !("re" in f));
	await mia.page.reload();
	await status(mia.page, "available").waitFor();
	await goTo(mia.page, "incoming");
	const pim = await visitor("Pim", "/support/orders", "Do you ship to Malta?");
	const claim = waiting(mia.page, "Do you ship to Malta?").getByRole("button", { name: t("list.claim_of", { name: "Pim" }) });
	await claim.waitFor();
	await offer(ben.page).getByText("Do you ship to Malta?").waitFor();
	late = true;
	await accept(ben.page);
	await log(pim).getByText(t("line.claimed", { name: "Ben" })).waitFor();
	await claim.click();
	await mia.page.getByText(t("error.already_claimed", { name: "Ben" })).waitFor();
	await claim.waitFor({ state: "hidden" });
	assert.equal(await mia.page.locator(".be-button").getByText(t("seats", { n: 1, max: 3 })).count(), 1, "the loser keeps no seat");
	news.pass();
	assert.equal(await log(pim).getByText(t("line.claimed", { name: "Mia" })).count(), 0);
});

scene("P36: a missed ring goes to the next, and whoever missed it takes assignments only until he says that he is back", async () => {
	await admin.change("accounts", () => ({ ring_s: 10, missed_s: 3600 }));
	await be(mia.page, "assign_only");
	sol = await onDuty(s, "sol", "sol@shop.example"); // nobody is less loaded
	await visitor("Old", "/support/accounts", "The older question");
	await offer(sol.page).getByText("The older question").waitFor();
	await admin.change("accounts", () => ({ ring_s: 120 })); // the next ring lasts as long as this test needs
	await status(sol.page, "assign_only").waitFor(PATIENT);
	await offer(sol.page).waitFor({ state: "hidden" });
	await offer(ben.page).getByText("The older question").waitFor(PATIENT);
	await waiting(sol.page, "The older question").getByText(t("list.rings", { name: "Ben" })).waitFor();
	await sol.page.locator(".be-button").click();
	await sol.page.getByText(t("be.paused.ring")).waitFor();
	await button(sol.page, "be.back").waitFor();
	await sol.page.keyboard.press("Escape");
}, 150);

scene("P42: an agent who is back is offered the oldest waiting conversation, as long as he has a seat", async () => {
	await visitor("New", "/support/accounts", "The newer question");
	await waiting(sol.page, "The newer question").waitFor();
	await be(ben.page, "assign_only"); // his rings end, both go on waiting
	await offer(ben.page).waitFor({ state: "hidden" });
	await seats("sol@shop.example", 1);
	assert.equal(await offer(sol.page).count(), 0, "paused: nothing rings");
	await sol.page.locator(".be-button").click();
	await button(sol.page, "be.back").click();
	await status(sol.page, "available").waitFor();
	await offer(sol.page).getByText("The older question").waitFor();
	await waiting(sol.page, "The older question").getByText(t("list.rings_you")).waitFor();
	assert.equal(await waiting(sol.page, "The newer question").getByText(t("list.rings_you")).count(), 0, "one seat, one ring");
	await accept(sol.page);
	await thread(sol.page).getByText("The older question").waitFor();
	await goTo(sol.page, "incoming");
	await waiting(sol.page, "The newer question").waitFor();
	assert.equal(await offer(sol.page).count(), 0, "no seat, no ring");
});

scene("P40: a chat that nobody takes in time leaves Incoming and stands in Missed as one ticket; the visitor reads its number", async () => {
	await admin.change("accounts", () => ({ missed_s: 10 }));
	await be(ben.page, "available");
	await goTo(ben.page, "incoming");
	const f = await visitor("Late", "/support/accounts", "Nobody hears this one");
	await waiting(ben.page, "Nobody hears this one").waitFor();
	const line = log(f).getByText(like("line.missed"));
	await line.waitFor(PATIENT);
	const number = /\d+/.exec((await line.textContent()) ?? "")?.[0];
	await waiting(ben.page, "Nobody hears this one").waitFor({ state: "hidden" });
	await goTo(ben.page, "missed");
	const row = ben.page.locator("[data-row]").filter({ hasText: "Nobody hears this one" });
	await row.getByText(`#${number}`, { exact: true }).waitFor();
	assert.equal(await row.count(), 1, "exactly one ticket");
	assert.equal(await line.count(), 1, "told once");
}, 120);
