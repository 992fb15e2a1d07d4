// Pages in every look, for the eye and for axe.
import { strict as assert } from "node:assert";
import { until } from "./server.mjs";
import { axe, shot } from "./world.mjs";

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

/**
 * Waits until the page and its frames, each a process of its own, have taken the new look and size.
 * @param {import("playwright-core").Page} page
 * @param {"light" | "dark"} scheme
 * @param {{width: number, height: number}} size
 */
export async function settles(page, scheme, { width, height }) {
	for (const frame of page.frames()) {
		await until("the look", async () => {
			const box = frame === page.mainFrame() ? undefined : await frame.frameElement();
			const wanted = box ? await box.evaluate((/** @type {any} */ e) => [e.clientWidth, e.clientHeight]) : [width, height];
			if (!wanted[0]) return true; // a panel that is shut
			return frame.evaluate(
				([scheme, w, h]) => matchMedia(`(prefers-color-scheme: ${scheme})`).matches && innerWidth === w && innerHeight === h,
				/** @type {const} */ ([scheme, ...wanted]),
			);
		});
	}
}

/**
 * The same screen light and dark, wide and on a phone, with a picture and axe of each.
 * @param {import("playwright-core").Page} page
 * @param {string} name
 */
export async function everyWay(page, name) {
	/** @type {["light", "dark"]} */
	const schemes = ["light", "dark"];
	for (const colorScheme of schemes)
		for (const width of [1280, 320]) {
			await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
			await page.setViewportSize({ width, height: 860 });
			await settles(page, colorScheme, { width, height: 860 });
			await axe(page, `${name}-${colorScheme}-${width}`);
			await shot(page, `${name}-${colorScheme}-${width}`);
		}
	await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
	await page.setViewportSize({ width: 1280, height: 860 });
}
