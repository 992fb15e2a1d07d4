import { t } from "../kit/i18n";
import { api, type IconName } from "../kit/ui";
import type { Colleague, Row, SavedReply, Suggestion } from "../kit/wire";
import { draftOf, setDraft } from "./drafts";
import type { Session } from "./session";
import * as st from "./state";
import { fill } from "./vars";

/** One line of the list over the composer; take puts it in. */
export type Choice = { id: string; icon: IconName; title: string; text: string; missing?: string[]; take(): void };

/** What the variables of a saved reply mean in this conversation (P56). */
export function variables(r: Row): Record<string, string | undefined> {
	return {
		"agent.name": st.me.value?.name,
		"visitor.name": r.claimed?.name,
		"visitor.email": r.claimed?.email,
		"mailbox.name": st.boxName(r.mailbox),
		"ticket.number": r.number ? String(r.number) : undefined,
	};
}
/** Replies that may be used in this mailbox, best match first. */
export function matching(q: string, mailbox: string): SavedReply[] {
	const words = q.toLocaleLowerCase().split(/\s+/).filter(Boolean);
	const score = (x: SavedReply): number => {
		const title = x.title.toLocaleLowerCase();
		const all = `${title} ${x.text.toLocaleLowerCase()}`;
		if (!words.every((w) => all.includes(w))) return -1;
		return words.filter((w) => title.includes(w)).length + (words[0] && title.startsWith(words[0]) ? 1 : 0);
	};
	return st.replies.value
		.filter((x) => !x.mailbox || x.mailbox === mailbox)
		.map((x) => ({ x, n: score(x) }))
		.filter((m) => m.n >= 0)
		.sort((a, b) => b.n - a.n || a.x.title.localeCompare(b.x.title))
		.slice(0, 8)
		.map((m) => m.x);
}
/** "/": saved replies, as they will stand. */
export function replyChoices(r: Row, q: string, put: (by: string) => void): Choice[] {
	return matching(q, r.mailbox).map((x) => {
		const f = fill(x.text, variables(r));
		const take = () => {
			setDraft(r.id, { brought: [...draftOf(r.id).brought, ...f.missing] });
			put(f.text);
		};
		return { id: x.id, icon: x.owner ? "person" : "bolt", title: x.title, text: f.text, missing: f.missing, take };
	});
}
/** "#": articles, which go along as a card. */
export function articleChoices(r: Row, found: Suggestion[], put: (by: string) => void): Choice[] {
	return found.map((a) => {
		const take = () => {
			setDraft(r.id, { article: { id: a.article, label: a.title } });
			put("");
		};
		return { id: a.article, icon: "book", title: a.title, text: a.summary, take };
	});
}
/** "@": colleagues. */
export function peopleChoices(r: Row, q: string, put: (by: string) => void): Choice[] {
	return people(q).map((p) => {
		const take = () => {
			setDraft(r.id, { mentions: [...draftOf(r.id).mentions, { id: p.id, label: p.name }] });
			put(`@${p.name} `);
		};
		return { id: p.id, icon: "person", title: p.name, text: t(`role.${p.role}`), take };
	});
}
function people(q: string): Colleague[] {
	const low = q.toLocaleLowerCase();
	const begins = (c: Colleague) => Number(c.name.toLocaleLowerCase().startsWith(low));
	return st.colleagues.value
		.filter((c) => c.id !== st.myId.value && c.name.toLocaleLowerCase().includes(low))
		.sort((a, b) => begins(b) - begins(a))
		.slice(0, 6);
}
/** Articles by words; without words those that fit the conversation. */
export async function articlesFor(s: Session, conversation: string, q: string): Promise<Suggestion[]> {
	const found = q.trim()
		? s.socket.command<{ results: Suggestion[] }>("article.search", { q, typing: true })
		: api<{ results: Suggestion[] }>("GET", `/v1/conversations/${conversation}/suggest`);
	return found.then(
		(r) => r.results.slice(0, 6),
		() => [],
	);
}
