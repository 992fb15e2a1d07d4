import { useEffect } from "preact/hooks";
import { prefs } from "../kit/ui";
import { assists, draftReply } from "./assist";
import { follow } from "./follow";
import { forwardLast } from "./forward";
import { type Action, Keys, press } from "./keys";
import { pick, step } from "./list";
import { undoLast } from "./parting";
import { go } from "./rail";
import { VIEWS } from "./rows";
import type { Session } from "./session";
import { maySnooze } from "./snooze";
import * as st from "./state";
import { mayAct } from "./ties";
import { leadsToChat, toChat } from "./to-chat";

const keys = new Keys();
const PANES = ["rail", "list", "middle", "side"];

/** The console's keyboard (web.md §6). */
export function useKeys(s: Session): void {
	useEffect(() => {
		const down = (e: KeyboardEvent) => {
			keys.single = prefs.value.keys;
			const modal = st.dialog.value !== undefined;
			const p = press(e);
			const a = keys.take(p, Date.now());
			if (!a || e.defaultPrevented) return;
			if (modal && a !== "palette") return;
			if (a === "escape" && (p.control || st.menu.value) && !p.typing) return;
			if (a === "accept" && p.key === "Enter" && !st.rings.value.length) return;
			e.preventDefault();
			run(s, a);
		};
		addEventListener("keydown", down);
		return () => removeEventListener("keydown", down);
	}, [s]);
}
/** Does what a key or the palette asks for. */
export function run(s: Session, a: Action): void {
	const r = st.current.value;
	if (a.startsWith("go:")) goes(s, a.slice(3));
	if (a.startsWith("be:")) bes(s, a.slice(3));
	switch (a) {
		case "palette":
			st.dialog.value = st.dialog.value?.what === "palette" ? undefined : { what: "palette" };
			return;
		case "shortcuts":
			st.dialog.value = { what: "shortcuts" };
			return;
		case "accept":
			if (st.rings.value[0]) void s.claim(st.rings.value[0].id);
			return;
		case "next":
		case "previous": {
			const id = step(a === "next" ? 1 : -1);
			if (id)
				void pick(s, id).then(() =>
					document.querySelector<HTMLElement>(`[data-row="${id}"]`)?.scrollIntoView({ block: "nearest" }),
				);
			return;
		}
		case "claim":
			if (r?.status === "queued") void s.claim(r.id);
			else if (r && r.status !== "closed" && !r.assignee) void s.takeOver(r.id);
			return;
		case "assign":
		case "close":
			if (r && r.status !== "closed" && (a === "assign" || r.status !== "queued")) st.dialog.value = { what: a };
			return;
		case "forward":
			if (r && mayAct(r)) forwardLast(r);
			return;
		case "chat":
			if (!r || !leadsToChat(r)) return;
			run(s, "reply");
			toChat(r);
			return;
		case "merge":
			if (r && r.status !== "queued") st.dialog.value = { what: a };
			return;
		case "reply":
		case "note":
			if (!r) return;
			st.composer.value = a;
			st.pane.value = "thread";
			requestAnimationFrame(() => document.getElementById("composer")?.focus());
			return;
		case "follow":
			if (r && r.status !== "closed") void follow(s, r);
			return;
		case "undo":
			undoLast(s);
			return;
		case "snooze":
			if (r && maySnooze(r)) st.dialog.value = { what: "snooze" };
			return;
		case "draft":
			if (!r || !assists(r)) return;
			run(s, "reply");
			void draftReply(r);
			return;
		case "verify":
		case "articles":
			if (!r) return;
			st.tab.value = a;
			st.pane.value = "side";
			return;
		case "pane-next":
		case "pane-previous":
			pane(a === "pane-next" ? 1 : -1);
			return;
		case "escape":
			leave();
	}
}
function goes(s: Session, to: string): void {
	if (to === "admin") location.assign("/admin");
	else if (to === "replies") st.place.value = "replies";
	else for (const v of VIEWS) if (v === to) go(s, v);
}
function bes(s: Session, value: string): void {
	if (value === "menu") st.menu.value = true;
	else void s.availability(value);
}
function pane(by: number): void {
	const ids = PANES.filter((id) => document.getElementById(id)?.checkVisibility());
	const at = ids.findIndex((id) => document.getElementById(id)?.contains(document.activeElement));
	const to = document.getElementById(ids[(at + by + ids.length) % ids.length] ?? "");
	to?.focus();
}
function leave(): void {
	const at = document.activeElement;
	if (at instanceof HTMLElement && at !== document.body) at.blur();
	else if (st.pane.value !== "list") st.pane.value = st.pane.value === "side" ? "thread" : "list";
}
