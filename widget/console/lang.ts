import { use } from "../kit/i18n";

export const LANGUAGES = [
	{ id: "en", name: "English" },
	{ id: "ar", name: "العربية" },
] as const;

/** Loads one language: the shared texts and the console's own over them. */
export async function speak(lang: string): Promise<void> {
	const ar = lang.startsWith("ar");
	const [shared, own] = ar
		? await Promise.all([
				import("../kit/i18n/ar.json", { with: { type: "json" } }),
				import("./i18n/ar.json", { with: { type: "json" } }),
			])
		: await Promise.all([
				import("../kit/i18n/en.json", { with: { type: "json" } }),
				import("./i18n/en.json", { with: { type: "json" } }),
			]);
	use(ar ? "ar" : "en", shared.default, own.default);
	document.documentElement.lang = ar ? "ar" : "en";
	document.documentElement.dir = ar ? "rtl" : "ltr";
}
