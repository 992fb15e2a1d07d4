import { has, region, t } from "../kit/i18n";
import type { Row, Text } from "../kit/wire";

/** What the visitor typed as a name, else a plain word. */
export function visitorName(r: Row | undefined): string {
	return r?.claimed?.name?.trim() || r?.claimed?.email?.trim() || t("visitor");
}
/** 0:42, 12:05, 3 h, 2 d: short enough for a row. */
export function age(ms: number): string {
	const s = Math.max(0, Math.floor(ms / 1000));
	if (s < 3600) return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
	const unit = (value: number, unit: "hour" | "day") =>
		new Intl.NumberFormat(region(), { style: "unit", unit, unitDisplay: "narrow" }).format(value);
	return s < 86_400 ? unit(Math.floor(s / 3600), "hour") : unit(Math.floor(s / 86_400), "day");
}
/** A text in the visitor's own language, as his card shows it. */
export function inLang(text: Text | undefined, locale: string | undefined): string {
	if (!text) return "";
	const l = locale ?? "en";
	return text[l] ?? text[l.split("-")[0] ?? ""] ?? text.en ?? Object.values(text)[0] ?? "";
}
/** A gate's reason in words; the code itself when we have none, so that nothing is hidden. */
export function reasonWords(reason: string): string {
	return has(`reason.${reason}`) ? t(`reason.${reason}`) : reason;
}
/** What a fact about an account is called; the host's own name where we have no word for it. */
export function factName(name: string): string {
	return has(`fact.${name}`) ? t(`fact.${name}`) : name;
}
/** What a conversation is closed for: ours by their names, a mailbox's own ones as it calls them. */
export function whyWords(reason: string | undefined): string {
	if (!reason) return "";
	return has(`why.${reason}`) ? t(`why.${reason}`) : reason;
}
export function size(bytes: number): string {
	const big = bytes >= 1_000_000;
	const n = big ? bytes / 1_000_000 : Math.max(1, Math.round(bytes / 1000));
	return new Intl.NumberFormat(region(), {
		style: "unit",
		unit: big ? "megabyte" : "kilobyte",
		maximumFractionDigits: big ? 1 : 0,
	}).format(n);
}
/** The page's address without its scheme. */
export function shortPage(url: string | undefined): string {
	return (url ?? "").replace(/^https?:\/\//, "");
}
