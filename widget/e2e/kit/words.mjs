// The words of the user interface, by their keys, so that a new wording does not break a test.
import { readFileSync } from "node:fs";

const read = (path) => JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), "utf8"));
const tables = Object.fromEntries(
	["en", "ar"].map((l) => [l, { ...read(`kit/i18n/${l}.json`), ...read(`console/i18n/${l}.json`), ...read(`admin/i18n/${l}.json`), ...read(`rate/i18n/${l}.json`), ...read(`verify/i18n/${l}.json`) }]),
);
const fill = (s, p) => s.replace(/\{([\w.]+)\}/g, (all, k) => (k in p ? String(p[k]) : all));

/** The text of a key in a language. */
export function say(lang, key, params = {}) {
	const text = tables[lang][key];
	if (text === undefined) throw new Error(`no text for ${key} in ${lang}`);
	if (typeof text === "string") return fill(text, params);
	return fill(text[new Intl.PluralRules(lang).select(Number(params.n))] ?? text.other, params);
}

export const t = (key, params) => say("en", key, params);

/** A pattern for a text whose parameters are not known. */
export function like(key, lang = "en") {
	const text = say(lang, key);
	const quoted = text.split(/\{[\w.]+\}/).map((s) => s.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
	return new RegExp(quoted.join(".+"));
}
