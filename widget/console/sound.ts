/** Two short tones for a ring, one for a message: made here, no file to load. */
let context: AudioContext | undefined;

function play(tones: readonly (readonly [hz: number, at: number])[]): void {
	context ??= new AudioContext();
	const ctx = context;
	if (ctx.state === "suspended") void ctx.resume();
	for (const [hz, at] of tones) {
		const o = ctx.createOscillator();
		const g = ctx.createGain();
		const start = ctx.currentTime + at;
		o.frequency.value = hz;
		g.gain.setValueAtTime(0, start);
		g.gain.linearRampToValueAtTime(0.12, start + 0.02);
		g.gain.exponentialRampToValueAtTime(0.001, start + 0.35);
		o.connect(g).connect(ctx.destination);
		o.start(start);
		o.stop(start + 0.4);
	}
}
export const ring = (): void => play([[660, 0] as const, [880, 0.18] as const]);
export const message = (): void => play([[740, 0]]);
/** Browsers allow sound after a first press only; any press of the console is one. */
export function unlock(): void {
	context ??= new AudioContext();
	if (context.state === "suspended") void context.resume();
}
