import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../kit/i18n";
import { Count, Icon, type IconName } from "../kit/ui";
import { counts, VIEWS, type ViewName } from "./rows";
import type { Session } from "./session";
import { boxes, mailbox, myId, type Place, pane, place, rows, tally } from "./state";

export const viewIcon: Record<Place, IconName> = {
	incoming: "bell",
	mine: "person",
	unassigned: "people",
	missed: "ticket",
	risk: "clock",
	late: "warn",
	waiting: "reply",
	snoozed: "mute",
	closed: "archive",
	replies: "bolt",
};
export function go(s: Session, to: Place): void {
	place.value = to;
	pane.value = "list";
	if (to === "closed" || to === "late" || to === "risk") void s.list(to);
}
export function Rail({ s }: { s: Session }): JSX.Element {
	const n = tally.value;
	const nav = useRef<HTMLElement>(null);
	// Where the rail is a strip, the chosen view may lie outside it.
	useEffect(() => {
		nav.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
	}, [place.value]);
	return (
		<nav class="rail" ref={nav} id="rail" tabIndex={-1} aria-label={t("pane.rail")}>
			<ul>
				{VIEWS.map((v) => (
					<li key={v}>
						<Line s={s} to={v} n={v === "closed" ? 0 : n[v]} />
					</li>
				))}
			</ul>
			<h2 class="rail-head">{t("rail.mailboxes")}</h2>
			<ul class="boxes">
				<li>
					<Box id="" name={t("rail.all")} />
				</li>
				{boxes.value.map((b) => (
					<li key={b.id}>
						<Box id={b.id} name={b.name} />
					</li>
				))}
			</ul>
			<ul class="rail-end">
				<li>
					<Line s={s} to="replies" n={0} />
				</li>
			</ul>
		</nav>
	);
}
function Line({ s, to, n }: { s: Session; to: Place; n: number }): JSX.Element {
	const tone =
		to === "incoming" ? "accent" : to === "missed" || to === "late" ? "stop" : to === "risk" ? "wait" : "plain";
	return (
		<button
			type="button"
			class="rail-item"
			aria-current={place.value === to ? "page" : undefined}
			onClick={() => go(s, to)}
		>
			<Icon name={viewIcon[to]} />
			<span class="grow one-line">{t(`view.${to}`)}</span>
			<Count n={n} tone={tone} />
		</button>
	);
}
function Box({ id, name }: { id: string; name: string }): JSX.Element {
	const n = counts(rows.value, myId.value, id);
	const parts = (["incoming", "mine", "unassigned", "missed"] as ViewName[]).filter((v) => n[v] > 0);
	return (
		<button
			type="button"
			class="rail-item"
			aria-pressed={mailbox.value === id}
			title={parts.map((v) => `${t(`view.${v}`)}: ${n[v]}`).join(" · ") || name}
			onClick={() => {
				mailbox.value = id;
			}}
		>
			<Icon name={id ? "inbox" : "globe"} />
			<span class="grow one-line">{name}</span>
			<Count n={n.incoming} tone="accent" label={t("view.incoming")} />
			<Count n={n.mine} label={t("view.mine")} />
			<Count n={n.missed} tone="stop" label={t("view.missed")} />
		</button>
	);
}
