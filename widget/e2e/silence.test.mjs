// Networks that fall silent without a word: held bytes, lost bytes, lost answers, and a gateway killed in mid-stream.
import { strict as assert } from "node:assert";
import { connect, createServer } from "node:net";
import { after } from "node:test";
import { Staff } from "./kit/api.mjs";
import { accept, log, onDuty, replies, startChat, t, thread, visit, writes } from "./kit/people.mjs";
import { addressOf, Demo, freePort, until } from "./kit/server.mjs";
import { suite, World } from "./kit/world.mjs";

/** A line to the gateway for one browser: it passes bytes, holds them, loses them, or loses the answers only. */
class Line {
	mode = "pass";
	opened = 0;
	#pairs = new Set();
	#held = [];
	/** Switches of the browser that make it go over this line. */
	args = [""];
	server = createServer();

	/** @param {number} port the gateway's */
	static async to(port) {
		const l = new Line();
		l.server.on("connection", (a) => l.#join(a, connect(port, "127.0.0.1")));
		l.server.unref();
		await new Promise((done) => l.server.listen(0, "127.0.0.1", () => done(undefined)));
		l.args = [`--host-resolver-rules=MAP localhost:${port} 127.0.0.1:${addressOf(l.server).port}`];
		return l;
	}

	#join(a, b) {
		this.opened++;
		this.#pairs.add(a).add(b);
		for (const [from, to, answer] of [[a, b, false], [b, a, true]]) {
			from.on("data", (d) => this.#pass(to, d, answer));
			from.on("error", () => undefined);
			from.on("close", () => {
				this.#pairs.delete(from);
				to.destroy();
			});
		}
	}

	#pass(to, d, answer) {
		if (this.mode === "pass") to.write(d);
		else if (this.mode === "hold") this.#held.push([to, d]);
		else if (this.mode === "deaf" && !answer) to.write(d);
	}

