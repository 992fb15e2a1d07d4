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

test("P44: a silent visitor reads that it ends soon, and his words are what extends it", async () => {
	await panel("en", en, [{ ev: "conversation.idling", data: { until: 5000 } }], "active");
	expect(root.querySelector("[role=log]")?.textContent).toContain(en["line.idling"]);
	const box = root.querySelector("textarea");
	if (!box) throw new Error("nothing to write into");
	box.value = "I am still here";
	box.dispatchEvent(new Event("input", { bubbles: true }));
	await vi.advanceTimersByTimeAsync(10); // drawn again, with a button that sends
	box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
	await vi.advanceTimersByTimeAsync(10);
	expect(Line.last.asked.filter((c) => c.cmd === "message.send").map((c) => c.args)).toMatchObject([
		{ conversation: "cv", text: "I am still here" },
	]);
});
