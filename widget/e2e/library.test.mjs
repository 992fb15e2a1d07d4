// Files before a proof: only the public library's go (P114); a visitor's own file loses its sign-in data (P137).
import { strict as assert } from "node:assert";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { accept, button, log, onDuty, signIn, startChat, t, thread, visit } from "./kit/people.mjs";
import { folder } from "./kit/server.mjs";
import { axe, shot, suite } from "./kit/world.mjs";

const s = suite();
const { scene } = s;
let ada;
let mia;
let f;

/** A file of ours with a content. */
function file(name, text) {
	const path = join(folder(), name);
	writeFileSync(path, text);
	return path;
}
const held = (page) => page.getByRole("region", { name: t("held.label") });
const send = () => button(mia.page, "composer.send").click();

scene("an admin fills the library", async () => {
	ada = await s.world.person("ada");
	await signIn(s.demo, ada, "ada@shop.example", "admin");
	await ada.page.goto(`${s.demo.admin}#/library`);
	await ada.page.getByText(t("a.library.none"), { exact: true }).waitFor();
	await axe(ada.page, "admin-library-empty");
	await ada.page.locator("input[type=file]").setInputFiles(file("returns.txt", "How to return a tin"));
	await ada.page.getByRole("cell", { name: "returns.txt", exact: true }).waitFor();
	await axe(ada.page, "admin-library");
	await shot(ada.page, "admin-library");
});

scene("an agent's own file waits for a login, one of the library arrives", async () => {
	mia = await onDuty(s, "mia", "mia@shop.example");
	const noor = await s.world.person("visitor");
	f = await visit(s.demo, noor);
	await startChat(f, "How do I return a tin?", { name: "Noor" });
	await accept(mia.page);
	await mia.page.locator(".writer input[type=file]").setInputFiles(file("mine.txt", "from my desk"));
	await button(mia.page, "composer.remove", { name: "mine.txt" }).waitFor();
	await mia.page.locator(".writer progress").waitFor({ state: "detached" });
	await send();
	await held(mia.page).getByText(t("held.file")).waitFor();
	await shot(mia.page, "console-held-file");
	await button(mia.page, "composer.library").click();
	await mia.page.getByRole("menuitem", { name: /returns\.txt/ }).waitFor();
	await axe(mia.page, "console-library");
	await shot(mia.page, "console-library");
	await mia.page.getByRole("menuitem", { name: /returns\.txt/ }).click();
	await button(mia.page, "composer.remove", { name: "returns.txt" }).waitFor();
	await send();
	await log(f).getByText("returns.txt").waitFor();
	assert.equal(await log(f).getByText("mine.txt").count(), 0);
	const saved = noor.page.waitForEvent("download");
	await log(f).getByText("returns.txt").click();
	assert.equal((await saved).suggestedFilename(), "returns.txt");
});

scene("a cookie in the visitor's file is gone before anybody reads it, and both sides are told", async () => {
	const har = JSON.stringify({ headers: [{ name: "Cookie", value: "sid=0123456789" }] });
	await f.locator("input[type=file]").setInputFiles(file("site.txt", har));
	await f.locator(".up").filter({ hasText: "site.txt" }).waitFor();
	await button(f, "chat.send").click();
	await log(f).getByText(t("chat.scrubbed")).waitFor();
	await thread(mia.page).getByText(t("file.scrubbed", { n: 1 })).waitFor();
	await axe(mia.page, "console-scrubbed");
	await shot(mia.page, "console-scrubbed");
});
