// One browser, one context for each person, and a watch over every page.
import { strict as assert } from "node:assert";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { Demo, out } from "./server.mjs";

const chrome = process.env.CHROMIUM ?? "/usr/bin/chromium";
/** Limits are written for a machine at rest; a busy one gets this many times as long. Only a failure takes that long. */
const PATIENCE = 4;
/**
 * Features that a test browser does without: they ask the network, or upgrade addresses. The library's own list, which
 * this one takes the place of, switches the partitioning of storage off as well; people's browsers have it on.
 */
const quiet = [
	"HttpsUpgrades", "HttpsFirstBalancedModeAutoEnable", "MediaRouter", "PaintHolding", "AvoidUnnecessaryBeforeUnloadCheckSync",
	"DestroyProfileOnBrowserClose", "AvoidCorsURLLoaderRestartOnRedirect", "OptimizationHints", "NetworkTimeServiceQuerying",
	"AimEnabled", "PreconnectToSearch", "LensOverlay",
];
const harmless = [/Failed to load resource/, /WebSocket connection to/];
/** @param {string} name */
const file = (name) => join(out, `${name.replace(/[^\w-]+/g, "_").slice(0, 90)}`);

/**
 * @typedef {import("playwright-core").Page} Page
 * @typedef {import("playwright-core").FrameLocator} FrameLocator
 */

/**
 * The panel inside the launcher's shadow root.
 * @param {Page} page
 */
export const panel = (page) => page.frameLocator("postern-chat iframe");

/** Somebody with a browser of his own. */
export class Person {
	closed = false;
	/** Deaf = what his pages log is no failure. */
	deaf = false;

	/**
	 * @param {string} name
	 * @param {import("playwright-core").BrowserContext} context
	 */
	constructor(name, context) {
		this.name = name;
		this.context = context;
		/** @type {Page} */
		this.page = /** @type {any} */ (undefined); // World.person opens it at once
	}

	async leave() {
		this.closed = true;
		await this.context.close();
	}
}

export class World {
	/**
	 * People who have a context.
	 * @type {Person[]}
	 */
	people = [];
	/**
	 * What a page said that it must not.
	 * @type {string[]}
	 */
	said = [];

	/** @param {import("playwright-core").Browser} browser */
	constructor(browser) {
		this.browser = browser;
	}

	/** @param {string[]} args more switches of the browser */
	static async start(args = []) {
		mkdirSync(out, { recursive: true });
		const all = ["--no-sandbox", "--disable-dev-shm-usage", `--disable-features=${quiet.join()}`, ...args];
		const ignoreDefaultArgs = ["--disable-popup-blocking"];
		return new World(await chromium.launch({ executablePath: chrome, args: all, ignoreDefaultArgs, timeout: 30_000 * PATIENCE }));
	}

	/**
	 * A person with a browser of its own.
	 * @param {string} name
	 * @param {import("playwright-core").BrowserContextOptions} options
	 */
	async person(name, options = {}) {
		const context = await this.browser.newContext({
			viewport: { width: 1280, height: 860 },
			locale: "en-GB",
			colorScheme: "light",
			...options,
		});
		context.setDefaultTimeout(10_000 * PATIENCE);
		await context.tracing.start({ screenshots: false, snapshots: true });
		const p = new Person(name, context);
		context.on("page", (page) => this.#watch(p, page));
		p.page = await context.newPage();
		this.people.push(p);
		return p;
	}

	/**
	 * @param {Person} p
	 * @param {Page} page
	 */
	#watch(p, page) {
		page.on("pageerror", (e) => this.said.push(`${p.name}: ${e.stack ?? e}`));
		page.on("console", (m) => {
			const bad = m.type() === "error" || /Content Security Policy|Trusted ?Types?|TrustedHTML|Refused to/i.test(m.text());
			if (bad && !harmless.some((h) => h.test(m.text())) && !p.deaf) this.said.push(`${p.name}: ${m.text()} (${m.location().url})`);
		});
	}

	/** Fails when a page has thrown, or a policy was broken. */
	quiet() {
		const said = this.said.splice(0);
		assert.deepEqual(said, [], "pages threw or broke a policy");
	}

