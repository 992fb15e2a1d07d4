// The gateway is killed and comes back; the network swallows bytes: nothing is lost, nothing is double.
import { strict as assert } from "node:assert";
import { accept, log, onDuty, replies, startChat, t, thread, visit, writes } from "./kit/people.mjs";
import { after } from "node:test";
import { proxy } from "./kit/proxy.mjs";
import { Demo, freePort, until } from "./kit/server.mjs";
import { panel, suite } from "./kit/world.mjs";

// The browsers reach the gateway's port through the proxy.
const port = await freePort();
const net = await proxy([port]);
after(() => net.stop());
const s = suite({ demo: { port }, args: [`--host-resolver-rules=MAP localhost:${port} 127.0.0.1:${net.port}`] });
const { scene } = s;
let mia;
let noor;
let f;

/** The numbered messages of a log, in the order in which they stand there. */
const numbers = async (at, mark) => (await at.innerText()).match(new RegExp(`${mark}\\d+`, "g")) ?? [];
async function all(at, mark, n) {
	const wanted = Array.from({ length: n }, (_, i) => `${mark}${i}`);
	await until(`${mark}0 to ${mark}${n - 1}`, async () => new Set(await numbers(at, mark)).size === n, 90);
	assert.deepEqual(await numbers(at, mark), wanted, "each once and in order");
}

scene("kill -9 while both write: after the restart every message is there once, in order, in both windows", async () => {
	mia = await onDuty(s, "mia", "mia@shop.example");
	noor = await s.world.person("noor");
	f = await visit(s.demo, noor);
	await startChat(f, "Hello");
	await accept(mia.page);
	for (let i = 0; i < 3; i++) {
		await writes(f, `visitor${i}`);
		await replies(mia.page, `agent${i}`);
	}
	await s.demo.stop("SIGKILL");
	for (let i = 3; i < 7; i++) {
		await writes(f, `visitor${i}`);
		await replies(mia.page, `agent${i}`);
	}
	await f.getByText(t("trouble.offline")).waitFor();
	await f.getByText(t("state.waiting")).first().waitFor();
	s.demo = await Demo.start({ data: s.demo.data, port: s.demo.port, shopPort: s.demo.shopPort });
	const here = log(f);
	const there = thread(mia.page);
	for (const at of [here, there]) {
		await all(at, "visitor", 7);
		await all(at, "agent", 7);
	}
	await f.getByText(t("trouble.offline")).waitFor({ state: "hidden" });
	await noor.page.reload();
	await noor.page.getByRole("button", { name: t("launcher.open") }).click();
	f = panel(noor.page);
	await f.getByRole("button", { name: new RegExp(`^${t("home.open")}`) }).click();
	await all(log(f), "visitor", 7);
	await all(log(f), "agent", 7);
}, 100);

scene("the network swallows every byte until both sides say so: what was written meanwhile arrives once, in order", async () => {
	await writes(f, "before0");
	await thread(mia.page).getByText("before0").waitFor();
	net.silence();
	for (let i = 0; i < 4; i++) {
		await writes(f, `deaf${i}`);
		await replies(mia.page, `mute${i}`);
	}
	for (const at of [f, mia.page]) await at.getByText(t("trouble.offline")).waitFor();
	assert.equal((await numbers(thread(mia.page), "deaf")).length, 0, "nothing passed");
	net.hear();
	for (const at of [log(f), thread(mia.page)]) {
		await all(at, "deaf", 4);
		await all(at, "mute", 4);
	}
}, 90);

scene("what waits to be sent survives the end of the page, and arrives once, in order", async () => {
	net.silence();
	for (let i = 0; i < 3; i++) await writes(f, `kept${i}`);
	await f.getByText(t("state.waiting")).first().waitFor();
	const shop = noor.page.url();
	await noor.page.goto("about:blank");
	net.hear();
	await noor.page.goto(shop);
	await noor.page.getByRole("button", { name: t("launcher.open") }).click();
	f = panel(noor.page);
	await f.getByRole("button", { name: new RegExp(`^${t("home.open")}`) }).click();
	for (const at of [log(f), thread(mia.page)]) await all(at, "kept", 3);
}, 90);

scene("a second tab keeps what it wrote too, while the first one is still there", async () => {
	const page = await noor.context.newPage();
	const shop = noor.page.url();
	const open = async () => {
		await page.goto(shop);
		await page.getByRole("button", { name: t("launcher.open") }).click();
		const p = panel(page);
		await p.getByRole("button", { name: new RegExp(`^${t("home.open")}`) }).click();
		return p;
	};
	const second = await open();
	await all(log(second), "kept", 3);
	net.silence();
	for (let i = 0; i < 3; i++) await writes(second, `second${i}`);
	await second.getByText(t("state.waiting")).first().waitFor();
	await page.goto("about:blank");
	net.hear();
	const again = await open();
	for (const at of [log(again), log(f), thread(mia.page)]) await all(at, "second", 3);
	await page.close();
}, 90);
