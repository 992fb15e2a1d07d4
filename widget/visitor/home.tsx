import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../kit/i18n";
import { upcoming } from "../kit/time";
import type { Suggestion } from "../kit/wire";
import { Icon } from "./icons";
import type { Session } from "./session";
import * as st from "./state";

type Found = { q: string; list: Suggestion[]; fits: boolean };
/** After this long without a key the question counts as asked, and the agent will see it. */
const SETTLED_MS = 1500;

/** Self-help first; a person is one click away. */
export function Home({ s }: { s: Session }) {
	const slot = useRef<HTMLDivElement>(null);
	const { found, q } = useSearch(s, slot);
	const box = useRef<HTMLElement>(null);
	useEffect(() => {
		const on = (e: KeyboardEvent) => arrows(e, box.current);
		box.current?.addEventListener("keydown", on);
		return () => box.current?.removeEventListener("keydown", on);
	}, []);
	const list = q ? (found?.list ?? []) : st.suggestions.value;
	const none = Boolean(q && found && !(found.fits && found.list.length));
	return (
		<>
			<section class="body home" ref={box}>
				<label class="hero">
					<span>{t("home.title")}</span>
					<span class="find">
						<Icon name="search" />
						<input
							data-first
							type="search"
							autocomplete="off"
							enterkeyhint="search"
							value={st.query.value}
							placeholder={t("home.search")}
							onInput={(e) => {
								st.query.value = e.currentTarget.value;
							}}
						/>
					</span>
				</label>
				<p role="status" class={none ? "empty" : "sr"}>
					{none ? t("home.none", { q }) : q && found ? t("home.count", { n: found.list.length }) : ""}
				</p>
				<div role="status" class="cards" key={q} ref={slot} />
				{list.length > 0 && !none && (
					<section aria-labelledby="found">
						<h2 id="found">{t(q ? "home.results" : "home.suggested")}</h2>
						<ul class="cards">
							{list.map((r) => (
								<li key={r.article}>
									<button type="button" class="card" data-move onClick={() => s.read(r.article).catch(() => undefined)}>
										<Icon name="page" />
										<span dir="auto">
											<b>{r.title}</b>
											<span class="quiet">{r.summary}</span>
										</span>
									</button>
								</li>
							))}
						</ul>
					</section>
				)}
				<Earlier />
			</section>
			<Person />
		</>
	);
}
/** Answers to older letters are dropped: only what stands in the field counts. */
function useSearch(s: Session, slot: RefObject<HTMLDivElement | null>): { found: Found | undefined; q: string } {
	const [found, setFound] = useState<Found>();
	const asked = useRef(0);
	const q = st.query.value.trim();
	const live = st.phase.value === "live";
	useEffect(() => {
		const mine = ++asked.current;
		if (!q) {
			setFound(undefined);
			return;
		}
		if (!live) return;
		const ask = (typing: boolean) =>
			s.socket.command<{ results: Suggestion[]; fits: boolean; ask?: true }>("article.search", { q, typing }).then(
				(r) => {
					if (mine !== asked.current) return;
					setFound({ q, list: r.results.slice(0, 3), fits: r.fits });
					// The element is of this question: what comes late for an older one is shown to nobody.
					const at = slot.current;
					if (r.ask && at) void import("./answer").then((m) => m.answer(at, s, q, t)).catch(() => undefined);
				},
				() => undefined,
			);
		void ask(true);
		const settled = setTimeout(() => void ask(false), SETTLED_MS);
		return () => clearTimeout(settled);
	}, [q, live, s]);
	return { found: found && q ? found : undefined, q };
}
/** Arrow keys walk from the field through the results and back. */
function arrows(e: KeyboardEvent, box: HTMLElement | null): void {
	if ((e.key !== "ArrowDown" && e.key !== "ArrowUp") || !box) return;
	const stops = [...box.querySelectorAll<HTMLElement>("[data-first],[data-move]")];
	const at = stops.indexOf(document.activeElement as HTMLElement);
	const to = stops[at + (e.key === "ArrowDown" ? 1 : -1)];
	if (at < 0 || !to) return;
	e.preventDefault();
	to.focus();
}
function Earlier() {
	const all = st.hello.value?.conversations ?? [];
	const v = st.views.value[st.current.value];
	const open = v && v.status !== "closed";
	if (!open && all.length === 0) return null;
	return (
		<section aria-labelledby="mine">
			<h2 id="mine">{t("home.all")}</h2>
			<ul class="cards">
				{open && (
					<li>
						<button type="button" class="card" onClick={() => (st.screen.value = "chat")}>
							<Icon name="chat" />
							<span>
								<b>{t("home.open")}</b>
								<span class="quiet">{v.agent || (v.number ? t("chat.number", { number: String(v.number) }) : "")}</span>
							</span>
							{st.unread.value > 0 && <span class="count">{st.unread.value}</span>}
						</button>
					</li>
				)}
				{all.length > (open ? 1 : 0) && (
					<li>
						<button type="button" class="card" onClick={() => (st.screen.value = "messages")}>
							<Icon name="next" flip />
							<span>{t("home.earlier")}</span>
						</button>
					</li>
				)}
			</ul>
		</section>
	);
}
/** Always there: a person, or a message when nobody can answer now. */
function Person() {
	const m = st.hello.value?.mailbox;
	const can = st.reachable.value;
	const said = !m
		? t("trouble.loading")
		: can
			? m.wait_s
				? t("home.wait", { minutes: Math.ceil(m.wait_s / 60) })
				: t("home.online")
			: t(m.open ? "home.nobody" : "home.closed") +
				(m.until && !m.open ? ` ${t("home.back", { time: upcoming(m.until) })}` : "");
	return (
		<footer>
			<p class="quiet" role="status">
				{said}
			</p>
			<button type="button" class="main wide" disabled={!m} onClick={() => (st.screen.value = "form")}>
				{t(can || !m ? "home.talk" : "home.leave")}
			</button>
		</footer>
	);
}
