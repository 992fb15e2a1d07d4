import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { has, t } from "../kit/i18n";
import { Button, Field, FormDialog, Icon, words } from "../kit/ui";
import type { Held, Row } from "../kit/wire";
import { draftOf, setDraft } from "./drafts";
import type { Session } from "./session";
import * as st from "./state";

/** What the leak guard found, in words. It never says whether a value was right. */
export function heldWords(kinds: string[] | undefined): string {
	if (!kinds?.length) return t("held.queued");
	const kind = kinds[0] ?? "fact";
	return t(has(`held.${kind}`) ? `held.${kind}` : "held.fact");
}

/** Messages of agents that the leak guard keeps back: only the staff has them (P114). */
export function HeldList({ s, r }: { s: Session; r: Row }): JSX.Element {
	return (
		<>
			{st.details.value[r.id]?.held.map((h) => (
				<One key={h.id} s={s} r={r} h={h} />
			))}
		</>
	);
}

function One({ s, r, h }: { s: Session; r: Row; h: Held }): JSX.Element {
	const mine = h.author === st.myId.value;
	const may = !mine && st.me.value?.role === "supervisor";
	const edit = async () => {
		if (!(await s.act("message.withdraw", { message: h.id }))) return;
		bringBack(r.id, h.text ?? "");
		document.getElementById("composer")?.focus();
	};
	return (
		<section class="said ours held" aria-label={t(h.kinds?.length ? "held.label" : "held.waits")}>
			<p class="said-head">
				<b>{mine ? t("thread.you") : st.agentName(h.author)}</b>
			</p>
			<div class="bubble">
				{h.text && <p class="pre">{h.text}</p>}
				{h.files?.map((f) => (
					<p key={f.id} class="pre">
						{f.name}
					</p>
				))}
				<p class="said-foot">
					<span class="state">
						<Icon name={h.kinds?.length ? "stop" : "clock"} /> {heldWords(h.kinds)}
					</span>
				</p>
				<div class="held-acts">
					{mine && (
						<Button look="quiet" onClick={() => void edit()}>
							{t("held.edit")}
						</Button>
					)}
					{may && (
						<Button
							look="quiet"
							onClick={() => {
								st.dialog.value = { what: "release", held: h };
							}}
						>
							{t("held.release")}
						</Button>
					)}
					{(mine || may) && (
						<Button look="quiet" onClick={() => void s.act("message.withdraw", { message: h.id }, t("held.withdrawn"))}>
							{t("held.withdraw")}
						</Button>
					)}
				</div>
			</div>
		</section>
	);
}

/** Puts words back into the composer, before what has been written there meanwhile. */
export function bringBack(conversation: string, text: string): void {
	const have = draftOf(conversation).text;
	setDraft(conversation, { text: have ? `${text}\n${have}` : text });
	st.composer.value = "reply";
}

/** A supervisor sends a held message after all and says why; the reason stands in the staff's side. */
export function Release({ s, h, shut }: { s: Session; h: Held; shut(): void }): JSX.Element {
	const [reason, setReason] = useState("");
	const [error, setError] = useState("");
	const [busy, setBusy] = useState(false);
	const submit = async () => {
		setBusy(true);
		try {
			await s.socket.command("message.release", { message: h.id, reason: reason.trim() });
			shut();
		} catch (x) {
			setError(words(x));
			setBusy(false);
		}
	};
	return (
		<FormDialog
			title={t("held.release.title")}
			submit={t("held.release.go")}
			busy={busy}
			off={!reason.trim() && t("held.reason.need")}
			error={error}
			onSubmit={() => void submit()}
			onClose={shut}
		>
			<p>{heldWords(h.kinds)}</p>
			<p class="pre held-text">{h.text}</p>
			<Field label={t("held.reason")} hint={t("close.reason.hint")}>
				{(g) => (
					<input
						{...g}
						required
						maxLength={200}
						data-first
						value={reason}
						onInput={(e) => setReason(e.currentTarget.value)}
					/>
				)}
			</Field>
		</FormDialog>
	);
}
