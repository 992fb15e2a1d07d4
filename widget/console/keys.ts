export type Action =
	| "palette"
	| "shortcuts"
	| "accept"
	| "next"
	| "previous"
	| "reply"
	| "note"
	| "close"
	| "claim"
	| "assign"
	| "verify"
	| "articles"
	| "draft"
	| "snooze"
	| "follow"
	| "undo"
	| "merge"
	| "forward"
	| "chat"
	| "pane-next"
	| "pane-previous"
	| "escape"
	| `go:${string}`
	| `be:${string}`;
export type Press = {
	key: string;
	ctrl: boolean;
	meta: boolean;
	alt: boolean;
	shift: boolean;
	/** A field has the focus. */
	typing: boolean;
	/** A button, link or tab has the focus: arrows belong to it. */
	control: boolean;
	/** A dialog, a menu or the offer itself has the focus: Enter belongs to it. */
	layer: boolean;
	composing: boolean;
};
const single: Record<string, Action> = {
	"?": "shortcuts",
	o: "accept",
	j: "next",
	k: "previous",
	r: "reply",
	n: "note",
	e: "close",
	i: "claim",
	a: "assign",
	v: "verify",
	b: "articles",
	m: "draft",
	s: "snooze",
	f: "follow",
	z: "undo",
	y: "merge",
	w: "forward",
	c: "chat",
};
const goes: Record<string, string> = {
	i: "incoming",
	m: "mine",
	u: "unassigned",
	t: "missed",
	w: "waiting",
	z: "snoozed",
	c: "closed",
	r: "replies",
	a: "admin",
};
const bes: Record<string, string> = { "1": "available", "2": "assign_only", "3": "unavailable", "4": "menu" };

/** Turns key presses into actions (web.md §6). Holds the first key of G and D for a second. */
export class Keys {
	#first = "";
	#at = 0;
	/** Single keys can be switched off (WCAG 2.1.4). */
	single = true;

	take(p: Press, now: number): Action | undefined {
		if (p.composing) return undefined;
		const key = p.key.length === 1 ? p.key.toLowerCase() : p.key;
		if ((p.ctrl || p.meta) && !p.alt && key === "k") return "palette";
		if (key === "F6") return p.shift ? "pane-previous" : "pane-next";
		if (key === "Escape") return "escape";
		if (p.typing || p.ctrl || p.meta || p.alt) return this.#forget();
		if (key === "Enter") return p.layer ? undefined : "accept";
		if (!this.single) return undefined;
		if (key === "ArrowDown" || key === "ArrowUp") {
			if (p.control) return undefined;
			return key === "ArrowDown" ? "next" : "previous";
		}
		const first = now - this.#at < 1000 ? this.#first : "";
		this.#first = "";
		if (first === "g") return goes[key] ? `go:${goes[key]}` : undefined;
		if (first === "d") return bes[key] ? `be:${bes[key]}` : undefined;
		if (key === "g" || key === "d") {
			this.#first = key;
			this.#at = now;
			return undefined;
		}
		return single[key];
	}
	#forget(): undefined {
		this.#first = "";
		return undefined;
	}
}
/** A browser's event as Keys reads it. */
export function press(e: KeyboardEvent): Press {
	const at = e.target instanceof Element ? e.target : undefined;
	const typing = at?.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
	const control = at?.closest("button, a, summary, dialog, [popover], [role=tab], input");
	return {
		key: e.key,
		ctrl: e.ctrlKey,
		meta: e.metaKey,
		alt: e.altKey,
		shift: e.shiftKey,
		typing: Boolean(typing),
		control: Boolean(control),
		layer: Boolean(at?.closest("dialog, [popover], .offer")),
		composing: e.isComposing,
	};
}
