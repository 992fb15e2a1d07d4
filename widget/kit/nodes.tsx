import type { ComponentChildren, JSX } from "preact";
import type { Node } from "./wire";

/** The address if a person may be sent there: http, https, mailto or a path of this site; else undefined. */
export function safeURL(raw: string | undefined): string | undefined {
	if (!raw || /[\\\s]/.test(raw) || raw.startsWith("//")) return undefined;
	return /^(https?:\/\/|mailto:|\/|#|\?)/i.test(raw) ? raw : undefined;
}
/** Draws a typed text tree (kb.Node). No HTML string is ever parsed. */
export function Nodes({ nodes }: { nodes: Node[] | undefined }): JSX.Element {
	return <>{(nodes ?? []).map(draw)}</>;
}
const tags: Record<string, keyof JSX.IntrinsicElements> = {
	p: "p",
	b: "strong",
	bold: "strong",
	i: "em",
	italic: "em",
	li: "li",
	item: "li",
	quote: "blockquote",
};
function draw(n: Node): ComponentChildren {
	const kids = n.c?.map(draw);
	switch (n.t) {
		case "text":
			return n.text ?? "";
		case "br":
			return <br />;
		case "hr":
			return <hr />;
		case "code":
			return <code>{n.text}</code>;
		case "pre":
			return (
				<pre>
					<code>{n.text}</code>
				</pre>
			);
		case "img":
			// Another host would learn who reads this, and when: its pictures stay words.
			return /^\/[^/\\]/.test(n.url ?? "") ? <img src={n.url} alt={n.text ?? ""} loading="lazy" /> : n.text;
		case "a":
		case "link":
			return safeURL(n.url) ? (
				<a href={safeURL(n.url)} target="_blank" rel="noopener noreferrer">
					{kids ?? n.text}
				</a>
			) : (
				(kids ?? n.text)
			);
		case "list":
		case "ul":
		case "ol":
			return n.ordered || n.t === "ol" ? <ol>{kids}</ol> : <ul>{kids}</ul>;
		case "h":
		case "heading": {
			const H = (["h3", "h3", "h4", "h5"] as const)[Math.min(n.level ?? 2, 3)] ?? "h3";
			return <H>{kids}</H>;
		}
		default: {
			const T = tags[n.t] as "p" | undefined;
			return T ? <T>{kids ?? n.text}</T> : (kids ?? n.text);
		}
	}
}
