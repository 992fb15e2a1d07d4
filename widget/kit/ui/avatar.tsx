import type { JSX } from "preact";

/** First letters of up to two words. */
export function initials(name: string): string {
	const words = name.trim().split(/\s+/).filter(Boolean);
	const first = (w: string | undefined) => [...(w ?? "")][0] ?? "";
	return (first(words[0]) + (words.length > 1 ? first(words.at(-1)) : "")).toLocaleUpperCase() || "?";
}
/** One of eight looks, the same for the same key. */
export function hue(key: string): number {
	let h = 0;
	for (const c of key) h = (h * 31 + (c.codePointAt(0) ?? 0)) >>> 0;
	return h % 8;
}
/** Letters in a disc; the name always stands beside it as text. */
export function Avatar({ name, of, dot }: { name: string; of?: string; dot?: string }): JSX.Element {
	return (
		<span class={`avatar av-${hue(of ?? name)}`} aria-hidden="true">
			{initials(name)}
			{dot && <i class={`presence ${dot}`} />}
		</span>
	);
}
