import { CommandError } from "./socket";

export type SendState = "waiting" | "sent" | "delivered" | "read" | "failed";
export type Item = {
	conversation: string;
	client_id: string;
	text: string;
	files?: string[];
	/** A note stays with the staff; the rest are an agent's cards and mentions. */
	note?: boolean;
	article?: string;
	guide?: string;
	mentions?: string[];
	/** Answers nothing yet. */
	holding?: boolean;
	/** Goes to a ticket, where it can be taken back for a moment; and what becomes of the ticket. */
	ticket?: { close?: boolean; outcome?: string; reason?: string; snooze?: number };
	/** Who else gets a ticket's mail. */
	cc?: string[];
	/** Its mail carries the link to go on in chat. */
	continue?: boolean;
	at: number;
	failed?: string;
};
/** What became of a message. An agent's that was kept back has no seq, but what was found in it. */
export type Sent = {
	seq: number;
	id: string;
	at: number;
	text?: string;
	held?: string[];
	/** waiting: it can be taken back until then, and no visitor has it. */
	state?: "held" | "blocked" | "queued" | "waiting" | "sent" | "undone";
	until?: number;
};
export type Store = { load(): Item[]; save(items: Item[]): void };
export const MAX_WAITING = 50;
const DAY = 86_400_000;

/** Unsent messages. One at a time in order; the same client id again is the same message on the server. */
export class Outbox {
	#items: Item[];
	#busy = false;
	#store: Store;
	#send: (i: Item) => Promise<Sent>;
	#done: (i: Item, s: Sent) => void;
	#change: () => void;
	constructor(
		store: Store,
		send: (i: Item) => Promise<Sent>,
		done: (i: Item, s: Sent) => void,
		change: () => void = () => {},
	) {
		this.#store = store;
		this.#send = send;
		this.#done = done;
		this.#change = change;
		this.#items = store.load().slice(0, MAX_WAITING);
	}
	get items(): readonly Item[] {
		return this.#items;
	}
	/** False when 50 wait already. */
	add(item: Item): boolean {
		if (this.#items.length >= MAX_WAITING) return false;
		this.#keep([...this.#items, item]);
		return true;
	}
	remove(id: string): void {
		this.#keep(this.#items.filter((i) => i.client_id !== id));
	}
	retry(id: string, now: number): void {
		this.#keep(this.#items.map((i) => (i.client_id === id ? { ...i, at: now, failed: undefined } : i)));
	}
	clear(): void {
		this.#keep([]);
	}
	/** Sends what waits until one fails for lack of a connection; call again when live. */
	async drain(now: number): Promise<void> {
		if (this.#busy) return;
		this.#busy = true;
		try {
			for (let i = this.#next(now); i; i = this.#next(now)) if (!(await this.#one(i))) return;
		} finally {
			this.#busy = false;
		}
	}
	#next(now: number): Item | undefined {
		const old = (i: Item) => !i.failed && now - i.at > DAY;
		if (this.#items.some(old)) this.#keep(this.#items.map((i) => (old(i) ? { ...i, failed: "timeout" } : i)));
		return this.#items.find((i) => !i.failed);
	}
	async #one(i: Item): Promise<boolean> {
		try {
			const sent = await this.#send(i);
			this.remove(i.client_id);
			this.#done(i, sent);
			return true;
		} catch (e) {
			const error = e instanceof CommandError ? e.error : { code: "internal", retry: "yes" as const };
			if (error.retry === "yes" || error.retry === "after") return false;
			this.#keep(this.#items.map((x) => (x.client_id === i.client_id ? { ...x, failed: error.code } : x)));
			return true;
		}
	}
	#keep(items: Item[]): void {
		this.#items = items;
		this.#store.save(items);
		this.#change();
	}
}
