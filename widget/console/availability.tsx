import type { JSX } from "preact";
import { t } from "../kit/i18n";
import { Button, Icon, Popover } from "../kit/ui";
import type { Session } from "./session";
import { boxName, me, memberships, menu, myAbsence, taken } from "./state";

export const VALUES = ["available", "assign_only", "unavailable"] as const;

/** The one word for all mailboxes; "mixed" when they differ. */
export function summary(): (typeof VALUES)[number] | "mixed" | "none" {
	const all = new Set(memberships.value.map((m) => m.availability));
	if (!memberships.value.length) return "none";
	if (me.value?.paused_for && all.has("available")) return "assign_only";
	return all.size === 1 ? ([...all][0] as (typeof VALUES)[number]) : "mixed";
}
/** Top right in every screen: what I am for each mailbox, my seats, and why the system paused me (P32, P33). */
export function Availability({ s }: { s: Session }): JSX.Element {
	const now = summary();
	const seats = t("seats", { n: taken.value, max: me.value?.capacity ?? 0 });
	const unset = me.value && !me.value.chosen;
	const word = unset ? t("be.choose") : t(`be.${now}`);
	return (
		<Popover
			kind="dialog"
			align="end"
			label={t("be.label", { value: word, seats })}
			class={`be-button be-${unset ? "unset" : now}${me.value?.paused_for ? " paused" : ""}`}
			open={menu.value}
			onOpen={(v) => {
				menu.value = v;
			}}
			button={
				<>
					<i class={`be-dot ${unset ? "unset" : now}`} />
					<span class="one-line">{word}</span>
					<small class="wide-only">{seats}</small>
					<Icon name="down" />
				</>
			}
		>
			{(close) => <Choices s={s} close={close} />}
		</Popover>
	);
}
function pausedKey(why: string): string {
	if (why === "ring.missed") return "be.paused.ring";
	return why === "inactive" ? "be.paused.inactive" : "be.paused";
}
function Choices({ s, close }: { s: Session; close(): void }): JSX.Element {
	const paused = me.value?.paused_for;
	const now = me.value?.chosen ? summary() : "none";
	return (
		<div class="be">
			{!me.value?.chosen && <p class="notice wait">{t("be.first")}</p>}
			{myAbsence() && <p class="notice">{t("away.now", { when: myAbsence() })}</p>}
			{paused && (
				<div class="notice wait">
					<p>{t(pausedKey(paused), { why: paused })}</p>
					<Button look="main" onClick={() => void s.back().then(close)}>
						{t("be.back")}
					</Button>
				</div>
			)}
			<fieldset>
				<legend>{t("be.all")}</legend>
				{VALUES.map((v, i) => (
					<label class="be-choice" key={v}>
						<input
							type="radio"
							name="be-all"
							data-first={i === 0 || undefined}
							checked={now === v && !paused}
							onChange={() => void s.availability(v)}
							onClick={() => now === v && paused && void s.availability(v)}
						/>
						<i class={`be-dot ${v}`} />
						<span class="grow">
							{t(`be.${v}`)}
							<small>{t(`be.${v}.hint`)}</small>
						</span>
					</label>
				))}
			</fieldset>
			{memberships.value.length > 0 && (
				<fieldset>
					<legend>{t("be.each")}</legend>
					{memberships.value.map((m) => (
						<label class="be-row" key={m.mailbox}>
							<span class="grow one-line">{boxName(m.mailbox)}</span>
							<select value={m.availability} onChange={(e) => void s.availability(e.currentTarget.value, m.mailbox)}>
								{VALUES.map((v) => (
									<option value={v} key={v} selected={m.availability === v}>
										{t(`be.${v}`)}
									</option>
								))}
							</select>
						</label>
					))}
				</fieldset>
			)}
			{!memberships.value.length && <p class="hint">{t("be.nowhere")}</p>}
			{memberships.value
				.filter((m) => m.reason)
				.map((m) => (
					<p class="hint" key={m.mailbox}>
						{t("be.reason", { mailbox: boxName(m.mailbox), why: m.reason ?? "" })}
					</p>
				))}
			<p class="be-seats">
				<Icon name="people" /> {t("seats", { n: taken.value, max: me.value?.capacity ?? 0 })}
			</p>
		</div>
	);
}
