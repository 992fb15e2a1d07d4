import { newKey, newToken } from "../kit/key";
import { readKey, writeKey } from "../loader/store";

/** What this tab keeps while the login is elsewhere. */
export type Kept = {
	/** The secret of a link; "" where the login itself says what is shown. */
	link: string;
	/** Whose accounts are asked, without a link. */
	mailbox?: string;
	/** A page of the help center, to go back to. */
	back?: string;
	/** The tab's own visitor token, never that of a widget. */
	token: string;
	visit?: string;
	change?: { id: string; challenge: string; chg: string; commit: string };
};
const name = (mailbox = "") => (mailbox ? `postern-tickets ${mailbox}` : "postern-transcript");

export function keep(k: Kept): void {
	sessionStorage.setItem(name(k.mailbox), JSON.stringify(k));
}
/** What was kept, if anything. */
export function kept(mailbox?: string): Kept | undefined {
	const text = sessionStorage.getItem(name(mailbox));
	return text ? (JSON.parse(text) as Kept) : undefined;
}
/** A link starts anew: token and key of its own. */
export function begin(link: string): Kept {
	const k = { link, token: newToken() };
	keep(k);
	return k;
}
/** The tab's place among one's own conversations; a new one unless the login comes back to it. */
export function own(mailbox: string, back: string, returns: boolean): Kept {
	const old = kept(mailbox);
	if (old && returns) return old;
	const k = { link: "", mailbox, back: safe(back) || old?.back, token: newToken() };
	keep(k);
	return k;
}
/** The address if it is a path of the help center here, written as a browser writes it; else nothing. */
export function safe(back: string): string {
	if (!/^\/help\/[\w%./~-]*$/.test(back) || back.includes("//")) return "";
	return new URL(back, "https://here").pathname === back ? back : "";
}
const slot = (k: Kept) => `transcript ${k.token.slice(0, 16)}`;

/** The key of this tab, made when it is first asked for; undefined without WebCrypto. */
export async function keyOf(k: Kept): Promise<CryptoKeyPair | undefined> {
	const old = await readKey(slot(k));
	if (old) return old;
	const fresh = await newKey();
	if (fresh) await writeKey(slot(k), fresh);
	return fresh;
}
