import { signal } from "@preact/signals";
import { api } from "../kit/ui";

/** One mail of a ticket: what became of it, or whom one that came in names beside us. */
export type Fate = {
	message: string;
	in?: boolean;
	to?: string;
	cc?: string[];
	state?: "waiting" | "sent" | "stopped";
	code?: string;
	/** It was given up, and its recipient takes no mail. */
	dead?: boolean;
	forward?: boolean;
	at: number;
};
/** copies: whom an answer to all goes to, as the ticket's own sender said last. closings: lines to end a mail with. */
export type Mails = { mails: Fate[]; copies: string[]; closings: string[] };

export const mails = signal<Record<string, Mails>>({});

/** Reads what became of a ticket's mails; a failure leaves what was there. */
export async function readMails(id: string): Promise<void> {
	const r = await api<Mails>("GET", `/v1/conversations/${id}/mails`).catch(() => undefined);
	if (r) mails.value = { ...mails.value, [id]: r };
}
/** Whom a message's mail named or went to beside the ticket's own address. */
export function copiesOf(id: string, message: string): { names: string[]; came: boolean } {
	const m = mails.value[id]?.mails.find((x) => x.message === message && x.cc?.length);
	return { names: m?.cc ?? [], came: Boolean(m?.in) };
}
/** Mails that were given up. */
export function stopped(id: string): Fate[] {
	return (mails.value[id]?.mails ?? []).filter((m) => m.state === "stopped");
}
