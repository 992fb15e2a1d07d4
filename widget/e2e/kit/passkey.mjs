// Passkeys of the staff: Chromium's virtual authenticator stands for the finger on the sensor.
import { password } from "./people.mjs";
import { t } from "./words.mjs";

/**
 * @typedef {import("playwright-core").Page} Page
 */

/**
 * Gives a page an authenticator of its own, whose person is always verified. `shown` counts what it has signed.
 * @param {Page} page
 */
export async function authenticator(page) {
	const cdp = await page.context().newCDPSession(page);
	await cdp.send("WebAuthn.enable");
	await cdp.send("WebAuthn.addVirtualAuthenticator", {
		options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
	});
	let shown = 0;
	cdp.on("WebAuthn.credentialAsserted", () => shown++);
	return { shown: () => shown };
}

/**
 * Opens the own passkeys from the menu of the signed-in person.
 * @param {Page} page
 */
export async function passkeys(page) {
	await page.locator(".me-button").click();
	await page.getByRole("button", { name: t("passkey.title"), exact: true }).or(page.getByRole("menuitem", { name: t("passkey.title"), exact: true })).click();
	const d = page.getByRole("dialog", { name: t("passkey.title") });
	await d.getByLabel(t("passkey.name")).waitFor();
	return d;
}

/**
 * Registers a passkey with the password, and closes the dialog.
 * @param {Page} page
 */
export async function registers(page, name = "Desk") {
	const key = await authenticator(page);
	const d = await passkeys(page);
	await d.getByLabel(t("passkey.name")).fill(name);
	await d.getByLabel(t("passkey.password")).fill(password);
	await d.getByRole("button", { name: t("passkey.add"), exact: true }).click();
	await d.getByRole("listitem").filter({ hasText: name }).waitFor();
	await page.keyboard.press("Escape");
	await d.waitFor({ state: "hidden" });
	return key;
}
