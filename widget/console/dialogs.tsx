import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../kit/i18n";
import { api, Button, Dialog, Field, SelectField, TextField, toast, words } from "../kit/ui";
import { step } from "./list";
import { Palette } from "./palette";
import type { Session } from "./session";
import { Shortcuts } from "./shortcuts";
import * as st from "./state";
import { unfilled } from "./vars";

const shut = (): void => {
	st.dialog.value = undefined;
};
export function Dialogs({ s }: { s: Session }): JSX.Element | null {
	const d = st.dialog.value;
	if (!d) return null;
	if (d.what === "palette") return <Palette s={s} close={shut} />;
	if (d.what === "shortcuts") return <Shortcuts close={shut} />;
	if (d.what === "reply") return <ReplyForm reply={d.reply} text={d.text} done={() => void s.savedReplies()} />;
	if (!st.current.value) return null;
	return d.what === "assign" ? <Assign s={s} /> : <Close s={s} />;
}

/** To a colleague of this mailbox or into another mailbox's queue; the note goes first (P59). */
function Assign({ s }: { s: Session }): JSX.Element {
	const r = st.current.value;
	const members = st.everyone.value.filter((m) => m.mailbox === r?.mailbox && m.agent !== r?.assignee);
	const people = members
		.map((m) => ({ m, a: st.colleagues.value.find((c) => c.id === m.agent) }))
		.filter((x) => x.a)
		.sort((x, y) => rank(x.m.availability, x.a?.presence) - rank(y.m.availability, y.a?.presence));
	const elsewhere = st.directory.value.filter((b) => b.id !== r?.mailbox);
	const [to, setTo] = useState<"agent" | "mailbox">(people.length ? "agent" : "mailbox");
	const [who, setWho] = useState(people[0]?.a?.id ?? "");
	const [where, setWhere] = useState(elsewhere[0]?.id ?? "");
	const [note, setNote] = useState("");
	const [error, setError] = useState("");
	const [busy, setBusy] = useState(false);
	const submit = async (e: SubmitEvent) => {
		e.preventDefault();
		if (!r) return;
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
		<Dialog title={t("assign.title")} close={t("dialog.close")} onClose={shut}>
			<form class="form" onSubmit={submit}>
				<fieldset class="choices">
					<legend class="sr">{t("assign.to")}</legend>
					{(["agent", "mailbox"] as const).map((v) => (
						<label class="choice" key={v}>
							<input type="radio" name="to" value={v} checked={to === v} onChange={() => setTo(v)} />
							{t(`assign.${v}`)}
						</label>
					))}
				</fieldset>
				{to === "agent" ? (
					<SelectField
						label={t("assign.agent")}
						value={who}
						onPick={setWho}
						first
						hint={people.length ? undefined : t("assign.nobody")}
						options={people.map(({ m, a }) => ({
							value: a?.id ?? "",
							label: `${a?.name} · ${t(`presence.${a?.presence ?? "offline"}`)} · ${t(`be.${m.availability}`)} · ${t("seats", { n: a?.active ?? 0, max: a?.capacity ?? 0 })}`,
						}))}
					/>
				) : (
					<SelectField
						label={t("assign.mailbox")}
						value={where}
						onPick={setWhere}
						first
						options={elsewhere.map((b) => ({ value: b.id, label: b.name }))}
					/>
				)}
				<Field label={t("assign.note")} hint={t("assign.note.hint")}>
					{(g) => (
						<textarea {...g} class="note-field" rows={3} value={note} onInput={(e) => setNote(e.currentTarget.value)} />
					)}
				</Field>
				<p class="error" role="alert">
					{error}
				</p>
				<div class="actions">
					<Button onClick={shut}>{t("dialog.cancel")}</Button>
					<Button type="submit" look="main" busy={busy} off={(to === "agent" ? !who : !where) && t("assign.nobody")}>
						{t("assign.go")}
					</Button>
				</div>
			</form>
		</Dialog>
	);
}
function rank(availability: string, presence: string | undefined): number {
	return (
		(availability === "unavailable" ? 4 : availability === "assign_only" ? 1 : 0) + (presence === "online" ? 0 : 2)
	);
}

