import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { region, t } from "../../kit/i18n";
import { Avatar, Badge, Button } from "../../kit/ui";
import { type Box, may, type Person, paused, type Seat, useLoad } from "../data";
import { Figure, Part, Table } from "../parts";
import { type At, Force } from "./availability";

type All = { agents: Person[]; memberships: Seat[] };
const here = (a: Person): boolean => a.presence === "online" || a.presence === "idle";
const seated = (s: All): Person[] => s.agents.filter((a) => !a.disabled && s.memberships.some((m) => m.agent === a.id));

/** Seats taken of those that are there. */
export function load(s: All): string {
	const on = seated(s).filter(here);
	const sum = (of: (a: Person) => number) => on.reduce((n, a) => n + of(a), 0);
	return t("a.seats", { active: sum((a) => a.active), capacity: sum((a) => a.capacity) });
}
export function On({ staff }: { staff: All }): JSX.Element {
	return <Figure n={seated(staff).filter(here).length} label={t("a.overview.on")} />;
}
/** How long the one who waits longest has waited. */
export function Longest({ since }: { since: number[] }): JSX.Element {
	const s = since.length ? Math.max(0, Math.round((Date.now() - Math.min(...since)) / 1000)) : 0;
	const words = `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
	return <Figure n={since.length ? words : "–"} label={t("a.live.longest")} tone={s > 60 ? "wait" : ""} />;
}
type Counts = { days: number; minutes: number; counts: { within: number; late: number }; share: number };
/** The share of first answers in time, of the last week (P91). */
export function Acknowledged(): JSX.Element | null {
	const a = useLoad<Counts>("/v1/acknowledged", 60_000).data;
	if (!a) return null;
	const of = a.counts.within + a.counts.late;
	const share = new Intl.NumberFormat(region(), { style: "percent", maximumFractionDigits: 1 }).format(a.share);
	return <Figure n={of ? share : "–"} label={t("a.live.acknowledged", { n: of, minutes: a.minutes, days: a.days })} />;
}

type Props = { staff: All; boxes: Box[]; reload(): Promise<void> };
/** Who is on and how full; a supervisor lets somebody have no more offers, with a reason (P98). */
export function Staff({ staff, boxes, reload }: Props): JSX.Element {
	const [edit, setEdit] = useState<At>();
	const people = seated(staff).sort((a, b) => Number(here(b)) - Number(here(a)) || a.name.localeCompare(b.name));
	const where = (a: Person) =>
		staff.memberships
			.filter((m) => m.agent === a.id)
			.map((m) => `${boxes.find((b) => b.id === m.mailbox)?.name ?? ""}: ${t(`a.availability.${m.availability}`)}`)
			.join(" · ");
	return (
		<Part title={t("a.live.staff")} hint={t("a.live.staff.hint")}>
			<Table
				label={t("a.live.staff")}
				rows={people}
				id={(a) => a.id}
				dim={(a) => !here(a)}
				columns={[
					{
						id: "who",
						label: t("a.agent"),
						cell: (a) => (
							<span class="with-avatar">
								<Avatar name={a.name} of={a.id} dot={a.presence} />
								<span>
									{a.name}
									<small class="under">{t(`a.presence.${a.presence || "offline"}`)}</small>
								</span>
							</span>
						),
					},
					{
						id: "load",
						label: t("a.live.load"),
						cell: (a) => t("a.seats", { active: a.active, capacity: a.capacity }),
					},
					{
						id: "where",
						label: t("a.availability"),
						grow: true,
						cell: (a) => (
							<>
								{where(a)}{" "}
								{a.paused_for && (
									<Badge tone="wait" icon="clock">
										{paused(a.paused_for)}
									</Badge>
								)}
							</>
						),
					},
					...(may("force")
						? [
								{
									id: "acts",
									label: t("a.actions"),
									cell: (a: Person) => (
										<Button
											look="quiet"
											onClick={() => setEdit({ agent: a })}
											aria-label={t("a.availability.set", { name: a.name })}
										>
											{t("a.live.force")}
										</Button>
									),
								},
							]
						: []),
				]}
			/>
			{edit && (
				<Force
					at={edit}
					onClose={() => setEdit(undefined)}
					onDone={() => {
						setEdit(undefined);
						void reload();
					}}
				/>
			)}
		</Part>
	);
}
