// @vitest-environment happy-dom
import { render } from "preact";
import { afterEach, expect, test, vi } from "vitest";
import { empty, take } from "../kit/conversation";
import { type Texts, t, use } from "../kit/i18n";
import ar from "../kit/i18n/ar.json";
import en from "../kit/i18n/en.json";
import type { Event } from "../kit/wire";
import { Chat } from "./chat";
import { connects, Line } from "./line.fixture";
import * as st from "./state";

let root: HTMLElement;

/** The panel of a conversation in which this has happened. */
async function panel(lang: string, texts: object, events: Partial<Event>[], status: "queued" | "active") {
	vi.useFakeTimers();
	use(lang, texts as Texts);
	const s = connects();
	await vi.advanceTimersByTimeAsync(0);
	let v = empty("cv");
	for (const [i, e] of events.entries())
		v = take(v, { topic: "cv", seq: i + 1, id: `e${i}`, at: 1000 + i, by: { role: "system" }, ...e } as Event) ?? v;
	st.views.value = { cv: { ...v, status } };
	st.current.value = "cv";
	st.position.value = undefined;
	root = document.body.appendChild(document.createElement("div"));
	const draw = () => render(<Chat s={s} />, root);
	draw();
	return draw;
}
afterEach(() => {
	render(null, root);
	vi.useRealTimers();
	use("en", {});
});

const queued: Partial<Event> = {
	ev: "conversation.queued",
	data: { mailbox: "mb", round: 1, queued_at: 1, missed_at: 2 },
};

for (const [lang, texts, wait] of [
	["en", en, "A person usually answers within 3 min."],
	["ar", ar, "يرد شخص عادةً خلال 3 دقيقة."],
] as const) {
	test(`P08: who waits reads his place and the minutes it is likely to take, and no minutes where none are known (${lang})`, async () => {
		const draw = await panel(lang, texts, [queued], "queued");
		const said = () => root.querySelector(".now[role=status]")?.textContent ?? "";
		const place = (p: object) => {
			Line.last.say({ sig: "queue.position", data: { conversation: "cv", ...p } });
			draw();
		};
		place({ place: 2, wait_s: 180 });
		expect(said()).toBe(`${t("wait.place", { n: 2 })} ${wait}`);
		place({ place: 0, wait_s: 121 }); // a begun minute counts
		expect(said()).toBe(`${texts["wait.next"]} ${wait}`);
		place({ place: 0 });
		expect(said()).toBe(texts["wait.next"]);
	});
}

const idling: Partial<Event> = { ev: "conversation.idling", data: { until: 5000 } };
/** What the visitor has sent of a command. */
const asked = (cmd: string) => Line.last.asked.filter((c) => c.cmd === cmd).map((c) => c.args);
const warning = () => root.querySelector<HTMLElement>(".trouble[role=alert]");
/** Presses the warning's button, and lets it be drawn again. */
async function stays(): Promise<void> {
	warning()?.querySelector("button")?.click();
	await vi.advanceTimersByTimeAsync(10);
}
/** The gateway says what happens next. */
const happens = (seq: number, ev: string, data: object = {}) =>
	Line.last.say({ ev, topic: "cv", seq, id: `e${seq}`, at: 2000, by: { role: "visitor" }, data });

for (const [lang, texts] of [
	["en", en],
	["ar", ar],
] as const)
	test(`P44: a silent visitor reads that it ends soon; pressed as often as he likes it is said once, and the gateway's event takes the warning away (${lang})`, async () => {
		const draw = await panel(lang, texts, [idling], "active");
		expect(warning()?.textContent).toBe(texts["line.idling"] + texts["chat.stay"]);
		await stays();
		await stays();
		expect(asked("conversation.stay")).toEqual([{ conversation: "cv" }]);
		expect(warning()).not.toBeNull();
		happens(2, "conversation.stayed");
		draw();
		expect(warning()).toBeNull();
		expect(root.textContent).not.toContain(texts["line.idling"]);
		// What comes again in one piece, as after a cut, is another warning: its button is not the pressed one.
		happens(3, "conversation.idling", { until: 9000 });
		draw();
		await stays();
		expect(asked("conversation.stay")).toHaveLength(2);
		happens(4, "conversation.stayed");
		happens(5, "conversation.idling", { until: 9500 });
		draw();
		await stays();
		expect(asked("conversation.stay")).toHaveLength(3);
	});
test("P44: a press that the gateway could not take says why, and can be made again", async () => {
	await panel("en", en, [idling], "active");
	Line.talk = { answer: (c) => (c.cmd === "conversation.stay" ? { error: { code: "unavailable" } } : undefined) };
	await stays();
	expect(warning()?.textContent).toBe(en["error.unavailable"] + en["chat.stay"]);
	await stays();
	expect(asked("conversation.stay")).toHaveLength(2);
});
test("P44: who is back in the queue waits for us: nothing warns him", async () => {
	await panel("en", en, [idling], "queued");
	expect(warning()).toBeNull();
});
test("P44: a word extends it too", async () => {
	await panel("en", en, [idling], "active");
	const box = root.querySelector("textarea");
	if (!box) throw new Error("nothing to write into");
	box.value = "I am still here";
	box.dispatchEvent(new Event("input", { bubbles: true }));
	await vi.advanceTimersByTimeAsync(10); // drawn again, with a button that sends
	box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
	await vi.advanceTimersByTimeAsync(10);
	expect(asked("message.send")).toMatchObject([{ conversation: "cv", text: "I am still here" }]);
});
