// The words of the user interface, by their keys, so that a new wording does not break a test.
import { readFileSync } from "node:fs";

/**
 * @typedef {"en" | "ar"} Lang
 * @typedef {Record<string, string | number>} Params
 * @typedef {Record<string, string | Record<string, string>>} Texts
 */

/**
 * @param {string} path
 * @returns {Texts}
 */
const read = (path) => JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), "utf8"));
/** @type {Record<Lang, Texts>} */
const tables = { en: all("en"), ar: all("ar") };

/** @param {Lang} l */
function all(l) {
	const files = ["kit/i18n", "kit/i18n/staff", "console/i18n", "admin/i18n", "rate/i18n", "transcript/i18n", "continue/i18n", "verify/i18n", "visitor/i18n", "help/i18n"];
	return Object.assign({}, ...files.map((f) => read(`${f}/${l}.json`)));
}
/**
 * @param {string} s
 * @param {Params} p
 */
const fill = (s, p) => s.replace(/\{([\w.]+)\}/g, (all, k) => (k in p ? String(p[k]) : all));

/**
 * The text of a key in a language.
 * @param {Lang} lang
 * @param {string} key
 * @param {Params} params
 */
export function say(lang, key, params = {}) {
	const text = tables[lang][key];
	if (text === undefined) throw new Error(`no text for ${key} in ${lang}`);
	if (typeof text === "string") return fill(text, params);
	return fill(text[new Intl.PluralRules(lang).select(Number(params.n))] ?? text.other, params);
}

/**
 * The English text.
 * @param {string} key
 * @param {Params} [params]
 */
export const t = (key, params) => say("en", key, params);

/**
 * A pattern for a text whose parameters are not known.
 * @param {string} key
 * @param {Lang} lang
 */
export function like(key, lang = "en") {
	const text = say(lang, key);
	const quoted = text.split(/\{[\w.]+\}/).map((s) => s.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
	return new RegExp(quoted.join(".+"));
}
