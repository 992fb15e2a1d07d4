// Two gateways over a real Redis and a real PostgreSQL, behind a proxy: the visitor on one, the agent on the other (P131).
import { strict as assert } from "node:assert";
import { spawnSync } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { chownSync, existsSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before } from "node:test";
import { accept, be, button, goTo, like, log, openPanel, password, replies, startChat, t, thread, writes } from "./kit/people.mjs";
import { proxy } from "./kit/proxy.mjs";
import { binary, folder, freePort, Process } from "./kit/server.mjs";
import { suite } from "./kit/world.mjs";

const s = suite({ demo: false });
const { scene } = s;
const started = [];
/** @param {ConstructorParameters<typeof Process>} a */
const run = (...a) => {
	const p = new Process(...a);
	started.unshift(p);
	return p;
};
let front;
let url;
let host;
let ports;
let link;
let agent; // the first admin, who answers too

/** Where Debian and Ubuntu keep what is not on PATH. */
function postgresBin(name) {
	const root = "/usr/lib/postgresql";
	for (const v of existsSync(root) ? readdirSync(root).sort().reverse() : []) {
		if (existsSync(join(root, v, "bin", name))) return join(root, v, "bin", name);
	}
	return name;
}
/** PostgreSQL refuses to run as root: then it runs as its own user. */
function unprivileged() {
	if (process.getuid?.() !== 0) return {};
	const id = (flag) => Number(spawnSync("id", [flag, "postgres"], { encoding: "utf8" }).stdout);
	return { uid: id("-u"), gid: id("-g") };
}
async function postgres() {
	const dir = folder();
	const as = unprivileged();
	if (as.uid) chownSync(dir, as.uid, as.gid);
	const data = join(dir, "data");
	const o = { ...as, cwd: dir, env: { ...process.env, LC_ALL: "C", HOME: dir } };
	const made = spawnSync(postgresBin("initdb"), ["-D", data, "-U", "postern", "-A", "trust", "-E", "UTF8", "--locale=C"], { ...o, encoding: "utf8" });
	assert.equal(made.status, 0, `initdb: ${made.error ?? made.stderr}`);
	const port = await freePort();
	const p = run(postgresBin("postgres"), ["-D", data, "-h", "127.0.0.1", "-p", String(port), "-k", dir, "-c", "max_connections=120"], o);
	await p.ready("postgres", (l) => l.includes("ready to accept connections"));
	return `postgres://postern@127.0.0.1:${port}/postgres?sslmode=disable`;
}
async function redis() {
	const port = await freePort();
	const p = run("redis-server", ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder()]);
	await p.ready("redis", (l) => l.includes("Ready to accept connections"));
	return `redis://127.0.0.1:${port}`;
}

before(async () => {
	const [bin, database, bus] = await Promise.all([binary(), postgres(), redis()]);
	const keys = folder();
	writeFileSync(join(keys, "secret"), randomBytes(48).toString("base64"), { mode: 0o600 });
	const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
	writeFileSync(join(keys, "signing.pem"), privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
	ports = [await freePort(), await freePort()];
	front = await proxy(ports);
	url = `http://localhost:${front.port}`;
	const env = {
		...process.env,
		POSTERN_DATABASE_URL: database,
		POSTERN_REDIS_URL: bus,
		POSTERN_PUBLIC_URL: url,
		POSTERN_SIGNING_KEY_FILE: join(keys, "signing.pem"),
		POSTERN_SECRET_FILE: join(keys, "secret"),
	};
	for (const port of ports) {
		const node = run(bin, ["serve", "--listen", `127.0.0.1:${port}`, "--data", folder()], { env });
		await node.ready("postern serve", async () => (await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined))?.ok);
	}
	const added = spawnSync(bin, ["agent", "add", "root@site.test", "--role", "admin", "--name", "Root", "--data", folder()], { env, encoding: "utf8" });
	link = /http\S+/.exec(added.stdout)?.[0];
	assert.ok(link, added.stderr);
	host = createServer((_, r) => {
		r.writeHead(200, { "Content-Type": "text/html" });
		r.end(`<!doctype html><html lang="en"><title>Host</title><main><h1>Host</h1></main><script async src="${url}/widget/loader.js" data-mailbox="help"></script>`);
	});
	await new Promise((done) => host.listen(0, "127.0.0.1", done));
});
after(async () => {
	host?.close();
	for (const p of started) await p.stop(p.log.includes("postgres") ? "SIGINT" : "SIGTERM");
	await front?.stop();
});

