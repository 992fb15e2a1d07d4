import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { has, t } from "../kit/i18n";
import { ago, exact } from "../kit/time";
import { api, Button, Empty, Icon, Skeleton, toast, words } from "../kit/ui";
import { type Event, is, isGate, type Row } from "../kit/wire";
import { When } from "./said";
import type { Session } from "./session";
import * as st from "./state";
import { said, type Thread as T } from "./story";
import { Thread } from "./thread";
import { wayIcon, wayName } from "./types";
import { visitorName } from "./words";

const names = { agent: st.agentName, mailbox: st.boxName };

/** All that happened here, and what there was before (P12, P85). */
export function History({ s, r }: { s: Session; r: Row }): JSX.Element {
	const [at, setAt] = useState<{ row: Row; thread: T } | undefined>();
	useEffect(() => setAt(undefined), [r.id]);
	if (at)
		return (
			<section class="earlier">
				<Button icon="back" look="quiet" class="way-back" onClick={() => setAt(undefined)}>
					{t("history.back")}
				</Button>
				<h2>{exact(at.row.started_at)}</h2>
				<Thread s={s} r={at.row} frozen={at.thread} />
			</section>
		);
	return (
		<>
			<Earlier r={r} onRead={(row, thread) => setAt({ row, thread })} />
			<Log s={s} r={r} />
		</>
	);
}

/** Earlier conversations of the same browser, never of the same typed address. */
function Earlier({ r, onRead }: { r: Row; onRead(row: Row, thread: T): void }): JSX.Element {
	const [list, setList] = useState<Row[] | undefined>();
	useEffect(() => {
		api<{ conversations: Row[] }>("GET", `/v1/conversations/${r.id}/history`).then(
			(x) => setList(x.conversations),
			(e) => toast(words(e), "stop"),
		);
	}, [r.id]);
	const read = async (row: Row) => {
		type R = { events: Event[]; staff?: Event[]; head: number; staff_head?: number };
		const x = await api<R>("GET", `/v1/conversations/${row.id}/events?limit=200`);
		onRead(row, { id: row.id, events: x.events, staff: x.staff ?? [], seq: x.head, staffSeq: 0, loaded: true });
	};
	if (list && !list.length)
		return (
			<Empty icon="clock" title={t("history.none")}>
				{t("history.none.hint")}
			</Empty>
		);
	return (
		<section>
			<h2>{t("history.title")}</h2>
			<p class="hint">{t("history.hint")}</p>
			{!list && <Skeleton lines={2} />}
			{list?.map((x) => (
				<button
					type="button"
					class="card line"
					key={x.id}
					onClick={() => void read(x).catch((e) => toast(words(e), "stop"))}
				>
					<span class="grow">
						<span class="card-top">
							<b class="grow one-line">{visitorName(x)}</b>
							<time title={exact(x.started_at)}>{ago(x.started_at, st.now.value)}</time>
						</span>
						<span class="one-line block">
							<bdi>{x.subject || x.first_words || t("list.nowords")}</bdi>
						</span>
						<span class="hint">
							{st.boxName(x.mailbox)} · {t(`status.${x.status}`)}
						</span>
					</span>
				</button>
			))}
		</section>
	);
}

/** Every event of the conversation, newest first: when, who, what. */
function Log({ s, r }: { s: Session; r: Row }): JSX.Element {
	const th = st.threads.value[r.id];
	const [busy, setBusy] = useState(false);
	const first = th?.events[0]?.seq ?? 0;
	const all = [...(th?.events ?? []), ...(th?.staff ?? [])].sort((a, b) => b.at - a.at || b.seq - a.seq);
	const more = async () => {
		setBusy(true);
		await s.earlier(r.id).catch((e) => toast(words(e), "stop"));
		setBusy(false);
	};
	return (
		<section class="log">
			<h2>{t("log.title")}</h2>
			<p>
				<Icon name={wayIcon(r)} /> {t("log.channel", { channel: wayName(r) })}
			</p>
			<ol class="plain-list" reversed>
				{all.map((e) => (
					<li key={e.id}>
						<When at={e.at} /> <b>{who(e, r)}</b> <span dir="auto">{what(e)}</span>
					</li>
				))}
			</ol>
			{first > 1 && (
				<Button busy={busy} onClick={() => void more()}>
					{t("log.more")}
				</Button>
			)}
		</section>
	);
}
function who(e: Event, r: Row): string {
	if (e.by.role === "visitor") return visitorName(r);
	if (e.by.id?.startsWith("ag_")) return st.agentName(e.by.id) || t("log.agent");
	return t(e.by.role === "host" ? "log.host" : "log.system");
}
/** What happened; the event's own name where we have no words, so that nothing is hidden. */
function what(e: Event): string {
	if (is(e, "conversation.escalated")) return t("log.escalated", { level: t(`escalate.level.${e.data.level}`) });
	if (isGate(e)) return has(`gate.${e.data.state}`) ? t(`gate.${e.data.state}`) : e.ev;
	const line = said(e, names);
	if (line) return t(line.key, line.params);
	return has(`log.${e.ev}`) ? t(`log.${e.ev}`) : e.ev;
}
