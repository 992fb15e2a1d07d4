// What people do: visitors in the panel, agents in the console, customers in the shop.
import { until } from "./server.mjs";
import { panel } from "./world.mjs";
import { like, say, t } from "./words.mjs";

/**
 * @typedef {import("playwright-core").Page} Page
 * @typedef {import("playwright-core").FrameLocator} FrameLocator
 * @typedef {import("playwright-core").Locator} Locator
 * @typedef {import("./world.mjs").Person} Person
 * @typedef {import("./world.mjs").Suite} Suite
 * @typedef {import("./server.mjs").Demo} Demo
 */

/** The password of everybody in the demo. */
export const password = "postern-demo";

/**
 * @param {Page | FrameLocator | Locator} at
 * @param {string} key
 * @param {import("./words.mjs").Params} [params]
 */
export const button = (at, key, params) => at.getByRole("button", { name: params ? t(key, params) : t(key), exact: true });

/**
 * Opens the panel of a shop page and waits until the gateway has answered it.
 * @param {Page} page
 */
export async function openPanel(page) {
	await page.getByRole("button", { name: t("launcher.open") }).click();
	const f = panel(page);
	await f.getByRole("searchbox").or(f.getByRole("combobox")).first().waitFor();
	return f;
}

/**
 * Visits a page of the shop and opens the panel.
 * @param {Demo} demo
 * @param {Person} p
 */
export async function visit(demo, p, path = "/support/orders") {
	await p.page.goto(demo.shop + path);
	return openPanel(p.page);
}

/**
 * From the panel's home to a conversation with a first message.
 * @param {FrameLocator} f
 * @param {string} text
 * @param {{name?: string, email?: string}} who
 */
export async function startChat(f, text, who = {}) {
	await button(f, "home.talk").click();
	if (who.name) await f.getByLabel(t("form.name")).fill(who.name);
	if (who.email) await f.getByLabel(t("form.email.optional")).fill(who.email);
	await f.getByLabel(t("form.text")).fill(text);
	await button(f, "form.start").click();
	await log(f).getByText(text).first().waitFor();
}
/**
 * What the visitor reads.
 * @param {FrameLocator} f
 */
export const log = (f) => f.getByRole("log", { name: t("chat.log") });

/**
 * The visitor says something.
 * @param {FrameLocator} f
 * @param {string} text
 */
export async function writes(f, text) {
	const box = f.getByRole("textbox", { name: t("chat.write") });
	await box.fill(text);
	await box.press("Enter");
}

/**
 * Signs a person of the staff in to the console or the admin pages.
 * @param {Demo} demo
 * @param {Person} p
 * @param {string} email
 * @param {string} place "console", "admin" or an address
 */
export async function signIn(demo, p, email, place = "console") {
	await p.page.goto(place === "console" || place === "admin" ? demo[place] : place);
	await p.page.getByLabel(t("signin.email")).fill(email);
	await p.page.getByLabel(t("signin.password")).fill(password);
	await p.page.getByRole("button", { name: t("signin.go"), exact: true }).click();
	if (place === "admin") await p.page.getByRole("navigation", { name: t("a.nav") }).waitFor();
	else await p.page.locator(".be-button").waitFor();
}

/**
 * Chooses an availability for all mailboxes.
 * @param {Page} page
 * @param {"available" | "assign_only" | "unavailable"} value
 */
export async function be(page, value) {
	const choice = page.getByRole("dialog", { name: /Availability/ }).getByRole("radio", { name: new RegExp(`^${t(`be.${value}`)}`) });
	// At the first sign-in the choices open by themselves.
	await until("the choices of availability", async () => {
		if (await choice.isVisible()) return true;
		const shut = page.locator(".be-button[aria-expanded=false]");
		// They may open by themselves between the look and the click, which would then wait for a button that is gone.
		if (await shut.count()) await shut.click({ timeout: 1000 }).catch(() => undefined);
		return choice.waitFor({ timeout: 1000 }).then(() => true, () => false);
	});
	await choice.click();
	await page.keyboard.press("Escape");
	await page.locator(".be-button").filter({ hasText: t(`be.${value}`) }).waitFor();
}

/**
 * An agent who is signed in and takes offers.
 * @param {Pick<Suite, "world" | "demo">} s
 * @param {string} name
 * @param {string} email
 * @param {"available" | "assign_only" | "unavailable"} value
 */
