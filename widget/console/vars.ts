/** Saved replies' variables, by the rule of gateway/reply.go: {name} or {name|fallback}. */
const mark = /\{([a-z._]{1,40})(\|([^{}]*))?\}/g;

export type Filled = { text: string; missing: string[] };

/** A variable without value takes its fallback; one with neither stays as written and is named. */
export function fill(text: string, vars: Record<string, string | undefined>): Filled {
	const missing: string[] = [];
	const out = text.replace(mark, (all, name: string, has: string | undefined, fallback: string | undefined) => {
		const value = vars[name];
		if (value) return value;
		if (has !== undefined) return fallback ?? "";
		missing.push(name);
		return all;
	});
	return { text: out, missing };
}
/** Variables that still stand in a text about to be sent: dotted names always, others if a reply brought them. */
export function unfilled(text: string, brought: readonly string[]): string[] {
	const found = [...text.matchAll(mark)].map((m) => m[1] ?? "");
	return [...new Set(found.filter((n) => n.includes(".") || brought.includes(n)))];
}
/** What "/", "#" and "@" before the caret ask for; undefined when there is none. */
export function asked(
	text: string,
	caret: number,
	signs: string,
): { sign: string; q: string; from: number } | undefined {
	const before = text.slice(0, caret);
	const from = Math.max(...[...signs].map((s) => before.lastIndexOf(s)));
	if (from < 0) return undefined;
	const sign = before[from] ?? "";
	const prev = before[from - 1];
	if (prev !== undefined && !/\s/.test(prev)) return undefined;
	const q = before.slice(from + 1);
	if (q.length > 40 || /\n/.test(q) || /^\s/.test(q) || (q.match(/\s/g)?.length ?? 0) > 3) return undefined;
	return { sign, q, from };
}
