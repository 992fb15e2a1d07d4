import type { JSX } from "preact";

/** Our own line drawings on a 24 × 24 grid, one stroke width, coloured by the text around them. */
const shapes = {
	inbox:
		"M4 13l2.6-7.2A1 1 0 0 1 7.5 5h9a1 1 0 0 1 .9.8L20 13v5a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1v-5Zm0 0h5l1 2.5h4l1-2.5h5",
	person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm-7.5 8a7.5 7.5 0 0 1 15 0",
	people:
		"M9 11.5A3.5 3.5 0 1 0 9 4.5a3.5 3.5 0 0 0 0 7ZM2.5 19.5a6.5 6.5 0 0 1 13 0M15.5 4.8a3.5 3.5 0 0 1 0 6.4M18 14a6.5 6.5 0 0 1 3.5 5.5",
	circle: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17Z",
	ticket:
		"M4 8a1 1 0 0 1 1-1h14a1 1 0 0 1 1 1v2.5a2 2 0 0 0 0 3.5V17a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1v-3a2 2 0 0 0 0-3.5V8Zm10 0v2m0 2.5v1.5m0 2v1.5",
	archive: "M4 5h16v4H4V5Zm1.5 4v10h13V9M10 13h4",
	search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13Zm4.7-1.8L20 20",
	send: "M4.5 12h8M4.5 12 3.5 4.5 21 12 3.5 19.5 4.5 12Z",
	clip: "m19 11-7.6 7.6a4.5 4.5 0 0 1-6.4-6.4l8-8a3 3 0 0 1 4.3 4.3l-7.9 7.9a1.5 1.5 0 0 1-2.2-2.2L14 7",
	note: "M5 4h14v10l-5 6H5V4Zm14 10h-5v6M8.5 8.5h7M8.5 12h4",
	reply: "M9.5 6 4 11.5 9.5 17M4 11.5h9a7 7 0 0 1 7 7",
	book: "M12 6.5C10.5 5 8 4.5 4 4.5V18c4 0 6.5.5 8 2 1.5-1.5 4-2 8-2V4.5c-4 0-6.5.5-8 2Zm0 0V20",
	gate: "M5 20V9a7 7 0 0 1 14 0v11M3.5 20h17M9 20v-9m3 9V7.5M15 20v-9",
	lock: "M6 11h12v9H6v-9Zm2.5 0V8a3.5 3.5 0 0 1 7 0v3M12 14.5v2",
	clock: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17ZM12 7v5l3.5 2",
	check: "m5 12.5 4.5 4.5L19 7",
	checks: "m2.5 12.5 4 4 8-9M11 15.5l1.5 1.5 9-9.5",
	cross: "m6 6 12 12M18 6 6 18",
	stop: "M8.5 3.5h7l5 5v7l-5 5h-7l-5-5v-7l5-5ZM12 8v5m0 3v.2",
	warn: "M12 4 2.5 20h19L12 4Zm0 6v5m0 2.5v.2",
	info: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17ZM12 11v5.5m0-9v.2",
	down: "m6 9.5 6 6 6-6",
	next: "m9.5 6 6 6-6 6",
	back: "m14.5 6-6 6 6 6",
	more: "M5 12a1 1 0 1 0 2 0 1 1 0 0 0-2 0Zm6 0a1 1 0 1 0 2 0 1 1 0 0 0-2 0Zm6 0a1 1 0 1 0 2 0 1 1 0 0 0-2 0Z",
	plus: "M12 5v14M5 12h14",
	edit: "M5 19l1-4L16 5l3 3L9 18l-4 1ZM14 7l3 3",
	trash: "M5 7h14M10 7V4.5h4V7M7 7l1 13h8l1-13M10.5 11v5.5m3-5.5v5.5",
	hand: "M4 12h11m-4-4.5L15.5 12 11 16.5M15.5 5H20v14h-4.5",
	undo: "M8 5 4 9l4 4M4 9h9.5a5.5 5.5 0 0 1 0 11H8",
	bell: "M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15L6 16.5ZM10 20.5h4",
	mute: "M6 16.5V11a6 6 0 0 1 9.5-4.9M18 11v5.5l1.5 1.5H9M10 20.5h4M4 4l16 16",
	keyboard: "M3.5 7h17v10h-17V7Zm3.5 3.5h.1m3.3 0h.1m3.3 0h.1m3.2 0h.1M8 13.8h8",
	exit: "M10 4H5v16h5M10 12h10m-3.5-3.5L20 12l-3.5 3.5",
	link: "M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7L12 7m2 3a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7L12 17",
	globe: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17ZM3.5 12h17M12 3.5c5 5 5 12 0 17-5-5-5-12 0-17Z",
	chat: "M4 5h16v11H10l-4.5 4v-4H4V5Z",
	mail: "M3.5 6h17v12h-17V6Zm0 .5L12 13l8.5-6.5",
	file: "M6 3.5h8l4 4v13H6v-17Zm8 0v4h4",
	download: "M12 4v11m-4-4 4 4 4-4M5 19.5h14",
	bolt: "M13 3 5 13.5h6L10.5 21 19 10h-6.5L13 3Z",
	spark:
		"M10 4.5 11.8 10l5.7 2-5.7 2L10 19.5 8.2 14l-5.7-2 5.7-2L10 4.5Zm8-1.5.8 2.2L21 6l-2.2.8L18 9l-.8-2.2L15 6l2.2-.8L18 3Z",
	dot: "M12 15.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Z",
	half: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17Zm0-17v17M15 5v14M18 7.5v9",
	menu: "M4 7h16M4 12h16M4 17h16",
	grid: "M4 4.5h6.5V11H4V4.5Zm9.5 0H20V11h-6.5V4.5ZM4 14h6.5v6.5H4V14Zm9.5 0H20v6.5h-6.5V14Z",
	list: "M9 6.5h11M9 12h11M9 17.5h11M4.5 6.5h.1M4.5 12h.1M4.5 17.5h.1",
	steps: "M10 6.5h10M10 12h10M10 17.5h10M4 5.2l1.3-.7v4M3.8 16.2c.4-1 2.3-.9 2.1.4-.1.8-1.3 1.4-2.1 2.2h2.2",
	code: "m8.5 7-5 5 5 5m7-10 5 5-5 5",
	sliders: "M5 7h8m4 0h2M5 17h2m4 0h8M13 4.5v5M7 14.5v5",
	panel: "M4 5h16v14H4V5Zm10 0v14",
	copy: "M8 8h11v12H8V8Zm-3 8V4h11",
	eye: "M2.5 12c4-7 15-7 19 0-4 7-15 7-19 0ZM12 14.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z",
	settings:
		"M12 15.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM12 3v3m0 12v3m9-9h-3M6 12H3m15.4-6.4-2.2 2.2M7.8 16.2l-2.2 2.2m12.8 0-2.2-2.2M7.8 7.8 5.6 5.6",
} as const;
export type IconName = keyof typeof shapes;

/** Shapes that point along the line of writing, so that they turn with it. */
const turns: ReadonlySet<IconName> = new Set([
	"send",
	"reply",
	"back",
	"next",
	"exit",
	"hand",
	"undo",
	"panel",
	"list",
]);

/** Decoration beside a word, so hidden from screen readers. fill draws the shape solid. */
export function Icon({ name, fill }: { name: IconName; fill?: boolean }): JSX.Element {
	return (
		<svg class={turns.has(name) ? "icon flip" : "icon"} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
			<path d={shapes[name]} class={fill ? "solid" : undefined} />
		</svg>
	);
}
