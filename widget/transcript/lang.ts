import { dir, use } from "../kit/i18n";

/** One language is loaded: the browser's, as far as we have it. */
export async function speak(): Promise<void> {
	const ar = navigator.language.startsWith("ar");
	const file = ar
		? await import("./i18n/ar.json", { with: { type: "json" } })
		: await import("./i18n/en.json", { with: { type: "json" } });
	use(ar ? "ar" : "en", file.default);
	document.documentElement.lang = ar ? "ar" : "en";
	document.documentElement.dir = dir();
}
