import type { JSX } from "preact";
import { after, field, start } from "../../kit/days";
import { t } from "../../kit/i18n";
import { api, Button, FormDialog, TextField, toast } from "../../kit/ui";
import { may, type Person, useLoad, wrong } from "../data";
import { useDraft } from "../draft";
import { Loaded, Part, SaveBar } from "../parts";

type AwayProps = { agent: Person; onClose(): void; onDone(): void };
/** Announces somebody's absence, by whole days; empty fields take it back. */
export function Away({ agent, onClose, onDone }: AwayProps): JSX.Element {
	const { away_from: from = 0, away_until: until = 0 } = agent;
	const live = until > Date.now();
	const d = useDraft({ first: live ? field(from) : "", last: live ? field(until - 1) : "" }, onClose);
	const { first, last } = d.now;
	const save = () => {
		if (!first !== !last) return d.refuse({ field: "until", text: t("a.error.until") });
		void d.run(async () => {
			const body = first ? { from: start(first), until: after(last) } : { from: 0, until: 0 };
			await api("PUT", `/v1/availability/${agent.id}/away`, body);
			toast(t("a.saved"), "ok");
			onDone();
		});
	};
	const ask = () =>
		api("POST", `/v1/availability/${agent.id}/checkin`, {})
			.then(() => toast(t("a.away.asked"), "ok"))
			.catch((e) => toast(wrong(e).text, "stop"));
	return (
		<FormDialog
			title={t("a.away.set", { name: agent.name })}
			submit={t("a.save")}
			busy={d.busy}
			error={d.rest("until")}
			more={
				<Button icon="mail" onClick={() => void ask()}>
					{t("a.away.ask")}
				</Button>
			}
			onSubmit={save}
			onClose={() => void d.close()}
		>
			<p class="hint">{t("a.away.hint")}</p>
			<TextField
				label={t("away.first")}
				type="date"
				value={first}
				data-first
				onInput={(e) => d.put({ first: e.currentTarget.value })}
			/>
			<TextField
				label={t("away.last")}
				type="date"
				value={last}
				error={d.at("until")}
				onInput={(e) => d.put({ last: e.currentTarget.value })}
			/>
		</FormDialog>
	);
}

type Rule = { mark_hours: number; disable_hours: number };
/** When an account that does nothing is paused, and when disabled. */
export function Inactivity(): JSX.Element {
	const rule = useLoad<Rule>("/v1/inactivity");
	return (
		<Part title={t("a.inactivity")} hint={t("a.inactivity.hint")}>
			<Loaded from={rule}>{(r) => <RuleForm old={r} onSaved={rule.set} />}</Loaded>
		</Part>
	);
}
function RuleForm({ old, onSaved }: { old: Rule; onSaved(r: Rule): void }): JSX.Element {
	const d = useDraft(old, () => undefined);
	const save = () =>
		void d.run(async () => {
			onSaved(await api<Rule>("PUT", "/v1/inactivity", d.now));
			toast(t("a.saved"), "ok");
		});
	const hours = (k: keyof Rule, key: string) => (
		<TextField
			label={t(`a.inactivity.${key}`)}
			type="number"
			min={0}
			readOnly={!may("settings")}
			value={d.now[k]}
			error={d.at(k)}
			onInput={(e) => d.put({ [k]: Math.round(e.currentTarget.valueAsNumber) || 0 })}
		/>
	);
	return (
		<form
			class="part-in"
			onSubmit={(e) => {
				e.preventDefault();
				save();
			}}
		>
			<div class="two">
				{hours("mark_hours", "mark")}
				{hours("disable_hours", "disable")}
			</div>
			{may("settings") && (
				<SaveBar changed={d.changed} busy={d.busy} wrong={d.rest("mark_hours", "disable_hours")} onSave={save} />
			)}
		</form>
	);
}
