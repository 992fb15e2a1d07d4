import { speak as say } from "../kit/i18n";

const files = {
	en: () => import("./i18n/en.json", { with: { type: "json" } }),
	ar: () => import("./i18n/ar.json", { with: { type: "json" } }),
};
/** One language is loaded: the ticket's, once it is known. */
export const speak = (locale: string): Promise<void> => say(locale, files);
