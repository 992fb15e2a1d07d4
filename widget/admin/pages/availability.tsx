import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { absence } from "../../kit/days";
import { t } from "../../kit/i18n";
import { exact } from "../../kit/time";
import {
	Avatar,
	api,
	Badge,
	Button,
	Empty,
	FormDialog,
	Icon,
	type IconName,
	SelectField,
	TextField,
	toast,
} from "../../kit/ui";
import { type Box, may, type Person, paused, type Seat, useLoad } from "../data";
import { useDraft } from "../draft";
import { Head, Loaded } from "../parts";
import { Away, Inactivity } from "./away";

type Data = { memberships: Seat[]; agents: Person[] };
export type At = { agent: Person; box?: Box; seat?: Seat };
const values = ["available", "assign_only", "unavailable"];

/** Who is on now, and where: agents by mailboxes, read again every two seconds. */
export function AvailabilityPage(): JSX.Element {
	const all = useLoad<Data>("/v1/availability", 2000);
	const boxes = useLoad<{ mailboxes: Box[] }>("/v1/mailboxes");
	const [edit, setEdit] = useState<At>();
	const [away, setAway] = useState<Person>();
	return (
		<>
			<Head title={t("a.availability")} hint={t(may("force") ? "a.availability.hint.force" : "a.availability.hint")} />
			<Loaded from={boxes}>
				{(b) => (
					<Loaded from={all}>
						{(d) => <Grid d={d} boxes={b.mailboxes} onEdit={may("force") ? setEdit : undefined} onAway={setAway} />}
					</Loaded>
				)}
			</Loaded>
			{may("force") && <Inactivity />}
			{away && (
				<Away
					agent={away}
					onClose={() => setAway(undefined)}
					onDone={() => {
						setAway(undefined);
						void all.reload();
					}}
				/>
			)}
			{edit && (
				<Force
					at={edit}
					onClose={() => setEdit(undefined)}
					onDone={() => {
						setEdit(undefined);
						void all.reload();
					}}
				/>
			)}
		</>
	);
}

type GridProps = { d: Data; boxes: Box[]; onEdit?: (at: At) => void; onAway(a: Person): void };
function Grid({ d, boxes, onEdit, onAway }: GridProps): JSX.Element {
	const people = d.agents.filter((a) => !a.disabled && d.memberships.some((m) => m.agent === a.id));
	people.sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
	if (!people.length)
		return (
			<Empty icon="people" title={t("a.availability.none")}>
				<p>{t("a.availability.none.text")}</p>
			</Empty>
		);
	return (
		<table class="table grid" aria-label={t("a.availability")}>
			<thead>
				<tr>
					<th scope="col">{t("a.agent")}</th>
					{boxes.map((b) => (
						<th key={b.id} scope="col">
							{b.name}
						</th>
					))}
					{onEdit && <th scope="col">{t("a.away")}</th>}
				</tr>
			</thead>
			<tbody>
				{people.map((a) => (
					<tr key={a.id}>
						<th scope="row">
							<Who a={a} />
						</th>
						{boxes.map((b) => {
							const seat = d.memberships.find((m) => m.agent === a.id && m.mailbox === b.id);
							return (
								<td key={b.id} data-label={b.name} class={seat ? "" : "empty-cell"}>
									{seat ? <Cell a={a} b={b} seat={seat} onEdit={onEdit} /> : <span class="quiet-text">–</span>}
								</td>
							);
						})}
						{onEdit && (
							<td data-label={t("a.away")} class="c-away">
								<Button look="quiet" onClick={() => onAway(a)} aria-label={t("a.away.set", { name: a.name })}>
									{absence(a, Date.now()) || t("a.away.none")}
								</Button>
							</td>
						)}
					</tr>
				))}
			</tbody>
		</table>
	);
}
function rank(a: Person): number {
	return ["online", "idle"].indexOf(a.presence ?? "") + 1 || 3;
}
function Who({ a }: { a: Person }): JSX.Element {
	return (
		<span class="with-avatar">
			<Avatar name={a.name} of={a.id} dot={a.presence} />
			<span>
				{a.name}
				<small class="under">
					{t(`a.presence.${a.presence || "offline"}`)} · {t("a.seats", { active: a.active, capacity: a.capacity })}
				</small>
				{a.paused_for && (
					<Badge tone="wait" icon="clock">
						{paused(a.paused_for)}
					</Badge>
				)}
			</span>
		</span>
	);
}

