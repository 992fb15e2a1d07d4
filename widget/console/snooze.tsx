import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../kit/i18n";
import { exact, upcoming } from "../kit/time";
import { Badge, Field, FormDialog } from "../kit/ui";
import type { Row } from "../kit/wire";
import type { Session } from "./session";
import { CHOICES, type Choice, morning, snoozeTime } from "./snoozing";
import * as st from "./state";

/** The form of a datetime-local field, in the reader's own time. */
function field(at: number): string {
	const d = new Date(at);
	return new Date(at - d.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
/** Until when a ticket sleeps; send = with an answer that goes first. */
export function Snooze({
	s,
	r,
	send,
	shut,
}: {
	s: Session;
	r: Row;
	send?(until: number): void;
	shut(): void;
}): JSX.Element {
	const now = st.now.value;
	const [choice, setChoice] = useState<Choice>("tomorrow");
	const [date, setDate] = useState(() => field(morning(now, 7)));
	const [busy, setBusy] = useState(false);
	const until = snoozeTime(choice, now) ?? new Date(date).getTime();
	const submit = async () => {
		setBusy(true);
		if (send) send(until);
		else if (
			!(await s.act("conversation.snooze", { conversation: r.id, until }, t("snooze.done", { time: exact(until) })))
		)
			return setBusy(false);
		shut();
	};
	return (
		<FormDialog
			title={t(send ? "snooze.send" : "snooze.title")}
			submit={t(send ? "snooze.send" : "snooze.go")}
			busy={busy}
			off={!(until > now) && t("snooze.past")}
			onSubmit={() => void submit()}
			onClose={shut}
		>
			<fieldset class="choices column">
				<legend>{t("snooze.until")}</legend>
				{CHOICES.map((c) => (
					<label class="choice" key={c}>
						<input
							type="radio"
							name="until"
							value={c}
							data-first={c === choice || undefined}
							checked={c === choice}
							onChange={() => setChoice(c)}
						/>
						<span>
							{t(`snooze.${c}`)}
							{c !== "date" && <small class="block">{upcoming(snoozeTime(c, now) ?? now)}</small>}
						</span>
					</label>
				))}
			</fieldset>
			{choice === "date" && (
				<Field label={t("snooze.date")}>
					{(g) => (
						<input
							{...g}
							type="datetime-local"
							min={field(now)}
							value={date}
							onInput={(e) => setDate(e.currentTarget.value)}
						/>
					)}
				</Field>
			)}
		</FormDialog>
	);
}
/** An open ticket can sleep. */
export const maySnooze = (r: Row): boolean => r.channel === "email" && r.status !== "closed";
/** Says until when a ticket sleeps. */
export function SnoozeBadge({ r }: { r: Row }): JSX.Element | null {
	if (!r.snoozed_until) return null;
	return (
		<Badge icon="clock" title={exact(r.snoozed_until)}>
			{t("snooze.badge", { time: upcoming(r.snoozed_until) })}
		</Badge>
	);
}
