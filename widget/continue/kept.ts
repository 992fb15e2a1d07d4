import { readKey, writeKey } from "../loader/store";

type Values = Record<string, unknown>;
const PREFIX = "postern-continue:";
const text = (name: string): string | null => {
	try {
		return localStorage.getItem(PREFIX + name);
	} catch {
		return null;
	}
};

/**
 * What this browser keeps of one link. It has a place of its own: token and key are never those of a widget on another
 * page, and each link has others.
 */
export class Kept {
	readonly mailbox: string;
	readonly link: string;
	storage = true;
	#memory: Values = {};

	constructor(mailbox: string, link: string) {
		this.mailbox = mailbox;
		this.link = link;
		this.#write(mailbox, link);
	}
	/** The link that this tab, or else this browser, came by last: its login comes back without it. */
	static last(mailbox: string): string {
		try {
			const own = sessionStorage.getItem(PREFIX + mailbox);
			if (own !== null) return own;
		} catch {
			// Then there is nothing in the other one either.
		}
		return text(mailbox) ?? "";
	}
	/** The signature alone tells links apart. */
	get #slot(): string {
		return `${this.mailbox}:${this.link.split(".").at(-1)}`;
	}
	#write(name: string, value: string): void {
		try {
			localStorage.setItem(PREFIX + name, value);
			if (name === this.mailbox) sessionStorage.setItem(PREFIX + name, value);
		} catch {
			this.storage = false;
		}
	}
	/** Everything kept, also by another tab. */
	all(): Values {
		try {
			const found: unknown = JSON.parse(text(this.#slot) ?? "null");
			if (found && typeof found === "object") this.#memory = found as Values;
		} catch {
			// What somebody else wrote there is as good as nothing.
		}
		return this.#memory;
	}
	keep(k: string, v: unknown): void {
		this.#memory = { ...this.all(), [k]: v };
		this.#write(this.#slot, JSON.stringify(this.#memory));
	}
	key(): Promise<CryptoKeyPair | undefined> {
		return readKey(PREFIX + this.#slot).catch(() => undefined);
	}
	keepKey(key: CryptoKeyPair): void {
		void writeKey(PREFIX + this.#slot, key).catch(() => undefined);
	}
}
/** Takes the fragment apart: the token of a link, or what a login brings back. */
export function arrival(hash: string): { link: string; back: string } {
	const found = /^#postern=([\w.~-]+)$/.exec(hash)?.[1];
	return found ? { link: "", back: found } : { link: /^#([\w.-]{1,64})$/.exec(hash)?.[1] ?? "", back: "" };
}
