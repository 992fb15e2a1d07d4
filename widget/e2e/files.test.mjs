// Files from the visitor: pasted, dropped, chosen; their progress, a cancelled upload, what is too large (P05).
import { strict as assert } from "node:assert";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after } from "node:test";
import { accept, button, log, onDuty, startChat, t, thread, visit, writes } from "./kit/people.mjs";
import { proxy } from "./kit/proxy.mjs";
import { folder, freePort, until } from "./kit/server.mjs";
import { suite, World } from "./kit/world.mjs";

// The visitor's browser reaches the gateway through a proxy that can stop his bytes; the agent's does not.
const port = await freePort();
const net = await proxy([port]);
const s = suite({ demo: { port }, args: [`--host-resolver-rules=MAP localhost:${port} 127.0.0.1:${net.port}`] });
const { scene } = s;
const MiB = 1 << 20;
let office;
let mia;
let noor;
let f;
after(async () => {
	await office?.end();
	await net.stop();
});

/** A text file of a size. */
function file(name, size) {
	const path = join(folder(), name);
	writeFileSync(path, Buffer.alloc(size, "tea "));
	return path;
}
const pick = (files) => f.locator("input[type=file]").setInputFiles(files);
const row = (name) => f.locator(".up").filter({ hasText: name });
const send = () => button(f, "chat.send").click();

scene("a picture is pasted into the field, and goes with the words beside it", async () => {
	office = await World.start();
	mia = await onDuty({ demo: s.demo, world: office }, "mia", "mia@shop.example");
	noor = await s.world.person("noor");
	await noor.context.grantPermissions(["clipboard-read", "clipboard-write"]);
	f = await visit(s.demo, noor);
	await startChat(f, "Hello");
	await accept(mia.page);
	await noor.page.evaluate(async () => {
		const c = document.createElement("canvas");
		c.width = c.height = 8;
		c.getContext("2d")?.fillRect(0, 0, 8, 8);
		const blob = await new Promise((done) => c.toBlob(done, "image/png"));
		await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
	});
	const box = f.getByRole("textbox", { name: t("chat.write") });
	await box.focus();
	await noor.page.keyboard.press("Control+V");
	await row("image.png").waitFor();
	await box.fill("This is the tin");
	await send();
	await log(f).getByRole("img", { name: "image.png" }).waitFor();
	await thread(mia.page).getByText("image.png").or(thread(mia.page).getByRole("img", { name: /image\.png/ })).first().waitFor();
	await thread(mia.page).getByText("This is the tin").waitFor();
	assert.equal(await row("image.png").count(), 0);
});

scene("files dropped on the conversation, wherever in it, are taken; the panel stays", async () => {
	const cdp = await noor.context.newCDPSession(noor.page);
	const paths = [file("one.txt", 100), file("two.txt", 200)];
	const box = await log(f).boundingBox();
	assert.ok(box);
	const at = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
	for (const type of ["dragEnter", "dragOver", "drop"]) {
		await cdp.send("Input.dispatchDragEvent", { type, ...at, data: { items: [], files: paths, dragOperationsMask: 1 } });
	}
	for (const name of ["one.txt", "two.txt"]) await row(name).waitFor();
	await send();
	for (const name of ["one.txt", "two.txt"]) {
		await log(f).getByText(name).waitFor();
		await thread(mia.page).getByText(name).waitFor();
	}
});

scene("a running upload shows how far it is and can be cancelled by keys; nothing of it is sent, the next one arrives", async () => {
	const path = file("catalogue.txt", 3 * MiB);
	net.pinch(1.4 * MiB); // the first of three parts passes, the second one stops on its way
	await pick(path);
	await row("catalogue.txt").filter({ hasText: t("chat.uploading", { name: "catalogue.txt", percent: 33 }) }).waitFor();
	const box = f.getByRole("textbox", { name: t("chat.write") });
	await box.fill("Our catalogue");
	assert.ok(await button(f, "chat.send").isDisabled(), "what is on its way cannot be sent yet");
	await box.press("Enter");
	assert.equal(await box.inputValue(), "Our catalogue");
	await row("catalogue.txt").getByRole("button", { name: t("chat.cancel") }).focus();
	await noor.page.keyboard.press("Enter");
	await row("catalogue.txt").waitFor({ state: "hidden" });
	await until("the focus in the field", () => box.evaluate((e) => e === document.activeElement));
	assert.equal((await f.locator(".write [role=alert]").textContent()).trim(), "", "who cancels is not told of an error");
	net.flow();
	await box.press("Enter");
	await thread(mia.page).getByText("Our catalogue").waitFor();
	assert.equal(await log(f).getByText("catalogue.txt").count(), 0);
	await pick(path);
	await until("the way to send", () => button(f, "chat.send").isEnabled());
	await send();
	await thread(mia.page).getByText("catalogue.txt").waitFor();
	assert.equal(await log(f).getByText("catalogue.txt").count(), 1);
});

scene("more than 20 MB, and nothing at all, are refused in words before a byte goes up; the rest of the choice is taken", async () => {
	const asked = [];
	noor.page.on("request", (r) => r.method() !== "GET" && asked.push(r));
	await pick([file("film.txt", 20 * MiB + 1)]);
	await f.getByRole("alert").filter({ hasText: t("chat.big", { name: "film.txt", mb: 20 }) }).waitFor();
	await pick([file("empty.txt", 0)]);
	await f.getByRole("alert").filter({ hasText: t("error.invalid") }).waitFor();
	assert.deepEqual(asked.map((r) => r.url()), []);
	await pick([file("film.txt", 20 * MiB + 1), file("note.txt", 10)]);
	await row("note.txt").waitFor();
	await f.getByRole("alert").filter({ hasText: t("chat.big", { name: "film.txt", mb: 20 }) }).waitFor();
	assert.equal(await row("film.txt").count(), 0);
	await row("note.txt").getByRole("button", { name: t("chat.cancel") }).click();
	await writes(f, "Too large, it seems");
	await thread(mia.page).getByText("Too large, it seems").waitFor();
});

scene("a file dropped where no conversation is open does not take the panel's place", async () => {
	await button(f, "panel.back").click();
	const search = f.getByRole("searchbox");
	await search.waitFor();
	const cdp = await noor.context.newCDPSession(noor.page);
	const box = await search.boundingBox();
	for (const type of ["dragEnter", "dragOver", "drop"]) {
		await cdp.send("Input.dispatchDragEvent", { type, x: box.x + 20, y: box.y + 200, data: { items: [], files: [file("lost.txt", 10)], dragOperationsMask: 1 } });
	}
	await search.fill("delivery");
	await f.getByRole("heading", { name: t("home.results") }).waitFor();
	await f.getByRole("button", { name: new RegExp(`^${t("home.open")}`) }).click();
	await log(f).getByText("Too large, it seems").waitFor();
	assert.equal(await row("lost.txt").count(), 0);
});
