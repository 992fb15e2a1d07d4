/** One language's texts: a string, or one per plural category chosen by the parameter n. */
export type Texts = Record<string, string | Partial<Record<Intl.LDMLPluralRule, string>>>;
export type Params = Record<string, string | number>;

const RTL = new Set(["ar", "he", "fa", "ur"]);
let texts: Texts = {};
let locale = "en";

/** Sets the language; further files (the console's own) are laid over the first. */
export function use(lang: string, ...files: Texts[]): void {
	locale = lang;
	texts = Object.assign({}, ...files) as Texts;
}
/** Gives a page one language, ours nearest to `wanted`, and its direction; `files` load the page's own texts. */
export async function speak(
	wanted: string,
	files: Record<"en" | "ar", () => Promise<{ default: Texts }>>,
): Promise<void> {
	const to = wanted.startsWith("ar") ? "ar" : "en";
	use(to, (await files[to]()).default);
	document.documentElement.lang = to;
	document.documentElement.dir = dir();
}
export function lang(): string {
	return locale;
}
/** Locale of dates and times: the browser's own country where its language is the one in use (en-GB: 14:02). */
export function region(): string {
	const base = (l: string) => l.split("-")[0];
	return globalThis.navigator?.languages?.find((l) => base(l) === base(locale)) ?? locale;
}
/** Name of a language in the one in use (de: German); the code itself where it names none: browsers send any text. */
export function languageName(code: string): string {
	try {
		return new Intl.DisplayNames(locale, { type: "language" }).of(code) ?? code;
	} catch {
		return code;
	}
}
/** Writing direction of a locale. */
export function dir(of = locale): "rtl" | "ltr" {
	return RTL.has(of.split("-")[0] ?? "") ? "rtl" : "ltr";
}
/** True when the language has this text. */
export function has(key: string): boolean {
	return key in texts;
}
/** The text of key with {name} filled; the key itself where a language lacks it (a test forbids that). */
export function t(key: string, params: Params = {}): string {
	const found = texts[key];
	const plural = typeof found === "object" ? (found[rule(Number(params.n ?? 0))] ?? found.other) : found;
	return (plural ?? key).replace(/\{(\w+)\}/g, (all, name: string) => shown(params[name]) ?? all);
}
/** Words for an error code; unknown codes read as internal. */
export function errorText(e: { code: string; params?: Params }): string {
	return has(`error.${e.code}`) ? t(`error.${e.code}`, e.params) : t("error.internal");
}
/** Picks the text in this language, then English, then any. */
export function pick(text: Record<string, string> | undefined): string {
	if (!text) return "";
	return text[locale] ?? text[locale.split("-")[0] ?? ""] ?? text.en ?? Object.values(text)[0] ?? "";
}
function rule(n: number): Intl.LDMLPluralRule {
	return new Intl.PluralRules(locale).select(n);
}
/** A name or address inside a sentence of the other direction keeps its own order by Unicode's isolates. */
function shown(v: string | number | undefined): string | undefined {
	if (typeof v === "string" && v && dir() === "rtl") return `\u2068${v}\u2069`;
	return typeof v === "number" ? new Intl.NumberFormat(region()).format(v) : v;
}
