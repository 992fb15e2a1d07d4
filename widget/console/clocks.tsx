import { effect } from "@preact/signals";
import type { JSX } from "preact";
import { t } from "../kit/i18n";
import { exact } from "../kit/time";
import { api, Badge } from "../kit/ui";
import { type Clock, type Event, is, type Row } from "../kit/wire";
import * as st from "./state";
import { age } from "./words";

/** Clocks read at once, as many as the route takes, and ms between two readings: of rows on the screen, of others. */
const MOST = 50;
const EVERY = 1000;
const OTHERS = 15_000;

/** The clock that runs out next: words say how it stands, the colour only repeats them (P90, P91). */
export function ClockBadge({ r }: { r: Row }): JSX.Element | null {
	const { name, warn = 0, due = 0 } = r.clock ?? {};
	if (!name || !due || r.status === "closed") return null;
	const now = st.now.value;
	const how = due <= now ? "late" : warn <= now ? "soon" : "in";
	const tone = how === "late" ? "stop" : how === "soon" ? "wait" : "plain";
	return (
		<Badge tone={tone} icon={how === "late" ? "warn" : "clock"} title={exact(due)}>
			{t(`clock.${name}.${how}`, { time: age(Math.abs(due - now)) })}
		</Badge>
	);
}

/** Rows whose clock is not known: a message, which many get, brings none along. */
function unclocked(rows: Row[]): string[] {
	return rows.filter((r) => !r.clock && r.status !== "closed").map((r) => r.id);
}
async function readClocks(ids: string[]): Promise<void> {
	type R = { clocks: Record<string, Clock> };
	const path = `/v1/clocks?c=${ids.join(",")}`;
	const r = ids.length ? await api<R>("GET", path).catch(() => undefined) : undefined;
	const rows = { ...st.rows.value };
	for (const id of ids) {
		const row = rows[id];
		if (row && !row.clock) rows[id] = { ...row, clock: r?.clocks[id] ?? {} }; // {}: not asked for again and again
	}
	if (ids.length) st.rows.value = rows;
}
/** Reads the clocks of what is on the screen as soon as they are not known any more, all others now and then. */
export function keepClocks(): void {
	let wait = 0;
	const shown = () => {
		const all = st.current.value ? [st.current.value, ...st.shown.value] : st.shown.value;
		return unclocked(all.filter((r) => st.rows.value[r.id]));
	};
	const live = () => st.screen.value === "app" && st.phase.value === "live";
	effect(() => {
		const some = shown().length > 0; // looked at first, so that this runs again whenever it changes
		if (!some || !live() || wait) return;
		wait = window.setTimeout(() => {
			wait = 0;
			void readClocks([...new Set(shown())].slice(0, MOST));
		}, EVERY);
	});
	setInterval(() => {
		if (live()) void readClocks(unclocked(Object.values(st.rows.value)).slice(0, MOST));
	}, OTHERS);
}

/** What an event in my own topic says to me about somebody's waiting. */
export function heard(e: Event): { id: string; words: string; to?: st.Place } | undefined {
	if (is(e, "conversation.escalated")) {
		const words = t("escalate.heard", { level: t(`escalate.level.${e.data.level}`), issue: e.data.report.issue });
		return { id: e.data.conversation ?? "", words };
	}
	if (is(e, "conversation.rated"))
		return {
			id: e.data.conversation ?? "",
			words: t("rated.heard", { n: e.data.stars, text: e.data.text ?? "" }),
			to: "closed",
		};
	if (is(e, "mailbox.alarmed")) {
		const said = t("alarm.heard", { n: e.data.over, mailbox: st.boxName(e.data.mailbox) });
		return { id: e.data.oldest[0] ?? "", words: said, to: "late" };
	}
	if (is(e, "follow.changed") && e.data.why === "mention") {
		const words = t("follow.mention", { name: st.agentName(e.by.id) });
		return { id: e.data.conversation ?? "", words };
	}
	if (is(e, "clock.warned")) return { id: e.data.conversation ?? "", words: t(`sys.warned.${e.data.clock}`) };
	if (is(e, "clock.broken")) return { id: e.data.conversation ?? "", words: t(`sys.broken.${e.data.clock}`) };
	return undefined;
}