export async function onDuty(s, name, email, value = "available") {
	const p = await s.world.person(name);
	await signIn(s.demo, p, email);
	await be(p.page, value);
	return p;
}

/**
 * Goes to a view of the console: incoming, mine, missed, closed.
 * @param {Page} page
 * @param {string} view
 */
export const goTo = (page, view) =>
	page.getByRole("navigation", { name: t("pane.rail") }).getByRole("button", { name: new RegExp(`^${t(`view.${view}`)}`) }).click();

/**
 * What rings.
 * @param {Page} page
 */
export const offer = (page) => page.getByRole("region", { name: t("offer.title") });
/**
 * What the agent reads.
 * @param {Page} page
 */
export const thread = (page) => page.getByRole("log", { name: t("thread.log") });

/**
 * Accepts what rings.
 * @param {Page} page
 */
export async function accept(page) {
	await offer(page).getByRole("button", { name: t("offer.accept") }).click();
	await page.getByRole("textbox", { name: t("composer.write") }).waitFor();
}

/**
 * The agent says something.
 * @param {Page} page
 * @param {string} text
 */
export async function replies(page, text) {
	const box = page.getByRole("textbox", { name: t("composer.write") });
	await box.fill(text);
	await box.press("Enter");
}
/**
 * The agent ends the conversation, for the reason that is proposed or another one.
 * @param {Page} page
 */
export async function closes(page, reason = "") {
	const head = page.locator(".thread-head");
	const close = head.getByRole("button", { name: t("thread.close") });
	if (await close.isVisible()) await close.click();
	else {
		await head.getByRole("button", { name: t("thread.more") }).click();
		await page.getByRole("menuitem", { name: t("thread.close") }).click();
	}
	const d = page.getByRole("dialog", { name: t("close.title") });
	if (reason) await d.getByRole("radio", { name: reason }).check();
	await d.getByRole("button", { name: t("close.go") }).click();
	await d.waitFor({ state: "hidden" });
}

/**
 * The agent offers the end of the plan's renewal; gives the side panel.
 * @param {Page} page
 */
export async function offersRenewal(page) {
	await side(page, "verify").click();
	const tab = page.locator("#side");
	await tab.getByLabel(t("offer.kind")).selectOption({ label: "Cancel the renewal of your plan" });
	await tab.getByLabel("Plan", { exact: true }).selectOption("plus");
	await tab.getByRole("button", { name: t("offer.preview") }).click();
	await tab.getByText(t("offer.sees")).waitFor();
	await tab.getByRole("button", { name: t("offer.go") }).click();
	await tab.getByText(t("gate.offered")).first().waitFor();
	return tab;
}

/**
 * Walks by Tab to a control, as somebody without a mouse does.
 * @param {Page} page
 * @param {Locator} target
 */
export async function tabTo(page, target) {
	await until("the control", () => target.isEnabled());
	for (let i = 0; i < 40; i++) {
		if (await target.evaluate((e) => e === document.activeElement && document.hasFocus())) return;
		await page.keyboard.press("Tab");
	}
	throw new Error(`no way by Tab to ${target}`);
}

/**
 * A tab of the side pane.
 * @param {Page} page
 * @param {string} tab
 */
export const side = (page, tab) => page.getByRole("tab", { name: t(`side.${tab}`) });

/**
 * Signs a customer in to the shop.
 * @param {Demo} demo
 * @param {Page} page
 * @param {string} email
 */
export async function customer(demo, page, email, next = "/account") {
	await page.goto(`${demo.shop}/signin?next=${encodeURIComponent(next)}`);
	await page.getByLabel("E-mail").fill(email);
	await page.getByLabel("Password").fill(password);
	await page.getByRole("button", { name: "Sign in" }).click();
	await page.waitForURL((u) => !u.pathname.startsWith("/signin"));
}
/**
 * Logs in at the shop for what its page was led to, up to the page that asks.
 * @param {Page} page
 * @param {string} email
 */
export async function logsInFor(page, email = "robin@example.com") {
	await page.waitForURL(/support-verify/);
	await page.getByLabel("E-mail").fill(email);
	await page.getByLabel("Password").fill(password);
	await page.getByRole("button", { name: "Log in" }).click();
	await page.getByRole("button", { name: "Approve" }).waitFor();
}
export { like, panel, say, t };
