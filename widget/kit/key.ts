/** Visitor token and widget key (proof-gate.md §3.10). Private keys never leave WebCrypto. */
const ECDSA = { name: "ECDSA", namedCurve: "P-256" } as const;
const SIGN = { name: "ECDSA", hash: "SHA-256" } as const;
const utf8 = (s: string) => new TextEncoder().encode(s);

export function b64url(bytes: ArrayBuffer | Uint8Array<ArrayBuffer>): string {
	const raw = Array.from(new Uint8Array(bytes), (b) => String.fromCharCode(b)).join("");
	return btoa(raw).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}
/** 256 random bits as 43 base64url characters. */
export function newToken(): string {
	return b64url(crypto.getRandomValues(new Uint8Array(32)));
}
/** A non-extractable P-256 key; undefined without WebCrypto (plain http): chat works, the gate does not. */
export async function newKey(): Promise<CryptoKeyPair | undefined> {
	if (!globalThis.crypto?.subtle) return undefined;
	return crypto.subtle.generateKey(ECDSA, false, ["sign", "verify"]);
}
export async function publicJWK(pair: CryptoKeyPair): Promise<{ kty: string; crv: string; x: string; y: string }> {
	const { kty = "", crv = "", x = "", y = "" } = await crypto.subtle.exportKey("jwk", pair.publicKey);
	return { kty, crv, x, y };
}
async function hash(s: string): Promise<string> {
	return b64url(await crypto.subtle.digest("SHA-256", utf8(s)));
}
async function sign(pair: CryptoKeyPair, text: string): Promise<string> {
	return b64url(await crypto.subtle.sign(SIGN, pair.privateKey, utf8(text)));
}
/** The text that hello's signature covers. */
export async function helloText(nonce: string, token: string): Promise<string> {
	return `postern.hello.v1\n${nonce}\n${await hash(token)}`;
}
export async function signHello(pair: CryptoKeyPair, nonce: string, token: string): Promise<string> {
	return sign(pair, await helloText(nonce, token));
}
export type Finish = { challenge: string; chg: string; commit: string };
/** The text that change.finish's signature covers: JCS, so keys in order and no spaces. */
export async function finishText(f: Finish, finish: string): Promise<string> {
	const { challenge, chg, commit } = f;
	return `postern.finish.v1\n${JSON.stringify({ challenge, chg, commit, token: await hash(finish), v: "1" })}`;
}
export async function signFinish(pair: CryptoKeyPair, f: Finish, finish: string): Promise<string> {
	return sign(pair, await finishText(f, finish));
}
