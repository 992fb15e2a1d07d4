// The demo shop's own recovery, to which support sends everybody who cannot log in.
import { strict as assert } from "node:assert";
import { suite } from "./kit/world.mjs";
import { until } from "./kit/server.mjs";

const s = suite();
const { scene } = s;

scene("a mailed link sets a password; its token is in no request's address, no referrer, and not in the history", async () => {
	const p = await s.world.person("sasha");
	const asked = [];
	p.page.on("request", (r) => asked.push(`${r.url().split("#")[0]} ${r.headers().referer ?? ""}`));
	await p.page.goto(`${s.demo.shop}/forgot`);
	await p.page.getByLabel("E-mail").fill("sasha@example.com");
	await p.page.getByRole("button", { name: "Send the link" }).click();
	const [mail] = await until("the shop's mail", () => s.demo.spool().length > 0 && s.demo.spool());
	const link = /http\S+\/reset#\S+/.exec(mail)?.[0] ?? "";
	const token = link.split("#")[1];
	await p.page.goto(link);
	await p.page.waitForFunction(() => {
		const field = document.querySelector("input[name=t]");
		return location.hash === "" && field instanceof HTMLInputElement && field.value !== "";
	});
	assert.equal(p.page.url(), `${s.demo.shop}/reset`);
	await p.page.getByLabel("New password").fill("a few quiet words");
	await p.page.getByRole("button", { name: "Save the password" }).click();
	await p.page.waitForURL(`${s.demo.shop}/signin`);
	await p.page.getByLabel("E-mail").fill("sasha@example.com");
	await p.page.getByLabel("Password").fill("a few quiet words");
	await p.page.getByRole("main").getByRole("button", { name: "Sign in" }).click();
	await p.page.waitForURL(`${s.demo.shop}/account`);
	await p.page.goBack();
	await p.page.goBack();
	assert.ok(!p.page.url().includes(token));
	assert.deepEqual(asked.filter((a) => a.includes(token)), []);
	assert.ok(asked.some((a) => a.startsWith(`${s.demo.shop}/reset`)));
	await p.leave();
});
