import { publicJWK, signFinish, signHello } from "../kit/key";
import { CommandError, openWebSocket, Socket, systemClock } from "../kit/socket";
import { type Kept, keep, keyOf } from "./kept";

export type Line = { at: number; author: string; name?: string; text: string };
export type Text = { mailbox: string; started: number; until: number; lines: Line[] };
/** A conversation of the account that logged in. */
export type Own = {
	id: string;
	number?: number;
	mailbox: string;
	words: string;
	status: string;
	started_at: number;
	last_at: number;
};
type Change = { id: string; state: string; challenge?: string; chg?: string; commit?: string };
/** What the gateway says no with; "offline" = it said nothing. */
export class Refusal extends Error {}

/** Which mailbox the link is of. Rejects with a Refusal. */
async function look(link: string): Promise<string> {
	const r = await fetch("/v1/transcript/look", {
		method: "POST",
		headers: { "Content-Type": "application/json", "X-Postern": "1" },
		body: JSON.stringify({ token: link }),
	}).catch(() => undefined);
	const answer = (await r?.json().catch(() => undefined)) as { mailbox?: string; code?: string } | undefined;
	if (!r?.ok || !answer?.mailbox) throw new Refusal(answer?.code ?? "offline");
	return answer.mailbox;
}

/** One link, or one list of one's own, in one tab: a socket that proves this tab's key. */
export class Asking {
	#socket: Socket;
	#kept: Kept;
	#key: CryptoKeyPair;

	private constructor(k: Kept, key: CryptoKeyPair, socket: Socket) {
		this.#kept = k;
		this.#key = key;
		this.#socket = socket;
	}
	/** Errors: Refusal. */
	static async begin(k: Kept): Promise<Asking> {
		const mailbox = k.mailbox ?? (await look(k.link));
		const key = await keyOf(k);
		if (!key) throw new Refusal("crypto");
		const socket = await live(mailbox, k.token, key);
		return new Asking(k, key, socket);
	}
	async #say<T>(cmd: string, args: object): Promise<T> {
		return this.#socket.command<T>(cmd, args).catch((e: unknown) => {
			throw new Refusal(e instanceof CommandError ? e.error.code : "offline");
		});
	}
	/** Asks for the login; "failed" says that the one before came to nothing, "proven" that the text is open. */
	async open(): Promise<"ask" | "failed" | "proven"> {
		const { mailbox, link } = this.#kept;
		const cmd = mailbox ? "tickets.open" : "transcript.open";
		const { visit, change } = await this.#say<{ visit: string; change: Change }>(cmd, mailbox ? {} : { token: link });
		const before = this.#kept.change?.id;
		this.#kept = { ...this.#kept, visit, change: { challenge: "", chg: "", commit: "", ...change } };
		if (change.state === "proven") return "proven";
		return before && before !== change.id ? "failed" : "ask";
	}
	/** Gives the address of the login. */
	async login(): Promise<string> {
		const page = location.origin + location.pathname;
		const { url, change } = await this.#say<{ url: string; change: Change }>("change.open", {
			change: this.#kept.change?.id,
			page,
		});
		const { id, challenge = "", chg = "", commit = "" } = change;
		this.#kept = { ...this.#kept, change: { id, challenge, chg, commit } };
		keep(this.#kept);
		return url;
	}
	/** Brings the login home: signed with this tab's key, or it shows nothing. */
	async finish(token: string): Promise<void> {
		const { visit, change } = this.#kept;
		if (!change) throw new Refusal("not_found");
		const sig = await signFinish(this.#key, change, token);
		await this.#say("change.finish", { conversation: visit, change: change.id, finish: token, sig, chg: change.chg });
	}
	read(): Promise<Text> {
		return this.#say<Text>("transcript.read", { change: this.#kept.change?.id });
	}
	list(): Promise<{ until: number; conversations: Own[] }> {
		return this.#say("tickets.list", { change: this.#kept.change?.id });
	}
	readOne(conversation: string): Promise<Text> {
		return this.#say<Text>("tickets.read", { change: this.#kept.change?.id, conversation });
	}
}

/** A connection whose hello has proven the key. */
function live(mailbox: string, token: string, key: CryptoKeyPair): Promise<Socket> {
	return new Promise((ok, no) => {
		const socket: Socket = new Socket({
			url: `${location.origin.replace(/^http/, "ws")}/v1/socket`,
			open: openWebSocket,
			clock: systemClock,
			hello: async (w) => ({
				as: "visitor",
				mailbox,
				token,
				key: await publicJWK(key),
				sig: await signHello(key, w.nonce, token),
				topics: {},
				locale: document.documentElement.lang,
			}),
			onHello: () => undefined,
			onEvent: () => undefined,
			onPhase: (p) => {
				if (p === "live") ok(socket);
				else if (p === "away" || p === "retry") no(new Refusal("offline"));
			},
		});
		socket.connect();
	});
}