const looks: Record<string, { icon: IconName; tone: string }> = {
	available: { icon: "check", tone: "ok" },
	away: { icon: "check", tone: "plain" },
	absent: { icon: "clock", tone: "wait" },
	assign_only: { icon: "half", tone: "wait" },
	unavailable: { icon: "circle", tone: "plain" },
};
function Cell({ a, b, seat, onEdit }: { a: Person; b: Box; seat: Seat; onEdit?: (at: At) => void }): JSX.Element {
	const paused = a.paused_for && seat.availability === "available";
	const value = paused ? "assign_only" : seat.availability;
	const absent = (a.away_from ?? 0) <= Date.now() && Date.now() < (a.away_until ?? 0);
	const away = !absent && value === "available" && (a.presence ?? "offline") === "offline"; // declared, but nothing is offered
	const look = looks[absent ? "absent" : away ? "away" : value] ?? { icon: "circle" as const, tone: "plain" };
	const since = Date.parse(seat.since);
	const word = t(`a.availability.${absent ? "absent" : away ? "away" : value}`);
	const title = [since > 0 && t("a.since", { at: exact(since) }), seat.reason].filter(Boolean).join(" · ");
	const inside = (
		<>
			<Icon name={look.icon} />
			<span>{word}</span>
		</>
	);
	if (!onEdit)
		return (
			<span class={`avail ${look.tone}`} title={title}>
				{inside}
			</span>
		);
	return (
		<button
			type="button"
			class={`avail ${look.tone}`}
			title={title}
			aria-label={t("a.availability.cell", { agent: a.name, mailbox: b.name, value: word })}
			onClick={() => onEdit({ agent: a, box: b, seat })}
		>
			{inside}
		</button>
	);
}

type ForceProps = { at: At; onClose(): void; onDone(): void };
/** Sets somebody else's availability, in one mailbox or all, with the reason that he will read. */
export function Force({ at, onClose, onDone }: ForceProps): JSX.Element {
	const first = at.seat?.availability === "available" ? "assign_only" : "unavailable";
	const d = useDraft({ value: at.box ? first : "assign_only", where: at.box ? "one" : "all", reason: "" }, onClose);
	const { value, where, reason } = d.now;
	const save = () => {
		if (!reason.trim()) return d.refuse({ field: "reason", text: t("a.error.reason") });
		void d.run(async () => {
			const mailbox = where === "all" ? "" : at.box?.id;
			await api("PUT", `/v1/availability/${at.agent.id}`, { mailbox, value, reason: reason.trim() });
			toast(t("a.saved"), "ok");
			onDone();
		});
	};
	return (
		<FormDialog
			title={t("a.availability.set", { name: at.agent.name })}
			submit={t("a.availability.do")}
			busy={d.busy}
			error={d.rest("reason")}
			onSubmit={save}
			onClose={() => void d.close()}
		>
			<SelectField
				label={t("a.availability.where")}
				value={where}
				options={[
					...(at.box ? [{ value: "one", label: at.box.name }] : []),
					{ value: "all", label: t("a.availability.all") },
				]}
				onPick={(w) => d.put({ where: w })}
			/>
			<SelectField
				label={t("a.availability.value")}
				value={value}
				options={values.map((v) => ({ value: v, label: t(`a.availability.${v}`) }))}
				onPick={(v) => d.put({ value: v })}
			/>
			<TextField
				label={t("a.reason")}
				hint={t("a.availability.reason.hint")}
				value={reason}
				maxLength={200}
				error={d.at("reason")}
				data-first
				onInput={(e) => d.put({ reason: e.currentTarget.value })}
			/>
		</FormDialog>
	);
}
