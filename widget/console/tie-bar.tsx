import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { has, t } from "../kit/i18n";
import { upcoming } from "../kit/time";
import { api, ask, Button, Field, FormDialog, Icon, type IconName, TextField, toast, words } from "../kit/ui";
import type { Row } from "../kit/wire";
import { type Fate, readMails, stopped } from "./mails";
import { find } from "./reads";
import type { Session } from "./session";
import * as st from "./state";
import { mayAct, mergeable, near, readTies, type Tie, ties } from "./ties";

/** What belongs to the open conversation: where it goes on, what goes on in it, what may be the same, and mails that
 * were given up. */
export function TieBar({ s, r }: { s: Session; r: Row }): JSX.Element | null {
	const moved = st.threads.value[r.id]?.staffSeq;
	const said = st.threads.value[r.id]?.seq;
	const twins = near(r);
	// A merge or split is an event of the staff's side; what became of a mail is one of either.
	useEffect(() => void readTies(r.id), [r.id, r.status, moved, twins]);
	useEffect(() => void (r.number && readMails(r.id)), [r.id, r.number, moved, said]);
	const list = ties.value[r.id]?.ties ?? [];
	const lost = stopped(r.id);
	if (!list.length && !lost.length) return null;
	return (
		<section class="ties" aria-label={t("tie.label")}>
			<ul>
				{list.map((x) => (
					<Line key={`${x.kind}${x.id}`} s={s} r={r} x={x} />
				))}
				{lost.map((m) => (
					<Lost key={m.message} r={r} m={m} />
				))}
			</ul>
		</section>
	);
}
const icons: Partial<Record<Tie["kind"], IconName>> = { alike: "info", onward: "chat", before: "mail" };
const nameOf = (x: { number?: number }): string => (x.number ? `#${x.number}` : t("tie.chat"));

function Line({ s, r, x }: { s: Session; r: Row; x: Tie }): JSX.Element {
	const name = nameOf(x);
	const undo = x.kind === "into" ? r.id : x.id;
	return (
		<li>
			<Icon name={icons[x.kind] ?? "link"} />
			<span class="grow">
				{t(`tie.${x.kind}`, { name })}
				{x.subject && (
					<>
						{" "}
						<bdi>{x.subject}</bdi>
					</>
				)}
				{x.why && <small class="block">{t(has(`reason.${x.why}`) ? `reason.${x.why}` : "tie.not")}</small>}
			</span>
			<Button
				look="quiet"
				onClick={() => void s.show(x.id).catch((e) => toast(words(e), "stop"))}
				aria-label={t("tie.open.of", { name })}
			>
				{t("tie.open")}
			</Button>
			{x.kind === "alike" && !x.why && mayAct(r) && (
				<Button onClick={() => void merge(s, x.id, r.id)} aria-label={t("tie.merge.of", { name })}>
					{t("tie.merge")}
				</Button>
			)}
			{x.until && mayAct(r) && (
				<Button
					look="quiet"
					icon="undo"
					title={t("tie.until", { time: upcoming(x.until) })}
					onClick={() => void s.act("conversation.unmerge", { conversation: undo }, t("tie.undone"))}
				>
					{t("tie.undo")}
				</Button>
			)}
		</li>
	);
}
/** A mail that was given up goes out again on a click, the same mail; to an address that takes none after a question. */
function Lost({ r, m }: { r: Row; m: Fate }): JSX.Element {
	const name = m.to ?? "";
	const again = async () => {
		const question = { title: t("mail.dead.title"), text: t("mail.dead.text", { name }), action: t("mail.again") };
		if (m.dead && !(await ask(question))) return;
		try {
			await api("POST", `/v1/mails/${m.message}/again`, m.dead ? { dead: true } : {});
			toast(t("mail.again.done"), "ok");
		} catch (e) {
			toast(words(e), "stop");
		}
		void readMails(r.id);
	};
	return (
		<li>
			<Icon name="warn" />
			<span class="grow">{t(m.dead ? "mail.dead" : "mail.lost", { name, code: m.code ?? "" })}</span>
			<Button icon="send" onClick={() => void again()} aria-label={t("mail.again.of", { name })}>
				{t("mail.again")}
			</Button>
		</li>
	);
}
/** Merges one conversation into another one and goes there; true when it worked. */
async function merge(s: Session, from: string, into: string): Promise<boolean> {
	if (!(await s.act("conversation.merge", { conversation: from, into }, t("tie.merged")))) return false;
	await s.show(into).catch((e) => toast(words(e), "stop"));
	void readTies(into);
	return true;
}
/** The open ticket or chat goes on in another ticket: one of those that may be the same, or any by its number. */
export function MergeDialog({ s, r, shut }: { s: Session; r: Row; shut(): void }): JSX.Element {
	const near = mergeable(r.id);
	const [number, setNumber] = useState(near[0]?.number ? String(near[0].number) : "");
	const [error, setError] = useState("");
	const [busy, setBusy] = useState(false);
	const submit = async () => {
		const n = Number(number.replace(/\D/g, ""));
		setBusy(true);
		const found = n ? await find(`#${n}`).catch(() => []) : [];
		const into = found.find((x) => x.number === n) ?? near.find((x) => x.number === n);
		if (!into || into.id === r.id) setError(t("merge.none"));
		else if (await merge(s, r.id, into.id)) return shut();
		setBusy(false);
	};
	return (
		<FormDialog
			title={t("merge.title")}
			submit={t("merge.go")}
			busy={busy}
			onSubmit={() => void submit()}
			onClose={shut}
		>
			<p>{t("merge.text")}</p>
			<TextField
				label={t("merge.number")}
				hint={near.length ? t("merge.near", { names: near.map(nameOf).join(", ") }) : undefined}
				error={error}
				data-first
				inputMode="numeric"
				maxLength={12}
				value={number}
				onInput={(e) => {
					setNumber(e.currentTarget.value);
					setError("");
				}}
			/>
		</FormDialog>
	);
}
/** From one message on, copies go into a new ticket. */
export function SplitDialog({
	s,
	r,
	seq,
	text,
	shut,
}: {
	s: Session;
	r: Row;
	seq: number;
	text: string;
	shut(): void;
}): JSX.Element {
	const [subject, setSubject] = useState("");
	const [error, setError] = useState("");
	const [busy, setBusy] = useState(false);
	const submit = async () => {
		setBusy(true);
		try {
			const args = { conversation: r.id, seq, ...(subject.trim() ? { subject: subject.trim() } : {}) };
			const { conversation } = await s.socket.command<{ conversation: Row }>("conversation.split", args);
			toast(t("split.done", { name: nameOf(conversation) }), "ok");
			shut();
			await s.show(conversation.id);
		} catch (e) {
			setError(words(e));
			setBusy(false);
		}
	};
	return (
		<FormDialog
			title={t("split.title")}
			submit={t("split.go")}
			busy={busy}
			error={error}
			onSubmit={() => void submit()}
			onClose={shut}
		>
			<p>{t("split.text")}</p>
			<blockquote class="one-line" dir="auto">
				{text}
			</blockquote>
			<Field label={t("split.subject")} hint={t("split.subject.hint")}>
				{(g) => (
					<input {...g} data-first maxLength={200} value={subject} onInput={(e) => setSubject(e.currentTarget.value)} />
				)}
			</Field>
		</FormDialog>
	);
}
