// Small TCP proxies: one that can fall silent, one that takes turns between gateways.
import { connect, createServer } from "node:net";
import { addressOf } from "./server.mjs";

/**
 * Forwards bytes to the ports in turn.
 * @param {number[]} ports
 */
export async function proxy(ports, listen = 0) {
	/** @type {Set<import("node:net").Socket[]>} */
	const pairs = new Set();
	let turn = 0;
	let silent = false;
	/** @type {number | undefined} */
	let fixed;
	let room = Infinity; // bytes that may still go up
	const held = [];
	const used = ports.map(() => 0);
	const server = createServer((a) => {
		const at = fixed ?? turn++ % ports.length;
		used[at] = (used[at] ?? 0) + 1;
		const b = connect(ports[at] ?? 0, "127.0.0.1");
		const pair = [a, b];
		pairs.add(pair);
		for (const [from, to] of /** @type {const} */ ([[a, b], [b, a]])) {
			from.on("data", (d) => {
				// A black hole: the bytes are gone, the connection stays.
				if (silent) return;
				if (from === a && d.length > room) {
					from.pause();
					held.push(() => {
						to.write(d);
						from.resume();
					});
					return;
				}
				if (from === a) room -= d.length;
				to.write(d);
			});
			from.on("error", () => undefined);
			from.on("close", () => {
				to.destroy();
				pairs.delete(pair);
			});
		}
	});
	await new Promise((done) => server.listen(listen, "127.0.0.1", () => done(undefined)));
	return {
		port: addressOf(server).port,
		/**
		 * From now on all connections go to this one of the ports.
		 * @param {number} i
		 */
		sendTo(i) {
			fixed = i;
		},
		/** How many connections each port got. */
		used,
		/** So many bytes still go up to the gateway; what comes then waits until `flow`. */
		pinch(bytes) {
			room = bytes;
		},
		flow() {
			room = Infinity;
			for (const go of held.splice(0)) go();
		},
		/** From now on no byte passes; `hear` lets new connections through again and drops the deaf ones. */
		silence() {
			silent = true;
		},
		hear() {
			silent = false;
			for (const [a, b] of pairs) {
				a.destroy();
				b.destroy();
			}
		},
		stop() {
			for (const [a, b] of pairs) {
				a.destroy();
				b.destroy();
			}
			return new Promise((done) => server.close(done));
		},
	};
}
