import type { Clock } from "./socket";

/** Virtual time, for tests: run() fires what is due in order. */
export class Time implements Clock {
	t = 0;
	seed = 7;
	due: { at: number; fn: () => void }[] = [];
	now = () => this.t;
	random = () => {
		this.seed = (this.seed * 48271) % 2147483647;
		return this.seed / 2147483647;
	};
	after = (ms: number, fn: () => void) => {
		const one = { at: this.t + ms, fn };
		this.due.push(one);
		return () => {
			this.due = this.due.filter((d) => d !== one);
		};
	};
	async run(ms: number): Promise<void> {
		const end = this.t + ms;
		for (;;) {
			for (let i = 0; i < 20; i++) await Promise.resolve();
			const next = this.due.filter((d) => d.at <= end).sort((a, b) => a.at - b.at)[0];
			if (!next) break;
			this.due = this.due.filter((d) => d !== next);
			this.t = next.at;
			next.fn();
		}
		this.t = end;
	}
}
