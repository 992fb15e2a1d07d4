/** What the console keeps for this browser too: one choice of language and look for both. */
const KEY = "postern-console";
type Prefs = { lang?: string; scheme?: string; density?: string };

export function prefs(): Prefs {
	try {
		const v: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
		return typeof v === "object" && v !== null ? (v as Prefs) : {};
	} catch {
		return {};
	}
}
export function setPrefs(part: Prefs): void {
	try {
		localStorage.setItem(KEY, JSON.stringify({ ...prefs(), ...part }));
	} catch {
		// Storage is blocked: the choice does not outlive the page.
	}
	look();
}
/** Light or dark, wide or dense, as chosen; else as the system says. */
export function look(): void {
	const d = document.documentElement.dataset;
	const { scheme, density } = prefs();
	if (scheme) d.scheme = scheme;
	else delete d.scheme;
	if (density) d.density = density;
	else delete d.density;
}
