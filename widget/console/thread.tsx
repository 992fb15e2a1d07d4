import type { JSX, RefObject } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { has, pick, t } from "../kit/i18n";
import type { Item as Unsent } from "../kit/outbox";
import { day, upcoming } from "../kit/time";
import { Button, Empty, Icon, Skeleton, toast, words } from "../kit/ui";
import type { Row } from "../kit/wire";
import { Escalated } from "./escalate";
import { gateLook } from "./gate-look";
import { HeldList } from "./held";
import { joined, type Part } from "./merged";
import { Partings } from "./parting";
import { Pending, Said, When } from "./said";
import type { Session } from "./session";
import * as st from "./state";
import { type Fold, folds, type Item, readBy, stored, story, type Thread as T } from "./story";
import { ties } from "./ties";

const none: Part[] = [];
const names = { agent: st.agentName, mailbox: st.boxName };

/** The conversation as staff sees it. Frozen, it only reads: an earlier one in History. */
export function Thread({ s, r, frozen }: { s: Session; r: Row; frozen?: T }): JSX.Element {
	const th = frozen ?? st.threads.value[r.id];
	const parts = frozen ? none : (ties.value[r.id]?.parts ?? none);
	const items = useMemo(() => (th ? joined(story(th, names), parts, names) : []), [th, parts]);
	const unsent = frozen ? [] : pending(r.id, th);
	const box = useRef<HTMLDivElement>(null);
	const { more, toEnd, scroll } = usePinned(
		box,
		items,
		unsent.length + (st.details.value[r.id]?.held.length ?? 0) + (st.details.value[r.id]?.partings.length ?? 0),
	);
	const [firstNew] = useState(() => st.seen.value[r.id] ?? 0);
	useEffect(() => {
		if (!frozen) s.look();
	}, [s, frozen]);
	const read = th ? readBy(th, "visitor") : 0;
	const got = st.delivered.value[r.id] ?? 0;
	return (
		<div class="log-box">
			<div
				class="log"
				ref={box}
				role="log"
				aria-label={t("thread.log")}
				aria-busy={!th?.loaded}
				// biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by key
				tabIndex={0}
				onScroll={scroll}
			>
				{!th?.loaded && <Skeleton lines={3} />}
				{th?.loaded && (th.events[0]?.seq ?? 1) > 1 && !frozen && (
					<Button look="quiet" onClick={() => void s.earlier(r.id).catch((e) => toast(words(e), "stop"))}>
						{t("thread.earlier")}
					</Button>
				)}
				{th?.loaded && !items.length && <Empty icon="chat" title={t("thread.empty")} />}
				{folds(items).map((f) => (
					<Run key={f.items[0]?.id} f={f} s={s} r={r} read={read} got={got} seen={firstNew} />
				))}
				{!frozen && <HeldList s={s} r={r} />}
				{!frozen && <Partings s={s} r={r} />}
				{unsent.map((u) => (
					<Pending key={u.client_id} s={s} u={u} />
				))}
			</div>
			{!frozen && <Typing id={r.id} />}
			{more && (
				<Button class="to-end" icon="down" onClick={toEnd}>
					{t("thread.new")}
				</Button>
			)}
		</div>
	);
}
function pending(id: string, th: T | undefined): Unsent[] {
	const known = stored(th);
	return st.waiting.value.filter((u) => u.conversation === id && !known.has(u.client_id));
}
/** Keeps the end in view while it is in view: for new lines, for a window that shrinks, for pictures that arrive. */
function usePinned(box: RefObject<HTMLDivElement | null>, items: Item[], own: number) {
	const end = useRef(true);
	const [more, setMore] = useState(false);
	const toEnd = () => {
		const b = box.current;
		if (b) b.scrollTop = b.scrollHeight;
	};
	useLayoutEffect(() => {
		if (own) end.current = true; // who writes looks at what he wrote
	}, [own]);
	const size = items.length + own;
	const last = items.at(-1);
	const news = last?.kind === "message" && last.by !== st.myId.value;
	useLayoutEffect(() => {
		if (end.current) toEnd();
		else if (news) setMore(true);
	}, [size, news]);
	useEffect(() => {
		const b = box.current;
		if (!b) return;
		const keep = () => end.current && toEnd();
		const sizes = new ResizeObserver(keep);
		sizes.observe(b);
		b.addEventListener("load", keep, true);
		return () => {
			sizes.disconnect();
			b.removeEventListener("load", keep, true);
		};
	}, [box]);
	const scroll = () => {
		const b = box.current;
		if (!b) return;
		end.current = b.scrollHeight - b.scrollTop - b.clientHeight < 60;
		if (end.current) setMore(false);
	};
	return { more, toEnd, scroll };
}
function Typing({ id }: { id: string }): JSX.Element {
	const now = st.typing.value[id];
	return (
		<p class="typing" role="status">
			{now && now.until > st.now.value && (
				<>
					<span class="dots" aria-hidden="true">
						<i />
						<i />
						<i />
					</span>
					{now.name ? t("thread.types", { name: now.name }) : t("thread.types.visitor")}
				</>
			)}
		</p>
	);
}
type Common = { s: Session; r: Row; read: number; got: number; seen: number };
/** One item, or a run of event lines: of those the last one shows, the others are one press away. */
function Run({ f, ...common }: Common & { f: Fold }): JSX.Element {
	const [open, setOpen] = useState(false);
	const last = f.items.at(-1);
	if (!f.folded || open || !last)
		return (
			<>
				{f.items.map((i, n) => (
					<One key={i.id} {...common} i={i} before={f.items[n - 1] ?? f.before} />
				))}
			</>
		);
	return (
		<One {...common} i={last} before={f.before}>
			<button type="button" class="link" aria-expanded={false} onClick={() => setOpen(true)}>
				{t("thread.events", { n: f.items.length - 1 })}
			</button>
		</One>
	);
}
type OneProps = Common & { i: Item; before?: Item; children?: JSX.Element };
function One({ s, r, i, before, read, got, seen, children }: OneProps): JSX.Element {
	const today = day(i.at, st.now.value);
	const newDay = !before || day(before.at, st.now.value) !== today;
	const unreadHere = seen > 0 && i.at > seen && (!before || before.at <= seen) && i.kind === "message";
	return (
		<>
			{newDay && (
				<p class="day">
					<span>{today}</span>
				</p>
			)}
			{unreadHere && i.role === "visitor" && (
				<p class="day new">
					<span>{t("list.new")}</span>
				</p>
			)}
			{i.kind === "line" ? (
				<p class={`sys ${i.tone ?? ""}`}>
					{i.of && `${i.of} · `}
					{t(has(i.key) ? i.key : "sys.released", i.params)} <When at={i.at} /> {children}
				</p>
			) : i.kind === "escalation" ? (
				<Escalated i={i} />
			) : i.kind === "gate" ? (
				<GateLine i={i} />
			) : (
				<Said s={s} r={r} i={i} joined={joins(before, i)} read={read} got={got} />
			)}
		</>
	);
}
function joins(a: Item | undefined, b: Item): boolean {
	if (
		!a ||
		a.of !== b.of ||
		a.kind !== b.kind ||
		(a.kind !== "message" && a.kind !== "note") ||
		(b.kind !== "message" && b.kind !== "note")
	)
		return false;
	return a.by === b.by && a.role === b.role && b.at - a.at < 120_000 && day(a.at, b.at) === day(b.at, b.at);
}
function GateLine({ i }: { i: Extract<Item, { kind: "gate" }> }): JSX.Element {
	const look = gateLook(i.move.state);
	return (
		<p class={`sys gate ${look.tone}`}>
			<Icon name={look.icon} fill={look.fill} />{" "}
			<button
				type="button"
				class="link"
				onClick={() => {
					st.tab.value = "verify";
					st.pane.value = "side";
				}}
			>
				{pick(i.move.title) || i.move.kind}
			</button>
			: {t(`gate.${i.move.state}`, { time: i.move.until ? upcoming(i.move.until) : "" })} <When at={i.at} />
		</p>
	);
}
