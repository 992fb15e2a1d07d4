import { dir, use } from "../kit/i18n";

/** One language is loaded: the conversation's, once it is known. */
export async function speak(locale: string): Promise<void> {
	const ar = locale.startsWith("ar");
	const file = ar
		? await import("./i18n/ar.json", { with: { type: "json" } })
		: await import("./i18n/en.json", { with: { type: "json" } });
	use(ar ? "ar" : "en", file.default);
	document.documentElement.lang = ar ? "ar" : "en";
	document.documentElement.dir = dir();
}
