import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { View } from "../kit/conversation";
import { t } from "../kit/i18n";
import { Composer } from "./composer";
import { End } from "./end";
import { Icon } from "./icons";
import { LineView, Unsent } from "./line";
import type { Session } from "./session";
import * as st from "./state";
import { Verify } from "./verify";

const NEAR = 80;

/** One conversation: what was said, the gate's card, and the field to write in. */
export function Chat({ s }: { s: Session }) {
	const v = st.views.value[st.current.value];
	if (!v) return <p class="body">{t("trouble.loading")}</p>;
	return (
		<section class="chat" key={v.topic}>
			<Log s={s} v={v} />
			<div class="now" role="status">
				{st.typing.value && <p class="quiet">{t("chat.typing", { name: st.typing.value })}</p>}
				{v.status === "queued" && <p class="quiet">{place()}</p>}
			</div>
			{v.status === "queued" && <ByMail s={s} v={v} />}
			{v.idling && v.status !== "queued" && <Idle key={v.idling.id} s={s} topic={v.topic} />}
			{v.status === "closed" ? <End s={s} v={v} /> : <Composer s={s} v={v} />}
		</section>
	);
}
function place(): string {
	const at = st.position.value;
	if (!at) return t("wait.queued");
	const words = at.place ? t("wait.place", { n: at.place }) : t("wait.next");
	return at.wait ? `${words} ${t("home.wait", { minutes: Math.ceil(at.wait / 60) })}` : words;
}
/** Stays at the newest line while the reader is there; else a pill says that more came. */
function Log({ s, v }: { s: Session; v: View }) {
	const log = useRef<HTMLDivElement>(null);
	const near = useRef(true);
	const [more, setMore] = useState(false);
	const mine = st.waiting.value.filter((i) => i.conversation === v.topic);
	const gates = Object.values(v.changes).filter((c) => c.state !== "draft" && c.state !== "drafted");
	const mark = `${v.seq}/${mine.length}/${st.typing.value}`;
	const down = () => log.current?.scrollTo({ top: log.current.scrollHeight });
	useLayoutEffect(() => {
		if (near.current) down();
		else setMore(true);
	}, [mark]);
	useEffect(() => {
		near.current = true;
		down();
		// A keyboard that opens, a field that grows, the stars at the end: what was in sight stays in sight.
		const size = new ResizeObserver(() => near.current && down());
		if (log.current) size.observe(log.current);
		return () => size.disconnect();
	}, [v.topic]);
	const lastMine = v.lines.findLast((l) => "message" in l && l.role === "visitor")?.seq ?? 0;
	return (
		<div class="frame">
			<div
				role="log"
				aria-label={t("chat.log")}
				class="log"
				// biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by key
				tabIndex={0}
				ref={log}
				onScroll={(e) => {
					const b = e.currentTarget;
					near.current = b.scrollHeight - b.scrollTop - b.clientHeight < NEAR;
					if (near.current) setMore(false);
				}}
			>
				{v.lines.map((l, i) => (
					<LineView key={l.id} s={s} v={v} l={l} before={v.lines[i - 1]} state={l.seq === lastMine} />
				))}
				{mine.map((i) => (
					<Unsent key={i.client_id} s={s} item={i} />
				))}
				{gates.map((c) => (
					<Verify key={c.change} s={s} c={c} frozen={v.frozen} />
				))}
			</div>
			{more && (
				<button type="button" class="pill" onClick={down}>
					<Icon name="down" />
					{t("chat.new")}
				</button>
			)}
		</div>
	);
}
/** A press puts the end off, as a word does; the warning goes when the gateway says so. */
function Idle({ s, topic }: { s: Session; topic: string }) {
	const [busy, setBusy] = useState(false);
	const [error, setError] = useState("");
	const stay = () => {
		if (busy) return;
		setBusy(true);
		s.socket.command("conversation.stay", { conversation: topic }).catch((e) => {
			setBusy(false);
			setError(st.words(e));
		});
	};
	return (
		<div class="trouble row" role="alert">
			<span>{error || t("line.idling")}</span>
			<button type="button" aria-disabled={busy} onClick={stay}>
				{t("chat.stay")}
			</button>
		</div>
	);
}
/** Waiting is never the only way: the same words can become a ticket at any moment. */
function ByMail({ s, v }: { s: Session; v: View }) {
	const [asked, setAsked] = useState(false);
	const [email, setEmail] = useState("");
	const [error, setError] = useState("");
	const send = (to: string) =>
		s.socket
			.command("conversation.ticket", { conversation: v.topic, ...(to ? { email: to } : {}) })
			.catch((e) => setError(st.words(e)));
	if (!asked)
		return (
			<p class="aside">
				<button
					type="button"
					class="link"
					onClick={() => (st.hello.value?.identity?.email ? void send("") : setAsked(true))}
				>
					{t("wait.email")}
				</button>
			</p>
		);
	return (
		<form
			class="aside"
			onSubmit={(e) => {
				e.preventDefault();
				void send(email.trim());
			}}
		>
			<label>
				{t("wait.email.to")}
				<input
					type="email"
					autocomplete="email"
					value={email}
					onInput={(e) => setEmail(e.currentTarget.value)}
					ref={(el) => {
						if (el && !email) el.focus();
					}}
				/>
			</label>
			<p class="row">
				<button type="submit" class="main">
					{t("wait.email")}
				</button>
				<button type="button" onClick={() => setAsked(false)}>
					{t("wait.stay")}
				</button>
			</p>
			<p role="alert" class="wrong">
				{error}
			</p>
		</form>
	);
}
