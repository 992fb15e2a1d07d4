import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../kit/i18n";
import { api, Badge, Button, Empty, FormDialog, SelectField, TextField, toast } from "../../kit/ui";
import { type Box, may, me, type Person, type Seat, useLoad } from "../data";
import { useDraft } from "../draft";
import { Figure, Head, Loaded, Table, When } from "../parts";
import { Acknowledged, Longest, load, On, Staff as StaffTable } from "./live-staff";

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
	const [note, setNote] = useState<Row>();
	const [take, setTake] = useState<Row>();
	const again = () => {
		setNote(undefined);
		setTake(undefined);
		void rows.reload();
	};
	return (
		<>
			<Head title={t("a.live")} hint={t("a.live.hint")} />
			<Loaded from={boxes}>
				{(b) => (
					<Loaded from={staff}>
						{(s) => (
							<Loaded from={rows}>
								{(d) => (
									<>
										<Numbers rows={d.conversations} staff={s} />
										<List
											rows={d.conversations}
											staff={s}
											boxes={b.mailboxes}
											acts={{ move: setMove, note: setNote, take: setTake }}
										/>
										<StaffTable staff={s} boxes={b.mailboxes} reload={staff.reload} />
									</>
								)}
							</Loaded>
						)}
					</Loaded>
				)}
			</Loaded>
			{note && <Note row={note} onClose={() => setNote(undefined)} onDone={again} />}
			{take && <Take row={take} onClose={() => setTake(undefined)} onDone={again} />}
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

/** How it stands now: who is on, how full they are, who waits and for how long (P98). */
function Numbers({ rows, staff }: { rows: Row[]; staff: Staff }): JSX.Element {
	const waiting = rows.filter((r) => r.status === "queued");
	return (
		<div class="figures">
			<Figure n={waiting.length} label={t("a.overview.waiting")} tone={waiting.length ? "wait" : ""} />
			<Longest since={waiting.map((r) => r.queued_at ?? Date.now())} />
			<Figure n={rows.length - waiting.length} label={t("a.live.talking")} />
			<On staff={staff} />
			<Figure n={load(staff)} label={t("a.live.load")} />
			<Acknowledged />
		</div>
	);
}

type Acts = { move(r: Row): void; note(r: Row): void; take(r: Row): void };
type ListProps = { rows: Row[]; staff: Staff; boxes: Box[]; acts: Acts };
function List({ rows, staff, boxes, acts }: ListProps): JSX.Element {
	const name = (id?: string) => staff.agents.find((a) => a.id === id)?.name ?? "";
	const since = (r: Row) => (r.status === "queued" ? r.queued_at : r.claimed_at) ?? 0;
	const sorted = [...rows].sort(
		(a, b) =>
			Number(b.status === "queued") - Number(a.status === "queued") ||
			(a.priority ?? 2) - (b.priority ?? 2) ||
			since(a) - since(b),
	);
	return (
		<>
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
											<span class="acts">
												{(["note", "take", "move"] as const)
													.filter((k) => k !== "take" || r.assignee !== me.value?.id)
													.map((k) => (
														<Button
															key={k}
															look="quiet"
															onClick={() => acts[k](r)}
															aria-label={`${t(`a.live.${k}`)}: ${r.first_words ?? ""}`}
														>
															{t(`a.live.${k}`)}
														</Button>
													))}
											</span>
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

type OneProps = { row: Row; onClose(): void; onDone(): void };
/** A note for whoever talks there; the visitor never has it. */
function Note({ row, onClose, onDone }: OneProps): JSX.Element {
	const d = useDraft({ text: "" }, onClose);
	const save = () =>
		void d.run(async () => {
			await api("POST", `/v1/conversations/${row.id}/note`, { text: d.now.text.trim() });
			toast(t("a.live.noted"), "ok");
			onDone();
		});
	return (
		<FormDialog
			title={t("a.live.note.title")}
			submit={t("a.live.note.do")}
			busy={d.busy}
			off={!d.now.text.trim() && t("a.live.note.empty")}
			error={d.rest()}
			onSubmit={save}
			onClose={() => void d.close()}
		>
			<TextField
				label={t("a.live.note.text")}
				hint={t("a.live.note.staff")}
				value={d.now.text}
				maxLength={2000}
				dir="auto"
				data-first
				onInput={(e) => d.put({ text: e.currentTarget.value })}
			/>
		</FormDialog>
	);
}
/** The chat becomes mine; why, stands among its notes. */
function Take({ row, onClose, onDone }: OneProps): JSX.Element {
	const d = useDraft({ note: "" }, onClose);
	const save = () =>
		void d.run(async () => {
			await api("POST", `/v1/conversations/${row.id}/assign`, { agent: me.value?.id, note: d.now.note.trim() });
			toast(t("a.live.taken"), "ok");
			onDone();
		});
	return (
		<FormDialog
			title={t("a.live.take")}
			submit={t("a.live.take.do")}
			busy={d.busy}
			off={!d.now.note.trim() && t("a.live.take.why.missing")}
			error={d.rest()}
			onSubmit={save}
			onClose={() => void d.close()}
		>
			<TextField
				label={t("a.live.take.why")}
				hint={t("a.live.note.staff")}
				value={d.now.note}
				maxLength={500}
				dir="auto"
				data-first
				onInput={(e) => d.put({ note: e.currentTarget.value })}
			/>
		</FormDialog>
	);
}