function Close({ s }: { s: Session }): JSX.Element {
	const r = st.current.value;
	const [outcome, setOutcome] = useState<"resolved" | "idle">("resolved");
	const [reason, setReason] = useState("");
	const [error, setError] = useState("");
	const submit = async (e: SubmitEvent) => {
		e.preventDefault();
		if (!r) return;
		const why = reason.trim();
		try {
			await s.socket.command("conversation.close", { conversation: r.id, outcome, ...(why ? { reason: why } : {}) });
			toast(t("close.done"), "ok");
			shut();
			const next = st.place.value === "mine" ? step(1) : undefined;
			if (next && next !== r.id) void s.show(next);
		} catch (x) {
			setError(words(x));
		}
	};
	return (
		<Dialog title={t("close.title")} close={t("dialog.close")} onClose={shut}>
			<form class="form" onSubmit={submit}>
				<fieldset class="choices column">
					<legend>{t("close.outcome")}</legend>
					{(["resolved", "idle"] as const).map((v) => (
						<label class="choice" key={v}>
							<input
								type="radio"
								name="outcome"
								value={v}
								data-first={v === outcome || undefined}
								checked={outcome === v}
								onChange={() => setOutcome(v)}
							/>
							<span>
								{t(`outcome.${v}`)}
								<small class="block">{t(`outcome.${v}.hint`)}</small>
							</span>
						</label>
					))}
				</fieldset>
				<Field label={t("close.reason")} hint={t("close.reason.hint")}>
					{(g) => (
						<>
							<input
								{...g}
								list="reasons"
								maxLength={200}
								value={reason}
								onInput={(e) => setReason(e.currentTarget.value)}
							/>
							<datalist id="reasons">
								{["answered", "changed", "elsewhere", "spam"].map((k) => (
									<option key={k} value={t(`close.reason.${k}`)} />
								))}
							</datalist>
						</>
					)}
				</Field>
				<p class="error" role="alert">
					{error}
				</p>
				<div class="actions">
					<Button onClick={shut}>{t("dialog.cancel")}</Button>
					<Button type="submit" look="main">
						{t("close.go")}
					</Button>
				</div>
			</form>
		</Dialog>
	);
}

export const sharesReplies = (): boolean => ["admin", "supervisor"].includes(st.me.value?.role ?? "");

/** New or changed saved reply: for me, for a mailbox, for all (P55). */
function ReplyForm({ reply, text, done }: { reply?: st.SavedReply; text?: string; done(): void }): JSX.Element {
	const shared = sharesReplies();
	const [scope, setScope] = useState(reply ? (reply.owner ? "me" : reply.mailbox || "all") : "me");
	const [title, setTitle] = useState(reply?.title ?? "");
	const [body, setBody] = useState(reply?.text ?? text ?? "");
	const [error, setError] = useState("");
	const known = ["agent.name", "visitor.name", "visitor.email", "mailbox.name", "ticket.number"];
	const odd = unfilled(body, []).filter((n) => !known.includes(n));
	const submit = async (e: SubmitEvent) => {
		e.preventDefault();
		const owner = scope === "me" ? { owner: st.myId.value } : scope === "all" ? {} : { mailbox: scope };
		const put = { title: title.trim(), text: body.trim(), version: reply?.version ?? 0, ...owner };
		try {
			await (reply ? api("PUT", `/v1/replies/${reply.id}`, put) : api("POST", "/v1/replies", put));
			toast(t("reply.saved"), "ok");
			done();
			shut();
		} catch (x) {
			setError(words(x));
		}
	};
	const options = [
		{ value: "me", label: t("reply.me") },
		...(shared ? st.boxes.value.map((b) => ({ value: b.id, label: b.name })) : []),
		...(shared ? [{ value: "all", label: t("reply.all") }] : []),
	];
	return (
		<Dialog title={t(reply ? "reply.edit" : "reply.new")} close={t("dialog.close")} onClose={shut} wide>
			<form class="form" onSubmit={submit}>
				<TextField
					label={t("reply.title")}
					value={title}
					required
					maxLength={100}
					data-first
					onInput={(e) => setTitle(e.currentTarget.value)}
				/>
				<Field
					label={t("reply.text")}
					hint={t("reply.vars", { list: known.map((k) => `{${k}}`).join(", "), example: "{visitor.name|there}" })}
				>
					{(g) => <textarea {...g} rows={7} required value={body} onInput={(e) => setBody(e.currentTarget.value)} />}
				</Field>
				{odd.length > 0 && <p class="notice wait">{t("reply.odd", { names: odd.map((n) => `{${n}}`).join(", ") })}</p>}
				<SelectField
					label={t("reply.scope")}
					value={scope}
					onPick={setScope}
					options={options}
					hint={shared ? undefined : t("reply.scope.hint")}
				/>
				<p class="error" role="alert">
					{error}
				</p>
				<div class="actions">
					<Button onClick={shut}>{t("dialog.cancel")}</Button>
					<Button type="submit" look="main">
						{t("reply.save")}
					</Button>
				</div>
			</form>
		</Dialog>
	);
}
