const shapes = {
	back: "m14.5 6-6 6 6 6",
	close: "m6 6 12 12M18 6 6 18",
	search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13Zm4.7-1.8L20 20",
	send: "M4.5 12h8M4.5 12 3.5 4.5 21 12 3.5 19.5 4.5 12Z",
	clip: "m19 11-7.6 7.6a4.5 4.5 0 0 1-6.4-6.4l8-8a3 3 0 0 1 4.3 4.3l-7.9 7.9a1.5 1.5 0 0 1-2.2-2.2L14 7",
	page: "M6 3.5h8l4 4v13H6v-17Zm8 0v4h4M9 12h6m-6 4h6",
	chat: "M4 5h16v11H10l-4.5 4v-4H4V5Z",
	next: "m9.5 6 6 6-6 6",
	down: "M12 5v14m-5-5 5 5 5-5",
	lock: "M6 11h12v9H6v-9Zm2.5 0V8a3.5 3.5 0 0 1 7 0v3",
	half: "M12 3.5a8.5 8.5 0 0 1 0 17",
	gate: "M5 20V9a7 7 0 0 1 14 0v11M3.5 20h17M9 20v-9m3 9V7.5M15 20v-9",
	stop: "M8.5 3.5h7l5 5v7l-5 5h-7l-5-5v-7l5-5ZM12 8v5m0 3v.2",
} as const;

/** A line drawing beside a word or inside a named button; hidden from screen readers. */
export function Icon({ name, flip }: { name: keyof typeof shapes; flip?: boolean }) {
	return (
		<svg class={flip ? "icon flip" : "icon"} viewBox="0 0 24 24" aria-hidden="true">
			<path d={shapes[name]} />
		</svg>
	);
}
