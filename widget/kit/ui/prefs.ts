import { signal } from "@preact/signals";

/** Settings of this browser; console and admin pages share them. */
export type Prefs = {
	sound: boolean;
	/** Single-key shortcuts. */
	keys: boolean;
	/** "" = as the system, light, dark. */
	scheme: string;
	/** "" = comfortable, compact. */
	density: string;
	lang: string;
	/** Widths of panes that were moved, in px. */
	list?: number;
	side?: number;
};
const KEY = "postern-console";
const first: Prefs = { sound: true, keys: true, scheme: "", density: "", lang: navigator.language ?? "en" };

export const prefs = signal<Prefs>({ ...first, ...read<Partial<Prefs>>(KEY) });

export function setPrefs(p: Partial<Prefs>): void {
	prefs.value = { ...prefs.value, ...p };
	write(KEY, prefs.value);
	look();
}
/** Light or dark, wide or dense, as chosen; else as the system says. */
export function look(): void {
	const d = document.documentElement.dataset;
	const { scheme, density } = prefs.value;
	if (scheme) d.scheme = scheme;
	else delete d.scheme;
	if (density) d.density = density;
	else delete d.density;
}
/** Reads this browser's storage; undefined where it is blocked, empty or spoilt. */
export function read<T>(key: string): T | undefined {
	try {
		return JSON.parse(localStorage.getItem(key) ?? "null") ?? undefined;
	} catch {
		return undefined;
	}
}
export function write(key: string, v: unknown): void {
	try {
		localStorage.setItem(key, JSON.stringify(v));
	} catch {
		// Storage is blocked: it lives as long as the page.
	}
}
