/** The origin of an address somebody typed, or "" when the server would refuse it. */
export function originOf(text: string): string {
	try {
		const u = new URL(text.includes("://") ? text : `https://${text}`);
		const local = ["localhost", "127.0.0.1", "[::1]"].includes(u.hostname);
		return u.protocol === "https:" || (u.protocol === "http:" && local) ? u.origin : "";
	} catch {
		return "";
	}
}