	/**
	 * Screenshots and traces of everybody, after a failure.
	 * @param {string} name
	 */
	async save(name) {
		for (const p of this.people.filter((x) => !x.closed)) {
			const base = file(`failed-${name.slice(0, 50)}-${p.name}`);
			for (const [i, page] of p.context.pages().entries()) {
				await page.screenshot({ path: `${base}${i || ""}.png`, timeout: 5000 }).catch(() => undefined);
			}
			await p.context.tracing.stop({ path: `${base}.zip` }).catch(() => undefined);
			await p.context.tracing.start({ screenshots: false, snapshots: true }).catch(() => undefined);
		}
	}

	async end() {
		await this.browser.close();
	}
}

/**
 * A picture for the eye.
 * @param {Page} page
 * @param {string} name
 */
export const shot = (page, name) => page.screenshot({ path: `${file(name)}.png`, animations: "disabled" });

const axeSource = readFileSync(createRequire(import.meta.resolve("@axe-core/playwright")).resolve("axe-core/axe.min.js"), "utf8");
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/**
 * No finding of axe, in the page and in each of its frames as a page of its own: A, AA and best practice.
 * @param {Page} page
 * @param {string} name
 */
export async function axe(page, name) {
	const words = [];
	for (const frame of page.frames()) {
		if (!(await frame.evaluate(() => Boolean(window.axe)))) await frame.evaluate(axeSource);
		// A colour on its way is nobody's choice.
		await frame.evaluate(() => {
			for (const a of document.getAnimations()) if (a instanceof CSSTransition) a.finish();
		});
		const found = await frame.evaluate((tags) => window.axe.run(document, { runOnly: tags, iframes: false, resultTypes: ["violations"] }), tags);
		for (const v of found.violations) {
			const nodes = v.nodes.slice(0, 4).map((n) => `    ${n.target.join(" ")}: ${n.html.slice(0, 160)}\n      ${(n.failureSummary ?? "").split("\n").slice(1, 3).join("; ")}`);
			words.push(`${v.id} (${v.impact}): ${v.help}\n${nodes.join("\n")}`);
		}
	}
	assert.equal(words.length, 0, `axe, ${name}:\n${words.join("\n")}`);
}

/** What the scenes of one file share; both are there when the first scene begins. */
export class Suite {
	/** @type {World} */
	world = /** @type {any} */ (undefined);
	/** @type {Demo} */
	demo = /** @type {any} */ (undefined);
	/** Name of the first scene that failed. */
	broken = "";

	/**
	 * One scene; what it leaves open stays for the next.
	 * @param {string} name
	 * @param {(s: Suite) => Promise<void>} run
	 * @param {number} [seconds] on an idle machine; a busy one gets three times as many
	 */
	scene = (name, run, seconds = 60) =>
		test(name, { timeout: seconds * 1000 * PATIENCE }, async () => {
			assert.ok(!this.broken, `a scene before this one failed: ${this.broken}`);
			try {
				await run(this);
				this.world.quiet();
			} catch (e) {
				this.broken ||= name;
				await this.world.save(name);
				const log = this.demo?.process.log.split("the next start keeps the data.")[1] ?? "";
				if (e instanceof Error) e.message += [...this.world.said, log].join("\n");
				throw e;
			}
		});
}

/**
 * A suite: one browser and, unless `demo` is false, one demo for all its scenes, which run in order.
 * @param {{demo?: false | Parameters<typeof Demo.start>[0], args?: string[]}} o `demo`: how it is started
 */
export function suite(o = {}) {
	const s = new Suite();
	before(async () => {
		const begin = [
			World.start(o.args).then((w) => {
				s.world = w;
			}),
			o.demo !== false &&
				Demo.start(o.demo).then((d) => {
					s.demo = d;
				}),
		];
		// All are waited for: one that fails must not leave the other running unknown.
		for (const r of await Promise.allSettled(begin)) if (r.status === "rejected") throw r.reason;
	});
	after(async () => {
		await s.world?.end();
		await s.demo?.stop();
	});
	return s;
}
