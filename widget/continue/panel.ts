import type { Kept } from "./kept";

type Up = { t: string; [k: string]: unknown };

/** The widget's panel in a page of ours: what the loader does on a page of the site. */
export class Panel {
	#frame: HTMLIFrameElement;
	#kept: Kept;
	#port: MessagePort | undefined;
	#closed: () => void;
	#viewed = false;

	constructor(frame: HTMLIFrameElement, kept: Kept, closed: () => void) {
		this.#frame = frame;
		this.#kept = kept;
		this.#closed = closed;
	}
	/** Hands over what is kept, once the frame is there. from: the link's token, "" = the conversation is tied to none. */
	async begin(from: string, back: string): Promise<void> {
		const c = new MessageChannel();
		this.#port = c.port1;
		c.port1.onmessage = (m) => this.#take(m.data as Up);
		const init = {
			t: "init",
			...this.#kept.all(),
			key: await this.#kept.key(),
			storage: this.#kept.storage,
			page: location.origin + location.pathname,
			mailbox: this.#kept.mailbox,
			locale: document.documentElement.lang,
			...(from ? { from } : {}),
			...(back ? { back } : {}),
		};
		this.#frame.contentWindow?.postMessage(init, location.origin, [c.port2]);
	}
	show(on: boolean): void {
		this.#port?.postMessage({ t: "shown", v: on });
		if (on) this.#frame.focus();
	}
	#take(m: Up): void {
		if (m.t === "keep") {
			this.#kept.keep(String(m.k), m.v);
			if (m.k === "open") this.#view();
		}
		if (m.t === "key") this.#kept.keepKey(m.v as CryptoKeyPair);
		else if (m.t === "close") this.#closed();
		else if (m.t === "ready") this.show(true);
		// No second window, which a phone may block: this page goes to the login, and comes back.
		else if (m.t === "go" && /^https?:\/\//.test(String(m.url))) location.assign(String(m.url));
	}
	/** Once it is known whether a conversation goes on: that one, or the form of a new one. */
	#view(): void {
		if (!this.#viewed) this.#port?.postMessage({ t: "verb", id: 1, verb: "view", v: "chat" });
		this.#viewed = true;
	}
}
