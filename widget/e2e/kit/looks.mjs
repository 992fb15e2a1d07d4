// The help center's pages in every look, for the eye and for axe.
import { strict as assert } from "node:assert";
import { axe } from "./world.mjs";

const phone = { viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true };
/** @type {Record<string, import("playwright-core").BrowserContextOptions>} */
export const looks = { light: {}, dark: { colorScheme: "dark" }, phone, "phone-dark": { ...phone, colorScheme: "dark" } };
/** @type {Record<string, import("playwright-core").BrowserContextOptions>} */
export const turned = { rtl: { locale: "ar" }, "rtl-phone": { ...phone, locale: "ar", colorScheme: "dark" } };

/**
 * A picture and axe; nothing sticks out sideways.
 * @param {import("playwright-core").Page} page
 * @param {string} name
 */
export async function look(page, name) {
	await axe(page, name);
	const [wide, there] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
	assert.ok(wide <= there, `${name}: ${wide} px wide on ${there}`);
	await page.screenshot({ path: new URL(`../out/${name}.png`, import.meta.url).pathname, fullPage: true, animations: "disabled" });
}
