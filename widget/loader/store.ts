/** The widget key in the host page's IndexedDB: scripts can use it, not copy it. Writing none clears all. */
function base<T>(mode: IDBTransactionMode, run: (s: IDBObjectStore) => IDBRequest<T>): Promise<T> {
	return new Promise((ok, no) => {
		const r = indexedDB.open("postern", 1);
		r.onupgradeneeded = () => r.result.createObjectStore("key");
		r.onerror = () => no(r.error);
		r.onsuccess = () => {
			const q = run(r.result.transaction("key", mode).objectStore("key"));
			q.onerror = () => no(q.error);
			q.onsuccess = () => {
				r.result.close();
				ok(q.result);
			};
		};
	});
}
export const readKey = (slot: string): Promise<CryptoKeyPair | undefined> => base("readonly", (s) => s.get(slot));
export const writeKey = (slot: string, key: CryptoKeyPair | undefined): Promise<unknown> =>
	key ? base("readwrite", (s) => s.put(key, slot)) : base("readwrite", (s) => s.clear());
