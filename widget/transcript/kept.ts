import { newKey, newToken } from "../kit/key";
import { readKey, writeKey } from "../loader/store";

/** What this tab keeps while the login is elsewhere. */
export type Kept = {
	link: string;
	/** The tab's own visitor token, never that of a widget. */
	token: string;
	visit?: string;
	change?: { id: string; challenge: string; chg: string; commit: string };
};
const NAME = "postern-transcript";

export function keep(k: Kept): void {
	sessionStorage.setItem(NAME, JSON.stringify(k));
}
/** What was kept, if anything. */
export function kept(): Kept | undefined {
	const text = sessionStorage.getItem(NAME);
	return text ? (JSON.parse(text) as Kept) : undefined;
}
/** A link starts anew: token and key of its own. */
export function begin(link: string): Kept {
	const k = { link, token: newToken() };
	keep(k);
	return k;
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
