import { computed, signal } from "@preact/signals";
import type { View } from "../kit/conversation";
import { errorText } from "../kit/i18n";
import type { Item } from "../kit/outbox";
import { CommandError, type Phase } from "../kit/socket";
import type { Page, Suggestion, VisitorHello } from "../kit/wire";

export type Screen = "home" | "form" | "chat" | "messages" | "article";

export const phase = signal<Phase>("idle");
/** Close code of a connection that must not come back; 0 = none. */
export const away = signal(0);
/** Offline for longer than a moment. */
export const slow = signal(false);
export const hello = signal<VisitorHello | undefined>(undefined);
export const screen = signal<Screen>("home");
/** Where an article was opened from: Back leads there. */
export const from = signal<Screen>("home");
/** The language on show; a change draws everything anew. */
export const locale = signal("en");
/** The panel is open on the host's page. */
export const shown = signal(false);
/** Topic of the conversation on the chat screen; "" = none yet. */
export const current = signal("");
export const views = signal<Record<string, View>>({});
export const waiting = signal<readonly Item[]>([]);
export const position = signal<{ place: number; wait: number } | undefined>(undefined);
export const typing = signal("");
/** How far the other side's device has come, by topic. */
export const delivered = signal<Record<string, number>>({});
export const article = signal<Page | undefined>(undefined);
export const query = signal("");
export const prefill = signal<Record<string, string>>({});
export const suggestions = signal<Suggestion[]>([]);
export const storage = signal(true);
export const crypto = signal(true);
export const maxFile = signal(20 << 20);
/** What went wrong outside any screen, in words. */
export const trouble = signal("");
/** Marks already asked for, by topic. */
export const readUpTo: Record<string, number> = {};

/** Messages of the other side that nobody has seen yet. */
export const unread = computed(() => {
	let n = 0;
	for (const v of Object.values(views.value)) {
		const seen = v.read.visitor ?? 0;
		if (v.status === "closed" && v.topic !== current.value) continue;
		n += v.lines.filter((l) => "message" in l && l.role !== "visitor" && l.seq > seen).length;
	}
	return shown.value && screen.value === "chat" ? 0 : n;
});
/** True when a person can be reached now; otherwise the form leaves a message. */
export const reachable = computed(() => Boolean(hello.value?.mailbox.open && hello.value.mailbox.available));

export function words(e: unknown): string {
	return errorText(e instanceof CommandError ? e.error : { code: "internal" });
}
