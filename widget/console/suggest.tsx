import type { JSX, RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../kit/i18n";
import { api, Icon, type IconName } from "../kit/ui";
import type { Row, Suggestion } from "../kit/wire";
import { draftOf, setDraft } from "./drafts";
import type { Session } from "./session";
import * as st from "./state";
import { asked, fill } from "./vars";

type Choice = { id: string; icon: IconName; title: string; text: string; missing?: string[]; take(): void };
export type Suggesting = {
	open: boolean;
	sign: string;
	choices: Choice[];
	at: number;
	key(e: KeyboardEvent): boolean;
	look(): void;
	leave(): void;
	insert(sign: string): void;
	over(at: number): void;
};
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
export function matching(q: string, mailbox: string): st.SavedReply[] {
	const words = q.toLocaleLowerCase().split(/\s+/).filter(Boolean);
	const score = (x: st.SavedReply): number => {
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
type Ask = { sign: string; q: string; from: number };
export function useSuggest(
	s: Session,
	r: Row,
	note: boolean,
	box: RefObject<HTMLTextAreaElement | null>,
	text: string,
	set: (v: string) => void,
): Suggesting {
	const [ask, setAsk] = useState<Ask | undefined>();
	const [at, setAt] = useState(0);
	const [articles, setArticles] = useState<Suggestion[]>([]);
	const nth = useRef(0);
	const closed = useRef("");
	const leaving = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
	const signs = note ? "@" : "/#";
	const q = ask?.q ?? "";
	const sign = ask?.sign ?? "";
	useEffect(() => {
		if (sign !== "#") return;
		const mine = ++nth.current;
		void articlesFor(s, r.id, q).then((found) => mine === nth.current && setArticles(found));
	}, [sign, q, s, r.id]);
	const replace = (by: string) => {
		const b = box.current;
		const from = ask?.from ?? text.length;
		const to = b?.selectionStart ?? text.length;
		const next = text.slice(0, from) + by + text.slice(to);
		set(next);
		setAsk(undefined);
		requestAnimationFrame(() => {
			b?.focus();
			b?.setSelectionRange(from + by.length, from + by.length);
		});
	};
	const choices: Choice[] = !ask
		? []
		: sign === "/"
			? matching(q, r.mailbox).map((x) => {
					const f = fill(x.text, variables(r));
					const take = () => {
						setDraft(r.id, { brought: [...draftOf(r.id).brought, ...f.missing] });
						replace(f.text);
					};
					return {
						id: x.id,
						icon: x.owner ? "person" : "bolt",
						title: x.title,
						text: f.text,
						missing: f.missing,
						take,
					};
				})
			: sign === "#"
				? articles.map((a) => ({
						id: a.article,
						icon: "book",
						title: a.title,
						text: a.summary,
						take: () => {
							setDraft(r.id, { article: { id: a.article, label: a.title } });
							replace("");
						},
					}))
				: people(q).map((p) => ({
						id: p.id,
						icon: "person",
						title: p.name,
						text: t(`role.${p.role}`),
						take: () => {
							setDraft(r.id, { mentions: [...draftOf(r.id).mentions, { id: p.id, label: p.name }] });
							replace(`@${p.name} `);
						},
					}));
	const open = Boolean(ask) && (choices.length > 0 || sign === "/");
	const look = () => {
		clearTimeout(leaving.current); // back in the field before the list was put away
		requestAnimationFrame(() => {
			const b = box.current;
			const found = b ? asked(b.value, b.selectionStart ?? 0, signs) : undefined;
			const mark = found ? `${found.sign}${found.from}` : "";
			if (mark !== closed.current) closed.current = "";
			setAsk(found && !closed.current ? found : undefined);
			setAt(0);
		});
	};
	return {
		open,
		sign,
		choices,
		at,
		look,
		over: setAt,
		leave: () => {
			leaving.current = setTimeout(() => setAsk(undefined), 150);
		},
		insert: (with_) => {
			const b = box.current;
			const to = b?.selectionStart ?? text.length;
			const gap = to > 0 && !/\s/.test(text[to - 1] ?? " ") ? " " : "";
			set(`${text.slice(0, to)}${gap}${with_}${text.slice(to)}`);
			requestAnimationFrame(() => {
				b?.focus();
				b?.setSelectionRange(to + gap.length + 1, to + gap.length + 1);
				look();
			});
		},
		key: (e) => {
			if (!open) return false;
			if (e.key === "Escape") {
				closed.current = ask ? `${ask.sign}${ask.from}` : "";
				setAsk(undefined);
			} else if (e.key === "ArrowDown" || e.key === "ArrowUp")
				setAt((at + (e.key === "ArrowDown" ? 1 : -1) + choices.length) % Math.max(1, choices.length));
			else if ((e.key === "Enter" || e.key === "Tab") && choices[at]) choices[at]?.take();
			else return false;
			e.preventDefault();
			e.stopPropagation();
			return true;
		},
	};
}
function people(q: string): st.Colleague[] {
	const low = q.toLocaleLowerCase();
	return st.colleagues.value
		.filter((c) => c.id !== st.myId.value && c.name.toLocaleLowerCase().includes(low))
		.slice(0, 6);
}
/** Without words: what fits the conversation. */
export async function articlesFor(s: Session, conversation: string, q: string): Promise<Suggestion[]> {
	const found = q.trim()
		? s.socket.command<{ results: Suggestion[] }>("article.search", { q, typing: true })
		: api<{ results: Suggestion[] }>("GET", `/v1/conversations/${conversation}/suggest`);
	return found.then(
		(r) => r.results.slice(0, 6),
		() => [],
	);
}
/** The list over the composer, with the text as it will stand (P55). */
export function Suggest({ of }: { of: Suggesting }): JSX.Element | null {
	if (!of.open) return null;
	const now = of.choices[of.at];
	return (
		<div class="suggest">
			<div class="suggest-list" role="listbox" id="suggest" aria-label={t(`suggest.${names[of.sign]}`)}>
				{of.choices.map((c, i) => (
					<div
						key={c.id}
						id={`suggest-${i}`}
						role="option"
						class="item"
						tabIndex={-1}
						aria-selected={i === of.at}
						onMouseEnter={() => of.over(i)}
						onMouseDown={(e) => {
							e.preventDefault();
							c.take();
						}}
					>
						<Icon name={c.icon} />
						<span class="grow">
							<b class="one-line block">{c.title}</b>
							<small class="one-line block">{c.text}</small>
						</span>
					</div>
				))}
				{!of.choices.length && <p class="hint pad">{t("suggest.none")}</p>}
			</div>
			{now && of.sign === "/" && (
				<div class="suggest-view wide-only">
					<p class="pre">{now.text}</p>
					{now.missing && now.missing.length > 0 && (
						<p class="notice wait">{t("suggest.missing", { names: now.missing.map((n) => `{${n}}`).join(", ") })}</p>
					)}
				</div>
			)}
		</div>
	);
}
const names: Record<string, string> = { "/": "replies", "#": "articles", "@": "people" };
