import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../kit/i18n";
import { Field, FormDialog, Passkeys, SavedReplyForm, SelectField, toast, words } from "../kit/ui";
import type { Colleague, Row, SavedReply } from "../kit/wire";
import { Absence } from "./absence";
import { Close } from "./close";
import { Escalate } from "./escalate";
import { ForwardDialog } from "./forward";
import { Release } from "./held";
import { Palette } from "./palette";
import type { Session } from "./session";
import { Shortcuts } from "./shortcuts";
import { Snooze } from "./snooze";
import * as st from "./state";
import { MergeDialog, SplitDialog } from "./tie-bar";
import { mayHold, SetType, typeName } from "./types";

const shut = (): void => {
	st.dialog.value = undefined;
};
export function Dialogs({ s }: { s: Session }): JSX.Element | null {
	const d = st.dialog.value;
	const r = st.current.value;
	if (!d) return null;
	if (d.what === "palette") return <Palette s={s} close={shut} />;
	if (d.what === "shortcuts") return <Shortcuts close={shut} />;
	if (d.what === "passkeys") return <Passkeys onClose={shut} />;
	if (d.what === "away") return <Absence shut={shut} />;
	if (d.what === "reply") return <Reply s={s} old={d.reply} text={d.text} />;
	if (d.what === "release") return <Release s={s} h={d.held} shut={shut} />;
	if (!r) return null;
	if (d.what === "type") return <SetType s={s} r={r} shut={shut} />;
	if (d.what === "merge") return <MergeDialog s={s} r={r} shut={shut} />;
	if (d.what === "split") return <SplitDialog s={s} r={r} seq={d.seq} text={d.text} shut={shut} />;
	if (d.what === "forward") return <ForwardDialog s={s} r={r} message={d.message} shut={shut} />;
	if (d.what === "escalate") return <Escalate s={s} r={r} shut={shut} />;
	if (d.what === "snooze") return <Snooze s={s} r={r} send={d.send} shut={shut} />;
	return d.what === "assign" ? <Assign s={s} r={r} /> : <Close s={s} r={r} shut={shut} />;
}

/** How well a colleague fits: his languages weigh more than what he knows (P47). */
function fits(a: Colleague, r: Row): { n: number; words: string[] } {
	const locale = (r.locale ?? "").toLowerCase();
	const speaks = (a.languages ?? []).filter(
		(l) => locale === l.toLowerCase() || locale.startsWith(`${l.toLowerCase()}-`),
	);
	const about = [r.type ?? "", typeName(r.type)].filter(Boolean).map((v) => v.toLowerCase());
	const knows = (a.tags ?? []).filter((v) => about.includes(v.toLowerCase()));
	return { n: (speaks.length ? 2 : 0) + (knows.length ? 1 : 0), words: [...speaks, ...knows] };
}
/** Colleagues of the mailbox who may hold it: those who can take it, the best fit first. */
function candidates(r: Row): { id: string; label: string }[] {
	return st.everyone.value
		.filter((m) => m.mailbox === r.mailbox && m.agent !== r.assignee)
		.flatMap((m) => {
			const a = st.colleagues.value.find((c) => c.id === m.agent);
			return a && mayHold(a.role, r) ? [{ m, a, f: fits(a, r) }] : [];
		})
		.sort(
			(x, y) =>
				Number(x.m.availability === "unavailable") - Number(y.m.availability === "unavailable") ||
				y.f.n - x.f.n ||
				rank(x.m.availability, x.a.presence) - rank(y.m.availability, y.a.presence),
		)
		.map(({ m, a, f }) => ({
			id: a.id,
			label: `${[a.name, ...f.words].join(" · ")} · ${t(`presence.${a.presence || "offline"}`)} · ${t(`be.${m.availability}`)} · ${t("seats", { n: a.active ?? 0, max: a.capacity ?? 0 })}`,
		}));
}
function rank(availability: string, presence: string | undefined): number {
	return (
		(availability === "unavailable" ? 4 : availability === "assign_only" ? 1 : 0) + (presence === "online" ? 0 : 2)
	);
}
/** To a colleague of this mailbox or into another mailbox's queue; the note goes first (P59). */
function Assign({ s, r }: { s: Session; r: Row }): JSX.Element {
	const people = candidates(r);
	const elsewhere = st.directory.value.filter((b) => b.id !== r.mailbox);
	const [to, setTo] = useState<"agent" | "mailbox">(people.length ? "agent" : "mailbox");
	const [who, setWho] = useState(people[0]?.id ?? "");
	const [where, setWhere] = useState(elsewhere[0]?.id ?? "");
	const [note, setNote] = useState("");
	const [error, setError] = useState("");
	const [busy, setBusy] = useState(false);
	const submit = async () => {
		setBusy(true);
		setError("");
		const args = { conversation: r.id, ...(to === "agent" ? { agent: who } : { mailbox: where }) };
		try {
			await s.socket.command("conversation.assign", { ...args, ...(note.trim() ? { note: note.trim() } : {}) });
			toast(t("assign.done", { name: to === "agent" ? st.agentName(who) : st.boxName(where) }), "ok");
			shut();
			void s.lists();
		} catch (x) {
			setError(words(x));
			setBusy(false);
		}
	};
	return (
		<FormDialog
			title={t("assign.title")}
			submit={t("assign.go")}
			busy={busy}
			off={!(to === "agent" ? who : where) && t("assign.nobody")}
			error={error}
			onSubmit={() => void submit()}
			onClose={shut}
		>
			<fieldset class="choices">
				<legend class="sr">{t("assign.to")}</legend>
				{(["agent", "mailbox"] as const).map((v) => (
					<label class="choice" key={v}>
						<input type="radio" name="to" value={v} checked={to === v} onChange={() => setTo(v)} />
						{t(`assign.${v}`)}
					</label>
				))}
			</fieldset>
			<SelectField
				key={to}
				label={t(`assign.${to}`)}
				value={to === "agent" ? who : where}
				onPick={to === "agent" ? setWho : setWhere}
				first
				hint={to === "agent" && !people.length ? t("assign.nobody") : undefined}
				options={
					to === "agent"
						? people.map((p) => ({ value: p.id, label: p.label }))
						: elsewhere.map((b) => ({ value: b.id, label: b.name }))
				}
			/>
			<Field label={t("assign.note")} hint={t("assign.note.hint")}>
				{(g) => (
					<textarea {...g} class="note-field" rows={3} value={note} onInput={(e) => setNote(e.currentTarget.value)} />
				)}
			</Field>
		</FormDialog>
	);
}

export const sharesReplies = (): boolean => ["admin", "supervisor"].includes(st.me.value?.role ?? "");

function Reply({ s, old, text }: { s: Session; old?: SavedReply; text?: string }): JSX.Element {
	return (
		<SavedReplyForm
			old={old}
			text={text}
			boxes={st.boxes.value}
			mine={st.myId.value}
			shares={sharesReplies()}
			onClose={shut}
			onSaved={() => {
				toast(t("reply.saved"), "ok");
				void s.savedReplies();
				shut();
			}}
		/>
	);
}
