// What people do: visitors in the panel, agents in the console, customers in the shop.
import { until } from "./server.mjs";
import { panel } from "./world.mjs";
import { like, say, t } from "./words.mjs";

export const password = "postern-demo";
export const button = (at, key, params) => at.getByRole("button", { name: params ? t(key, params) : t(key), exact: true });

/** Opens the panel of a shop page and waits until the gateway has answered it. */
export async function openPanel(page) {
	await page.getByRole("button", { name: t("launcher.open") }).click();
	const f = panel(page);
	await f.getByRole("searchbox").or(f.getByRole("combobox")).first().waitFor();
	return f;
}

/** Visits a page of the shop and opens the panel. */
export async function visit(demo, p, path = "/support/orders") {
	await p.page.goto(demo.shop + path);
	return openPanel(p.page);
}

/** From the panel's home to a conversation with a first message. */
export async function startChat(f, text, who = {}) {
	await button(f, "home.talk").click();
	if (who.name) await f.getByLabel(t("form.name")).fill(who.name);
	if (who.email) await f.getByLabel(t("form.email.optional")).fill(who.email);
	await f.getByLabel(t("form.text")).fill(text);
	await button(f, "form.start").click();
	await log(f).getByText(text).first().waitFor();
}
export const log = (f) => f.getByRole("log", { name: t("chat.log") });

/** The visitor says something. */
export async function writes(f, text) {
	const box = f.getByRole("textbox", { name: t("chat.write") });
	await box.fill(text);
	await box.press("Enter");
}

/** Signs a person of the staff in to the console. */
export async function signIn(demo, p, email, place = "console") {
	await p.page.goto(demo[place] ?? place);
	await p.page.getByLabel(place === "admin" ? t("a.email") : t("signin.email")).fill(email);
	await p.page.getByLabel(place === "admin" ? t("a.password") : t("signin.password")).fill(password);
	await p.page.getByRole("button", { name: place === "admin" ? t("a.signin") : t("signin.go"), exact: true }).click();
	if (place === "admin") await p.page.getByRole("navigation", { name: t("a.nav") }).waitFor();
	else await p.page.locator(".be-button").waitFor();
}

/** Chooses an availability for all mailboxes: available, assign_only, unavailable. */
export async function be(page, value) {
	const choice = page.getByRole("dialog", { name: /Availability/ }).getByRole("radio", { name: new RegExp(`^${t(`be.${value}`)}`) });
	// At the first sign-in the choices open by themselves.
	await until("the choices of availability", async () => {
		if (await choice.isVisible()) return true;
		const shut = page.locator(".be-button[aria-expanded=false]");
		if (await shut.count()) await shut.click();
		return choice.waitFor({ timeout: 1000 }).then(() => true, () => false);
	});
	await choice.click();
	await page.keyboard.press("Escape");
	await page.locator(".be-button").filter({ hasText: t(`be.${value}`) }).waitFor();
}

/** An agent who is signed in and takes offers. */
export async function onDuty(s, name, email, value = "available") {
	const p = await s.world.person(name);
	await signIn(s.demo, p, email);
	await be(p.page, value);
	return p;
}

/** Goes to a view of the console: incoming, mine, missed, closed. */
export const goTo = (page, view) =>
	page.getByRole("navigation", { name: t("pane.rail") }).getByRole("button", { name: new RegExp(`^${t(`view.${view}`)}`) }).click();

export const offer = (page) => page.getByRole("region", { name: t("offer.title") });
export const thread = (page) => page.getByRole("log", { name: t("thread.log") });

/** Accepts what rings. */
export async function accept(page) {
	await offer(page).getByRole("button", { name: t("offer.accept") }).click();
	await page.getByRole("textbox", { name: t("composer.write") }).waitFor();
}

/** The agent says something. */
export async function replies(page, text) {
	const box = page.getByRole("textbox", { name: t("composer.write") });
	await box.fill(text);
	await box.press("Enter");
}
/** The agent ends the conversation. */
export async function closes(page, reason = "") {
	const head = page.locator(".thread-head");
	const close = head.getByRole("button", { name: t("thread.close") });
	if (await close.isVisible()) await close.click();
	else {
		await head.getByRole("button", { name: t("thread.more") }).click();
		await page.getByRole("menuitem", { name: t("thread.close") }).click();
	}
	const d = page.getByRole("dialog", { name: t("close.title") });
	if (reason) await d.getByLabel(t("close.reason")).fill(reason);
	await d.getByRole("button", { name: t("close.go") }).click();
	await d.waitFor({ state: "hidden" });
}

/** Walks by Tab to a control, as somebody without a mouse does. */
export async function tabTo(page, target) {
	await until("the control", () => target.isEnabled());
	for (let i = 0; i < 40; i++) {
		if (await target.evaluate((e) => e === document.activeElement && document.hasFocus())) return;
		await page.keyboard.press("Tab");
	}
	throw new Error(`no way by Tab to ${target}`);
}
export const side = (page, tab) => page.getByRole("tab", { name: t(`side.${tab}`) });

/** Signs a customer in to the shop. */
export async function customer(demo, page, email, next = "/account") {
	await page.goto(`${demo.shop}/signin?next=${encodeURIComponent(next)}`);
	await page.getByLabel("E-mail").fill(email);
	await page.getByLabel("Password").fill(password);
	await page.getByRole("button", { name: "Sign in" }).click();
	await page.waitForURL((u) => !u.pathname.startsWith("/signin"));
}
export { like, panel, say, t };