scene("the first admin comes in by the link of `postern agent add` and makes a mailbox", async () => {
	const root = await s.world.person("root");
	agent = root;
	await root.page.goto(link);
	await root.page.getByLabel(t("password.new")).fill(password);
	await root.page.getByLabel(t("password.again")).fill(password);
	await root.page.getByRole("button", { name: t("password.go") }).click();
	await root.page.locator(".be-button").waitFor();
	const origin = `http://127.0.0.1:${host.address().port}`;
	const made = await root.page.evaluate(async (origin) => {
		const call = (method, path, body) =>
			fetch(path, { method, headers: { "X-Postern": "1", "Content-Type": "application/json" }, body: body && JSON.stringify(body) }).then((r) => r.json());
		const me = (await call("GET", "/v1/me")).agent;
		const box = { slug: "help", name: "Help", address: "help@site.test", origins: [origin], zone: "UTC", ring_s: 30, missed_s: 60, color: "", greeting: "", signature: "", host: "", fields: [] };
		const answer = await call("POST", "/v1/mailboxes", box);
		const members = answer.mailbox && (await call("PUT", `/v1/mailboxes/${answer.mailbox.id}/members`, { agents: [me.id] }));
		return { answer, members };
	}, origin);
	assert.ok(made.answer.mailbox, JSON.stringify(made));
});

scene("P131: the visitor on node 1 and the agent on node 2 find each other and talk, with states and typing", async () => {
	front.sendTo(1);
	await agent.page.goto(`${url}/console`);
	await agent.page.locator(".be-button").waitFor();
	await be(agent.page, "available");
	const p = await s.world.person("visitor");
	front.sendTo(0);
	await p.page.goto(`http://127.0.0.1:${host.address().port}`);
	const before = front.used[0];
	const f = await openPanel(p.page);
	await button(f, "home.talk").waitFor();
	assert.ok(front.used[0] > before, "the panel is on node 1");
	await startChat(f, "Across the nodes");
	await accept(agent.page);
	await thread(agent.page).getByText("Across the nodes").waitFor();
	for (let i = 0; i < 5; i++) {
		await writes(f, `there${i}`);
		await replies(agent.page, `back${i}`);
	}
	await thread(agent.page).getByText("there4").waitFor();
	await log(f).getByText("back4").waitFor();
	await log(f).getByText(t("state.read")).last().waitFor();
	await f.getByRole("textbox", { name: t("chat.write") }).pressSequentially("well, well", { delay: 150 });
	await agent.page.getByText(t("thread.types.visitor")).first().waitFor();
	await agent.page.getByRole("textbox", { name: t("composer.write") }).pressSequentially("yes, yes", { delay: 200 });
	await f.getByText(t("chat.typing", { name: "Root" })).waitFor();
	assert.deepEqual((await thread(agent.page).innerText()).match(/there\d/g), ["there0", "there1", "there2", "there3", "there4"]);
	assert.deepEqual((await log(f).innerText()).match(/back\d/g), ["back0", "back1", "back2", "back3", "back4"]);
});

scene("a ticket made on node 1 stands in the console on node 2, and its answer in the panel on node 1", async () => {
	front.sendTo(0);
	const p = await s.world.person("late");
	await p.page.goto(`http://127.0.0.1:${host.address().port}`);
	const f = await openPanel(p.page);
	await button(f, "home.talk").waitFor();
	await be(agent.page, "unavailable");
	await f.getByText(t("home.nobody")).waitFor();
	await button(f, "home.leave").click();
	await f.getByLabel(t("form.text")).fill("Nobody here tonight?");
	await button(f, "form.send").click();
	const line = log(f).getByText(like("line.ticket")).first();
	await line.waitFor();
	const number = /\d+/.exec((await line.textContent()) ?? "")?.[0] ?? "";
	assert.ok(number, "the line names the ticket");
	await goTo(agent.page, "missed");
	const row = agent.page.locator("[data-row]").filter({ hasText: "Nobody here tonight?" });
	await row.waitFor();
	assert.match(await row.textContent(), new RegExp(`#${number}`));
	await row.click();
	await thread(agent.page).getByText("Nobody here tonight?").waitFor();
	const claim = agent.page.locator(".thread-head").getByRole("button", { name: t("list.claim") });
	if (await claim.isVisible()) await claim.click();
	const box = agent.page.getByRole("textbox", { name: t("composer.write") });
	await box.fill("In the morning there is.");
	await box.press("Control+Shift+Enter");
	await log(f).getByText("In the morning there is.").waitFor();
	await p.leave();
	await goTo(agent.page, "mine");
	await agent.page.locator("[data-row]").filter({ hasText: "Across the nodes" }).click();
	await thread(agent.page).getByText("there4").waitFor();
	await be(agent.page, "available");
});

scene("one node dies: whoever was on it goes on at the other one", async () => {
	const dead = started.find((x) => x.args?.includes(`127.0.0.1:${ports[0]}`));
	await dead.stop("SIGKILL");
	front.sendTo(1);
	const p = s.world.people.find((x) => x.name === "visitor");
	assert.ok(p);
	const f = p.page.frameLocator("postern-chat iframe");
	await writes(f, "after the fall");
	await thread(agent.page).getByText("after the fall").waitFor({ timeout: 40_000 });
	await replies(agent.page, "still here");
	await log(f).getByText("still here").waitFor({ timeout: 40_000 });
}, 100);
