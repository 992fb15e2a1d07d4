import { type Texts, use } from "../i18n";

export const LANGUAGES = [
	{ id: "en", name: "English" },
	{ id: "ar", name: "العربية" },
] as const;
type File = Promise<{ default: Texts }>;
const isAr = (lang: string) => lang.split("-")[0] === "ar";

/** The texts that everybody's pages share, the visitors' panel too; English where there is no such language. */
export async function shared(lang: string): Promise<Texts> {
	const file: File = isAr(lang)
		? import("../i18n/ar.json", { with: { type: "json" } })
		: import("../i18n/en.json", { with: { type: "json" } });
	return (await file).default;
}
/** Loads one language: the texts of all, those of the staff's pages over them, and the page's own over both. */
export async function speak(lang: string, own: (ar: boolean) => File): Promise<void> {
	const ar = isAr(lang);
	const staff: File = ar
		? import("../i18n/staff/ar.json", { with: { type: "json" } })
		: import("../i18n/staff/en.json", { with: { type: "json" } });
	const [all, more, page] = await Promise.all([shared(lang), staff, own(ar)]);
	use(ar ? "ar" : "en", all, more.default, page.default);
	document.documentElement.lang = ar ? "ar" : "en";
	document.documentElement.dir = ar ? "rtl" : "ltr";
}
