import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../kit/i18n";
import { api, Badge, Button, Empty, FormDialog, SelectField, TextField, toast } from "../../kit/ui";
import { type Box, may, type Person, type Seat, useLoad } from "../data";
import { useDraft } from "../draft";
import { Figure, Head, Loaded, Table, When } from "../parts";

type Row = {
	id: string;
	mailbox: string;
	status: string;
	assignee?: string;
	offer?: { agent: string };
	queued_at?: number;
	claimed_at?: number;
	missed_at?: number;
	first_words?: string;
	priority?: number;
};
type Staff = { agents: Person[]; memberships: Seat[] };

/** Every chat that waits or goes on, read again every two seconds; a supervisor hands them on from here. */
export function LivePage(): JSX.Element {
	const rows = useLoad<{ conversations: Row[] }>("/v1/conversations?view=live", 2000);
	const staff = useLoad<Staff>("/v1/availability", 2000);
	const boxes = useLoad<{ mailboxes: Box[] }>("/v1/mailboxes");
	const [move, setMove] = useState<Row>();
	return (
		<>
			<Head title={t("a.live")} hint={t("a.live.hint")} />
			<Loaded from={boxes}>
				{(b) => (
					<Loaded from={staff}>
						{(s) => (
							<Loaded from={rows}>
								{(d) => <List rows={d.conversations} staff={s} boxes={b.mailboxes} onMove={setMove} />}
							</Loaded>
						)}
					</Loaded>
				)}
			</Loaded>
			{move && (
				<Reassign
					row={move}
					staff={staff.data ?? { agents: [], memberships: [] }}
					boxes={boxes.data?.mailboxes ?? []}
					onClose={() => setMove(undefined)}
					onDone={() => {
						setMove(undefined);
						void rows.reload();
					}}
				/>
			)}
		</>
	);
}

type ListProps = { rows: Row[]; staff: Staff; boxes: Box[]; onMove(r: Row): void };
function List({ rows, staff, boxes, onMove }: ListProps): JSX.Element {
	const name = (id?: string) => staff.agents.find((a) => a.id === id)?.name ?? "";
	const since = (r: Row) => (r.status === "queued" ? r.queued_at : r.claimed_at) ?? 0;
	const waiting = rows.filter((r) => r.status === "queued");
	const sorted = [...rows].sort(
		(a, b) =>
			Number(b.status === "queued") - Number(a.status === "queued") ||
			(a.priority ?? 2) - (b.priority ?? 2) ||
			since(a) - since(b),
	);
	return (
		<>
			<div class="figures">
				<Figure n={waiting.length} label={t("a.overview.waiting")} tone={waiting.length ? "wait" : ""} />
				<Figure n={rows.length - waiting.length} label={t("a.live.talking")} />
			</div>
			{rows.length ? (
				<Table
					label={t("a.live")}
					rows={sorted}
					id={(r) => r.id}
					columns={[
						{
							id: "words",
							label: t("a.live.words"),
							grow: true,
							cell: (r) => <bdi class="clip">{r.first_words || "–"}</bdi>,
						},
						{ id: "box", label: t("a.mailbox"), cell: (r) => boxes.find((b) => b.id === r.mailbox)?.name ?? "–" },
						{
							id: "who",
							label: t("a.agent"),
							cell: (r) => (
								<>
									{r.status === "active" ? (
										<bdi>{name(r.assignee)}</bdi>
									) : (
										<Badge tone="wait" icon="clock">
											{r.offer ? t("a.live.rings", { name: name(r.offer.agent) }) : t("a.live.waits")}
										</Badge>
									)}{" "}
									{r.priority && <Badge>{t(`a.priority.${r.priority}`)}</Badge>}
								</>
							),
						},
						{ id: "since", label: t("a.live.since"), cell: (r) => <When at={since(r)} /> },
						...(may("assign")
							? [
									{
										id: "acts",
										label: t("a.actions"),
										cell: (r: Row) => (
											<Button
												look="quiet"
												onClick={() => onMove(r)}
												aria-label={`${t("a.live.move")}: ${r.first_words ?? ""}`}
											>
												{t("a.live.move")}
											</Button>
										),
									},
								]
							: []),
					]}
				/>
			) : (
				<Empty icon="chat" title={t("a.live.none")}>
					<p>{t("a.live.none.text")}</p>
				</Empty>
			)}
		</>
	);
}

type MoveProps = { row: Row; staff: Staff; boxes: Box[]; onClose(): void; onDone(): void };
/** Hands a chat to somebody of its mailbox, or to another mailbox's queue, with a note. */
function Reassign({ row, staff, boxes, onClose, onDone }: MoveProps): JSX.Element {
	const can = staff.agents.filter(
		(a) =>
			a.id !== row.assignee &&
			!a.disabled &&
			staff.memberships.some((m) => m.agent === a.id && m.mailbox === row.mailbox && m.availability !== "unavailable"),
	);
	const to = [
		...can.map((a) => ({
			value: a.id,
			label: `${a.name} · ${t("a.seats", { active: a.active, capacity: a.capacity })}`,
		})),
		...boxes
			.filter((b) => b.id !== row.mailbox)
			.map((b) => ({ value: b.id, label: t("a.live.queue", { mailbox: b.name }) })),
	];
	const d = useDraft({ to: to[0]?.value ?? "", note: "" }, onClose);
	const save = () =>
		void d.run(async () => {
			const where = boxes.some((b) => b.id === d.now.to) ? { mailbox: d.now.to } : { agent: d.now.to };
			await api("POST", `/v1/conversations/${row.id}/assign`, { ...where, note: d.now.note.trim() });
			toast(t("a.saved"), "ok");
			onDone();
		});
	return (
		<FormDialog
			title={t("a.live.move")}
			submit={t("a.live.do")}
			busy={d.busy}
			error={d.rest()}
			onSubmit={save}
			onClose={() => void d.close()}
		>
			<SelectField label={t("a.live.to")} value={d.now.to} options={to} onPick={(v) => d.put({ to: v })} />
			<TextField
				label={t("a.live.note")}
				hint={t("a.live.note.hint")}
				value={d.now.note}
				maxLength={500}
				dir="auto"
				data-first
				onInput={(e) => d.put({ note: e.currentTarget.value })}
			/>
		</FormDialog>
	);
}
