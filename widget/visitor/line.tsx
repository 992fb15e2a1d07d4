import { useEffect, useState } from "preact/hooks";
import type { Line, View } from "../kit/conversation";
import { t } from "../kit/i18n";
import { Nodes } from "../kit/nodes";
import type { Item } from "../kit/outbox";
import { clock, day, exact } from "../kit/time";
import type { FileRef, Message } from "../kit/wire";
import { Icon } from "./icons";
import type { Session } from "./session";
import * as st from "./state";
import { Guide } from "./verify";

const TOGETHER_MS = 5 * 60_000;
type P = { s: Session; v: View; l: Line; before?: Line; state: boolean };

/** One line of the log, with its day above it where that changed. */
export function LineView({ s, v, l, before, state }: P) {
	const now = Date.now();
	const today = day(l.at, now);
	const fresh = !before || day(before.at, now) !== today;
	return (
		<>
			{fresh && <p class="day">{today}</p>}
			{"message" in l ? (
				<Said s={s} v={v} l={l} joined={!fresh && follows(l, before)} state={state} />
			) : (
				<p class="event">{t(l.key, l.params)}</p>
			)}
		</>
	);
}
function follows(l: Line, before?: Line): boolean {
	if (!before || !("message" in l) || !("message" in before)) return false;
	return l.role === before.role && l.message.name === before.message.name && l.at - before.at < TOGETHER_MS;
}
type SaidProps = { s: Session; v: View; l: Extract<Line, { message: Message }>; joined: boolean; state: boolean };
function Said({ s, v, l, joined, state }: SaidProps) {
	const mine = l.role === "visitor";
	const m = l.message;
	const at = l.seq <= (v.read.agent ?? 0) ? "read" : l.seq <= (st.delivered.value[v.topic] ?? 0) ? "delivered" : "sent";
	return (
		<div class={`msg${mine ? " mine" : ""}${joined ? " joined" : ""}`}>
			<b class={joined || mine ? "sr" : "name"}>{mine ? t("chat.you") : m.name || t("chat.agent")}</b>
			{m.text && (
				<div class="bubble" dir="auto">
					<Nodes nodes={m.nodes} />
				</div>
			)}
			{m.files?.map((f) => (
				<File key={f.id} s={s} f={f} />
			))}
			{m.article && (
				<button type="button" class="card" onClick={() => s.read(m.article ?? "").catch(() => undefined)}>
					<Icon name="page" />
					<span>{t("chat.guide")}</span>
				</button>
			)}
			{m.guide && <Guide s={s} v={v} message={m.id} guide={m.guide} />}
			<small>
				<time dateTime={new Date(l.at).toISOString()} title={exact(l.at)}>
					{clock(l.at)}
				</time>
				{mine && state && <span class="state"> · {t(`state.${at}`)}</span>}
			</small>
		</div>
	);
}
/** A message on its way, or one that will not go: then the way out stands beside it. */
export function Unsent({ s, item }: { s: Session; item: Item }) {
	const failed = Boolean(item.failed);
	return (
		<div class="msg mine unsent">
			<b class="sr">{t("chat.you")}</b>
			{item.text && (
				<div class="bubble" dir="auto">
					<p>{item.text}</p>
				</div>
			)}
			<small class={failed ? "wrong" : ""}>{t(failed ? "state.failed" : "state.waiting")}</small>
			{failed && (
				<p class="row">
					<button
						type="button"
						class="link"
						onClick={() => {
							s.outbox.retry(item.client_id, Date.now());
							void s.outbox.drain(Date.now());
						}}
					>
						{t("chat.retry")}
					</button>
					<button type="button" class="link" onClick={() => s.outbox.remove(item.client_id)}>
						{t("chat.discard")}
					</button>
				</p>
			)}
		</div>
	);
}
/** Pictures are shown; everything is saved under its own name, which is only ever text. */
function File({ s, f }: { s: Session; f: FileRef }) {
	const picture = f.type.startsWith("image/");
	const [url, setURL] = useState("");
	const [error, setError] = useState("");
	const get = async () => {
		const r = await s.fetch(`/v1/files/${f.id}`);
		return URL.createObjectURL(await r.blob());
	};
	useEffect(() => {
		if (!picture) return;
		let made = "";
		get().then(
			(u) => {
				made = u;
				setURL(u);
			},
			() => undefined,
		);
		return () => made && URL.revokeObjectURL(made);
	}, [f.id]);
	const save = () =>
		get().then(
			(u) => {
				const a = document.createElement("a");
				a.href = u;
				a.download = f.name;
				a.click();
				setTimeout(() => URL.revokeObjectURL(u), 10_000);
			},
			(e) => setError(st.words(e)),
		);
	return (
		<div class="file">
			{url && <img src={url} alt={f.name} />}
			<button type="button" class="card" onClick={() => void save()}>
				<Icon name="page" />
				<span>
					<b dir="auto">{f.name}</b>
					<span class="quiet">{bytes(f.size)}</span>
					{f.scrubbed && <span class="quiet">{t("chat.scrubbed")}</span>}
				</span>
			</button>
			<p role="alert" class="wrong">
				{error}
			</p>
		</div>
	);
}
function bytes(n: number): string {
	const f = (v: number, unit: string) =>
		new Intl.NumberFormat(document.documentElement.lang, { style: "unit", unit, maximumFractionDigits: 1 }).format(v);
	return n < 1 << 20 ? f(Math.max(1, Math.round(n / 1024)), "kilobyte") : f(n / (1 << 20), "megabyte");
}
