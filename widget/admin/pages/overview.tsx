import type { JSX } from "preact";
import { has, t } from "../../kit/i18n";
import { Avatar, Badge, Button, Icon } from "../../kit/ui";
import { type Box, may, midnight, type Person, paused, type Seat, useLoad } from "../data";
import { go } from "../guard";
import { Figure, Head, Loaded, NoMailbox, Part } from "../parts";

type Overview = {
	waiting: number;
	on: number;
	missed_today: number;
	mail_stopped: number;
	health: Record<string, string>;
};
type Staff = { agents: Person[]; memberships: Seat[] };

/** What a supervisor looks at first. */
export function OverviewPage(): JSX.Element {
	const now = useLoad<Overview>(`/v1/overview?since=${midnight()}`, 3000);
	const staff = useLoad<Staff>("/v1/availability", 3000);
	const boxes = useLoad<{ mailboxes: Box[] }>("/v1/mailboxes");
	return (
		<>
			<Head title={t("a.overview")} hint={t("a.overview.hint")} />
			<Loaded from={now}>
				{(o) => (
					<div class="figures">
						<Figure n={o.waiting} label={t("a.overview.waiting")} tone={o.waiting ? "wait" : ""} />
						<Figure n={o.on} label={t("a.overview.on")} />
						<Figure n={o.missed_today} label={t("a.overview.missed")} tone={o.missed_today ? "stop" : ""} />
					</div>
				)}
			</Loaded>
			{boxes.data && may("settings") && <Start boxes={boxes.data.mailboxes} staff={staff.data} />}
			<Part title={t("a.overview.who")}>
				<Loaded from={staff}>{(s) => <Who staff={s} boxes={boxes.data?.mailboxes ?? []} />}</Loaded>
			</Part>
			{may("force") && <Endings boxes={boxes.data?.mailboxes ?? []} />}
			<Part title={t("a.overview.health")} hint={t("a.overview.health.hint")}>
				<Loaded from={now}>{(o) => <Health o={o} />}</Loaded>
			</Part>
		</>
	);
}

type Ending = { mailbox: string; outcome: string; reason: string; n: number };
const DAYS = 7;

/** What conversations were closed for lately (P81). */
function Endings({ boxes }: { boxes: Box[] }): JSX.Element {
	const list = useLoad<{ endings: Ending[] }>(`/v1/endings?days=${DAYS}`);
	const name = (r: string) => (has(`a.why.${r}`) ? t(`a.why.${r}`) : r || t("a.why.none"));
	return (
		<Part title={t("a.endings")} hint={t("a.endings.hint")}>
			<Loaded from={list}>
				{(d) =>
					d.endings.length ? (
						<ul class="lines">
							{d.endings.map((e) => (
								<li key={`${e.mailbox}/${e.outcome}/${e.reason}`}>
									<span class="grow">
										<bdi>{name(e.reason)}</bdi>
										<small class="under">{boxes.find((b) => b.id === e.mailbox)?.name}</small>
									</span>
									<span class="seats">{e.n}</span>
								</li>
							))}
						</ul>
					) : (
						<p class="quiet-text">{t("a.endings.none")}</p>
					)
				}
			</Loaded>
		</Part>
	);
}

function Health({ o }: { o: Overview }): JSX.Element {
	return (
		<ul class="lines">
			{["database", "bus", "mail", "log", "policy", "sessions"].map((what) => {
				const state = o.health[what] ?? "ok";
				return (
					<li key={what}>
						<span class="grow">
							{t(`a.health.${what}`)}
							{what === "mail" && o.mail_stopped > 0 && (
								<small class="under">{t("a.health.stopped", { n: o.mail_stopped })}</small>
							)}
							{what === "log" && state === "differs" && <small class="under">{t("a.health.differs")}</small>}
							{what === "policy" && state === "waits" && <small class="under">{t("a.health.waits")}</small>}
							{what === "sessions" && state === "device" && <small class="under">{t("a.health.device")}</small>}
							{what === "mail" && state === "spooled" && <small class="under">{t("a.health.spooled")}</small>}
						</span>
						<Badge
							tone={state === "ok" ? "ok" : state === "spooled" || state === "waits" ? "wait" : "stop"}
							icon={state === "ok" ? "check" : "warn"}
						>
							{t(`a.health.is.${state}`)}
						</Badge>
					</li>
				);
			})}
		</ul>
	);
}

function Who({ staff, boxes }: { staff: Staff; boxes: Box[] }): JSX.Element {
	const on = staff.agents.filter((a) => !a.disabled && a.presence && a.presence !== "offline");
	if (!on.length) return <p class="quiet-text">{t("a.overview.nobody")}</p>;
	return (
		<ul class="lines">
			{on.map((a) => {
				const mine = staff.memberships.filter((m) => m.agent === a.id && m.availability === "available");
				const names = mine.map((m) => boxes.find((b) => b.id === m.mailbox)?.name).filter(Boolean);
				return (
					<li key={a.id}>
						<Avatar name={a.name} of={a.id} dot={a.presence} />
						<span class="grow">
							{a.name}
							<small> {t(`role.${a.role}`)}</small>
						</span>
						<span class="quiet-text">
							{a.paused_for ? paused(a.paused_for) : names.join(" · ") || t("a.overview.nowhere")}
						</span>
						<span class="seats">{t("a.seats", { active: a.active, capacity: a.capacity })}</span>
					</li>
				);
			})}
		</ul>
	);
}

/** First steps, until each is done. */
function Start({ boxes, staff }: { boxes: Box[]; staff: Staff | undefined }): JSX.Element | null {
	if (!boxes.length) return <NoMailbox />;
	const steps = [
		{ id: "members", done: boxes.some((b) => b.members.length > 0), to: ["mailboxes", boxes[0]?.id ?? ""] },
		{ id: "agents", done: (staff?.agents.length ?? 2) > 1, to: ["agents"] },
		{ id: "origins", done: boxes.some((b) => (b.origins ?? []).length > 0), to: ["widget"] },
	];
	if (steps.every((s) => s.done)) return null;
	return (
		<Part title={t("a.start")} hint={t("a.start.hint")}>
			<ul class="lines">
				{steps.map((s) => (
					<li key={s.id}>
						<Icon name={s.done ? "check" : "circle"} />
						<span class="grow">{t(`a.start.${s.id}`)}</span>
						{!s.done && <Button onClick={() => void go(...s.to)}>{t("a.open")}</Button>}
					</li>
				))}
			</ul>
		</Part>
	);
}
