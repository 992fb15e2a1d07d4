import type { JSX, RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../kit/i18n";
import { Icon } from "../kit/ui";
import type { Row, Suggestion } from "../kit/wire";
import { articleChoices, articlesFor, type Choice, peopleChoices, replyChoices } from "./choices";
import type { Session } from "./session";
import { asked } from "./vars";

type Ask = NonNullable<ReturnType<typeof asked>>;
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
type Box = RefObject<HTMLTextAreaElement | null>;

/** Puts the caret there as soon as the field has its new text. */
function caret(box: Box, at: number, then?: () => void): void {
	requestAnimationFrame(() => {
		box.current?.focus();
		box.current?.setSelectionRange(at, at);
		then?.();
	});
}
/** Articles for what is asked; the newest question wins. */
function useArticles(s: Session, r: Row, ask: Ask | undefined): Suggestion[] {
	const [found, setFound] = useState<Suggestion[]>([]);
	const nth = useRef(0);
	const q = ask?.sign === "#" ? ask.q : undefined;
	useEffect(() => {
		if (q === undefined) return;
		const mine = ++nth.current;
		void articlesFor(s, r.id, q).then((x) => mine === nth.current && setFound(x));
	}, [q, s, r.id]);
	return found;
}
/** "/" saved replies, "#" articles, "@" colleagues: what is asked for before the caret, and the keys of the list. */
export function useSuggest(
	s: Session,
	r: Row,
	note: boolean,
	box: Box,
	text: string,
	set: (v: string) => void,
): Suggesting {
	const [ask, setAsk] = useState<Ask | undefined>();
	const [at, setAt] = useState(0);
	const closed = useRef("");
	const leaving = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
	const articles = useArticles(s, r, ask);
	const put = (by: string) => {
		const from = ask?.from ?? text.length;
		set(text.slice(0, from) + by + text.slice(box.current?.selectionStart ?? text.length));
		setAsk(undefined);
		caret(box, from + by.length);
	};
	const choices = !ask
		? []
		: ask.sign === "/"
			? replyChoices(r, ask.q, put)
			: ask.sign === "#"
				? articleChoices(r, articles, put)
				: peopleChoices(r, ask.q, put);
	const open = Boolean(ask) && (choices.length > 0 || ask?.sign === "/");
	const look = () => {
		clearTimeout(leaving.current); // back in the field before the list was put away
		requestAnimationFrame(() => {
			const b = box.current;
			const found = b ? asked(b.value, b.selectionStart ?? 0, note ? "@" : "/#") : undefined;
			const mark = found ? `${found.sign}${found.from}` : "";
			if (mark !== closed.current) closed.current = "";
			setAsk(found && !closed.current ? found : undefined);
			setAt(0);
		});
	};
	const key = (e: KeyboardEvent): boolean => {
		if (!open) return false;
		const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
		if (e.key === "Escape") {
			closed.current = ask ? `${ask.sign}${ask.from}` : "";
			setAsk(undefined);
		} else if (step) setAt((at + step + choices.length) % Math.max(1, choices.length));
		else if ((e.key === "Enter" || e.key === "Tab") && choices[at]) choices[at]?.take();
		else return false;
		e.preventDefault();
		e.stopPropagation();
		return true;
	};
	const leave = () => {
		leaving.current = setTimeout(() => setAsk(undefined), 150);
	};
	const insert = (sign: string) => {
		const to = box.current?.selectionStart ?? text.length;
		const gap = to > 0 && !/\s/.test(text[to - 1] ?? " ") ? " " : "";
		set(`${text.slice(0, to)}${gap}${sign}${text.slice(to)}`);
		caret(box, to + gap.length + 1, look);
	};
	return { open, sign: ask?.sign ?? "", choices, at, look, over: setAt, leave, insert, key };
}
/** The list over the composer, with the text as it will stand (P55). */
export function Suggest({ of }: { of: Suggesting }): JSX.Element | null {
	const list = useRef<HTMLDivElement>(null);
	useEffect(() => list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" }), [of.at]);
	if (!of.open) return null;
	const now = of.choices[of.at];
	return (
		<div class="suggest">
			<div class="suggest-list" role="listbox" id="suggest" ref={list} aria-label={t(`suggest.${names[of.sign]}`)}>
				{of.choices.map((c, i) => (
					<div
						key={c.id}
						id={`suggest-${i}`}
						role="option"
						class="item"
						tabIndex={-1}
						aria-selected={i === of.at}
						// Not mouseenter: a list that opens under a resting pointer must not choose by itself.
						onMouseMove={() => of.over(i)}
						onMouseDown={(e) => {
							e.preventDefault();
							c.take();
						}}
					>
						<Icon name={c.icon} />
						<span class="grow">
							<b class="one-line block">
								<bdi>{c.title}</bdi>
							</b>
							<small class="one-line block">{c.text}</small>
						</span>
					</div>
				))}
				{!of.choices.length && <p class="hint pad">{t("suggest.none")}</p>}
			</div>
			{now && of.sign === "/" && (
				<div class="suggest-view">
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
