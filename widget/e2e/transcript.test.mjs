// An old conversation is read behind a login of the account that it belongs to, in whatever browser (P11, J02, I10).
import { strict as assert } from "node:assert";
import { accept, button, closes, customer, log, logsInFor, onDuty, replies, say, startChat, t, thread, visit } from "./kit/people.mjs";
import { until } from "./kit/server.mjs";
import { axe, shot, suite } from "./kit/world.mjs";

const s = suite();
const { scene } = s;
const said = "Where is my green teapot?";
const answer = "It left us this morning.";
let sol;
let robin;
let f;
let link = "";

/** The page in light, dark and on a phone. */
async function looks(page, name) {
	for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
		await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
		await axe(page, `${name}, ${colorScheme}`);
		await shot(page, `transcript-${name}-${colorScheme}`);
	}
	const { width, height } = page.viewportSize();
	await page.setViewportSize({ width: 390, height: 780 });
	await axe(page, `${name}, phone`);
	await shot(page, `transcript-${name}-phone`);
	const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
	assert.ok(over <= 0, `${name}: ${over} px wider than the phone`);
	await page.setViewportSize({ width, height });
	await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
}
/** Nothing of the conversation is on the page, nor in its address. */
async function silent(page) {
	const html = await page.content();
	for (const x of [said, answer]) assert.ok(!html.includes(x), `the page holds ${x}`);
	assert.ok(!page.url().includes("#"), page.url());
}
/**
 * Logs in at the shop for the link, and approves.
 * @param {import("playwright-core").Page} page
 * @param {string} email
 * @param {"en" | "ar"} lang
 */
async function logsIn(page, email, lang = "en") {
	await page.getByRole("button", { name: say(lang, "transcript.login") }).click();
	await logsInFor(page, email);
	const main = (await page.locator("main").textContent()) ?? "";
	for (const x of ["Read your conversation with support", "for ten minutes", "nothing is changed"]) assert.ok(main.includes(x), `the shop says ${x}: ${main}`);
	await page.getByRole("button", { name: "Approve" }).click();
	await page.waitForURL(/\/transcript/);
}

scene("the visitor takes a link along at the end; it holds no word", async () => {
	sol = await onDuty(s, "sol", "sol@shop.example");
	robin = await s.world.person("robin");
	await customer(s.demo, robin.page, "robin@example.com");
	f = await visit(s.demo, robin, "/support/accounts");
	await startChat(f, said);
	await accept(sol.page);
	await sol.page.locator(".thread-head").getByText(t("known.signed")).waitFor();
	await replies(sol.page, answer);
	await log(f).getByText(answer).waitFor();
	await closes(sol.page);
	await button(f, "end.link").click();
	const a = f.getByRole("link", { name: t("end.link.open") });
	await a.waitFor();
	await axe(robin.page, "the link in the panel");
	await shot(robin.page, "transcript-panel");
	link = (await a.getAttribute("href")) ?? "";
	assert.match(link, /\/transcript#[\w-]{43}$/);
});

scene("somebody else who has the link logs in, and is shown nothing, in neutral words", async () => {
	const sasha = await s.world.person("sasha");
	const asked = [];
	sasha.page.on("request", (r) => asked.push(r.url()));
	await sasha.page.goto(link);
	await button(sasha.page, "transcript.login").waitFor();
	await silent(sasha.page);
	await looks(sasha.page, "ask");
	await logsIn(sasha.page, "sasha@example.com");
	await sasha.page.getByText(t("transcript.failed")).waitFor();
	await silent(sasha.page);
	await looks(sasha.page, "failed");
	assert.deepEqual(asked.filter((u) => u.includes(link.split("#")[1])), [], "the token is in no request's address");
	await sasha.leave();
});

scene("the owner reads it in a browser that never saw it, in Arabic too", async () => {
	const home = await s.world.person("robin-home", { locale: "ar" });
	await home.page.goto(link);
	await home.page.getByRole("button", { name: say("ar", "transcript.login") }).waitFor();
	assert.equal(await home.page.evaluate(() => document.documentElement.dir), "rtl");
	await looks(home.page, "ask-ar");
	await logsIn(home.page, "robin@example.com", "ar");
	await home.page.getByText(said).waitFor();
	await home.page.getByText(answer).waitFor();
	assert.ok(!home.page.url().includes("#"), home.page.url());
	await looks(home.page, "text-ar");
	await home.page.reload();
	await home.page.getByText(answer).waitFor();
	await home.leave();
	const late = await s.world.person("robin-late");
	await late.page.goto(link);
	await logsIn(late.page, "robin@example.com");
	await late.page.getByText(answer).waitFor();
	await looks(late.page, "text");
	await late.leave();
});

scene("an agent gives a link and nothing else; a wrong one shows nothing", async () => {
	await button(f, "end.again").click();
	await f.getByLabel(t("form.text")).fill("One more thing");
	await button(f, "form.start").click();
	await accept(sol.page);
	await thread(sol.page).getByText("One more thing").waitFor();
	await sol.context.grantPermissions(["clipboard-read", "clipboard-write"]);
	await sol.page.locator(".thread-head").getByRole("button", { name: t("thread.more") }).click();
	await shot(sol.page, "transcript-console");
	await sol.page.getByRole("menuitem", { name: t("thread.link"), exact: true }).click();
	await sol.page.getByText(t("thread.link.copied")).waitFor();
	const copied = await until("the link", () => sol.page.evaluate(() => navigator.clipboard.readText()));
	assert.match(copied, /\/transcript#[\w-]{43}$/);
	assert.notEqual(copied, link);
	const p = await s.world.person("nobody");
	await p.page.goto(`${link.slice(0, -3)}AAA`);
	await p.page.getByText(t("transcript.refused")).waitFor();
	await looks(p.page, "refused");
	await p.leave();
});