	/** What was held goes on; what was lost stays lost, and so do connections that lost something: they hang. */
	recover() {
		if (this.mode === "hold") for (const [to, d] of this.#held.splice(0)) to.writable && to.write(d);
		else for (const x of this.#pairs) x.removeAllListeners("data").resume();
		this.mode = "pass";
	}

	end() {
		for (const x of this.#pairs) x.destroy();
		this.server.close();
	}
}

const port = await freePort();
const lines = [await Line.to(port), await Line.to(port)];
const s = suite({ demo: { port }, args: lines[0].args });
const { scene } = s;
let office; // the agent's browser, on a line of its own
let mia;
let noor;
let f;
after(async () => {
	await office?.end();
	for (const l of lines) l.end();
});

const warning = (at) => at.getByText(t("trouble.offline"));
/** The words of a round as they stand in a window, each a name, a round and a number. */
const words = async (at, round) => (await at.innerText()).match(new RegExp(`\\b[vm]${round}-\\d+\\b`, "g")) ?? [];
/** Each word once, each writer's in order, and the same line in both windows. */
async function settled(round, n) {
	const mine = log(f);
	const hers = thread(mia.page);
	await until(`round ${round} in both windows`, async () => {
		const [a, b] = [await words(mine, round), await words(hers, round)];
		return a.length >= 2 * n && b.length >= 2 * n;
	}, 90);
	await f.getByText(t("state.waiting")).waitFor({ state: "hidden" });
	await until(`round ${round} at rest`, async () => String(await words(mine, round)) === String(await words(hers, round)));
	const all = await words(mine, round);
	for (const who of ["v", "m"]) {
		assert.deepEqual(all.filter((w) => w[0] === who), Array.from({ length: n }, (_, i) => `${who}${round}-${i}`));
	}
	office.quiet();
}
const says = {
	v: (round, i) => writes(f, `v${round}-${i}`),
	m: (round, i) => replies(mia.page, `m${round}-${i}`),
};
// After how long it says so, and after how long it gives up, is kit/socket.test.ts's matter: there time is virtual.
const warned = (at) => warning(at).waitFor();

scene("two people talk, each over a line of their own", async () => {
	office = await World.start(lines[1].args);
	mia = await onDuty({ demo: s.demo, world: office }, "mia", "mia@shop.example");
	noor = await s.world.person("noor");
	f = await visit(s.demo, noor);
	await startChat(f, "Hello");
	await accept(mia.page);
	for (let i = 0; i < 3; i++) {
		await says.v(0, i);
		await says.m(0, i);
	}
	await settled(0, 3);
	assert.ok(lines[0].opened > 0 && lines[1].opened > 0, "both lines are used");
});

scene("the visitor's line holds all bytes: a yellow line, typing goes on, the same connection carries on", async () => {
	const sockets = [];
	noor.page.on("websocket", (w) => sockets.push(w.url()));
	lines[0].mode = "hold";
	await says.v(1, 0);
	await warned(f);
	// Quickly now: after 15 s without an answer the connection is given up.
	const box = f.getByRole("textbox", { name: t("chat.write") });
	await box.fill("half a sentence");
	assert.equal(await box.inputValue(), "half a sentence");
	await Promise.all([
		says.v(1, 1).then(() => says.v(1, 2)),
		says.m(1, 0).then(() => says.m(1, 1)).then(() => says.m(1, 2)),
	]);
	await f.getByText(t("state.waiting")).first().waitFor();
	assert.equal(await warning(mia.page).count(), 0, "the agent's line is fine");
	assert.deepEqual((await words(thread(mia.page), 1)).filter((w) => w[0] === "v"), [], "nothing passed");
	lines[0].recover();
	await settled(1, 3);
	await warning(f).waitFor({ state: "hidden" });
	assert.deepEqual(sockets, []);
}, 90);

scene("two connections hang for ever: the visitor's loses all, the agent's only the answers; new ones come by themselves, each message is stored once", async () => {
	const staff = await Staff.in(s.demo.gateway, "mia@shop.example");
	const { conversations } = await staff.call("GET", "/v1/conversations?view=mine");
	const stored = async () => {
		const { events } = await staff.call("GET", `/v1/conversations/${conversations[0].id}/events?limit=200`);
		return events.filter((e) => e.ev === "message.created").map((e) => e.data.text).filter((x) => /^[vm]2-/.test(x));
	};
	lines[0].mode = "lose";
	lines[1].mode = "deaf";
	await Promise.all([says.v(2, 0), says.m(2, 0)]);
	await Promise.all([warned(f), warned(mia.page)]);
	await until("the agent's first one in the store", async () => (await stored()).length > 0);
	for (let i = 1; i < 3; i++) await Promise.all([says.v(2, i), says.m(2, i)]);
	assert.deepEqual(await stored(), ["m2-0"], "stored, and never acknowledged");
	for (const l of lines) l.recover();
	await settled(2, 3);
	assert.deepEqual((await stored()).sort(), ["m2-0", "m2-1", "m2-2", "v2-0", "v2-1", "v2-2"]);
	for (const at of [f, mia.page]) await warning(at).waitFor({ state: "hidden" });
}, 90);

scene("the gateway is killed in mid-stream, twice: each message once, in one order for both", async () => {
	for (const round of [3, 4]) {
		for (let i = 0; i < 4; i++) await Promise.all([says.v(round, i), says.m(round, i)]);
		await s.demo.stop("SIGKILL");
		for (let i = 4; i < 7; i++) await Promise.all([says.v(round, i), says.m(round, i)]);
		s.demo = await Demo.start({ data: s.demo.data, port: s.demo.port, shopPort: s.demo.shopPort });
		await settled(round, 7);
	}
	await noor.page.reload();
	await noor.page.getByRole("button", { name: t("launcher.open") }).click();
	await f.getByRole("button", { name: new RegExp(`^${t("home.open")}`) }).click();
	await log(f).getByText("m4-6").waitFor();
	for (const [round, n] of [3, 3, 3, 7, 7].entries()) {
		const all = await words(log(f), round);
		assert.equal(all.length, 2 * n, `round ${round} after a reload: ${all}`);
		assert.equal(new Set(all).size, 2 * n);
	}
}, 120);
