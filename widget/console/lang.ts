import { speak as load } from "../kit/ui";

/** Loads the console's words in a language. */
export function speak(lang: string): Promise<void> {
	return load(lang, (ar) =>
		ar ? import("./i18n/ar.json", { with: { type: "json" } }) : import("./i18n/en.json", { with: { type: "json" } }),
	);
}
