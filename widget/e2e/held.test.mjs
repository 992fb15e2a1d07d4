// What the leak guard holds, in the agent's and the supervisor's console (P114).
import { strict as assert } from "node:assert";
import { accept, log, onDuty, replies, startChat, t, thread, visit } from "./kit/people.mjs";
import { axe, suite } from "./kit/world.mjs";

const s = suite();
const { scene } = s;
const card = "Your card is 4111 1111 1111 1111";
let mia;
let sam;
let f;

const composer = (page) => page.getByRole("textbox", { name: t("composer.write") });
const held = (page) => page.getByRole("region", { name: t("held.label") });

scene("a held message shows its kind and reaches nobody; Edit puts its words back and erases it", async () => {
	mia = await onDuty(s, "mia", "mia@shop.example");
	f = await visit(s.demo, await s.world.person("visitor"));
	await startChat(f, "Which card did I pay with?", { name: "Noor" });
	await accept(mia.page);
	await replies(mia.page, card);
	await held(mia.page).getByText(t("held.card")).waitFor();
	await held(mia.page).getByText(card).waitFor();
	await axe(mia.page, "console-held");
	await replies(mia.page, "I cannot read that to you");
	await log(f).getByText("I cannot read that to you").waitFor();
	assert.equal(await log(f).getByText("4111").count(), 0);
	await held(mia.page).getByRole("button", { name: t("held.edit") }).click();
	await held(mia.page).waitFor({ state: "hidden" });
	assert.equal(await composer(mia.page).inputValue(), card);
	await composer(mia.page).fill("");
});

scene("a key is stopped and kept nowhere, but its words come back to their author", async () => {
	const key = "use sk_live_9aB8cD7eF6gH5iJ4kL3m";
	await replies(mia.page, key);
	await thread(mia.page).getByText(t("sys.blocked", { who: "Mia" })).waitFor();
	await mia.page.waitForFunction(([id, text]) => {
		const field = document.getElementById(id);
		return field instanceof HTMLTextAreaElement && field.value === text;
	}, ["composer", key]);
	assert.equal(await held(mia.page).count(), 0);
	await composer(mia.page).fill("");
});

scene("a supervisor reads it, says why, and sends it; Mia's third hold stops the gate here", async () => {
	await replies(mia.page, "The depot is at 1742 Maple Hollow Drive");
	await held(mia.page).getByText(t("held.address")).waitFor();
	assert.equal(await held(mia.page).getByRole("button", { name: t("held.release") }).count(), 0);
	await thread(mia.page).getByText(t("sys.frozen.held")).waitFor();
	sam = await onDuty(s, "sam", "sam@shop.example", "assign_only");
	await sam.page.keyboard.press("Control+k");
	const palette = sam.page.getByRole("dialog", { name: t("palette.title") });
	await palette.getByRole("combobox").fill("Which card did");
	await palette.getByRole("option", { name: /Noor/ }).first().click();
	await held(sam.page).getByText("The depot is at 1742 Maple Hollow Drive").waitFor();
	await held(sam.page).getByRole("button", { name: t("held.release") }).click();
	const d = sam.page.getByRole("dialog", { name: t("held.release.title") });
	await axe(sam.page, "console-release");
	await d.getByLabel(t("held.reason")).fill("It is our own depot");
	await d.getByRole("button", { name: t("held.release.go") }).click();
	await log(f).getByText("The depot is at 1742 Maple Hollow Drive").waitFor();
	await held(mia.page).waitFor({ state: "hidden" });
	await thread(mia.page).getByText(t("sys.let", { who: "Sam", reason: "It is our own depot" })).waitFor();
});
