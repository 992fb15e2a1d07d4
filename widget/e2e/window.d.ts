// What the pages of the tests have beyond a browser's own window.
interface Window {
	/** The widget's API (web.md §7). */
	Postern(verb: string, ...args: unknown[]): Promise<unknown>;
	/** Put in by kit/world.mjs. */
	axe: { run(at: Document, options: object): Promise<{ violations: import("axe-core").Result[] }> };
	/** What a script of the host's page saw (verify.test.mjs). */
	seen: string[];
}
