import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import shared from "../kit/i18n/en.json";
import staff from "../kit/i18n/staff/en.json";
import type { Event, Row } from "../kit/wire";
import ar from "./i18n/ar.json";
import en from "./i18n/en.json";
import { Keys, type Press } from "./keys";
import { joined } from "./merged";
import { counts, inView, late, list, merge, ringing, seats, settle, unread } from "./rows";
import { snoozeTime } from "./snoozing";
import { blank, folds, type Item, lastFromVisitor, readBy, steps, story, take } from "./story";
import { asked, fill, unfilled } from "./vars";

const row = (r: Partial<Row>): Row => ({
	id: "cv_1",
	mailbox: "mb_1",
	channel: "chat",
	status: "queued",
	seq: 1,
	started_at: 1000,
	...r,
});
const event = (e: Partial<Event>): Event => ({
	ev: "message.created",
	topic: "cv_1",
	seq: 1,
	id: `e${e.topic ?? ""}${e.seq}`,
	at: e.seq ?? 1,
	by: { role: "visitor" },
	data: { id: "ms", text: "x", nodes: [] },
	...e,
});
const press = (p: Partial<Press>): Press => ({
	key: "a",
	ctrl: false,
	meta: false,
	alt: false,
	shift: false,
	typing: false,
	control: false,
	layer: false,
	composing: false,
	...p,
});

test("both languages of the console have the same keys and placeholders", () => {
	expect(Object.keys(ar).sort()).toEqual(Object.keys(en).sort());
	const marks = (v: unknown) => (typeof v === "string" ? (v.match(/\{\w+\}/g) ?? []).sort() : []);
	for (const k of Object.keys(en) as (keyof typeof en)[]) expect(marks(ar[k]), k).toEqual(marks(en[k]));
});
test("every text that the console names exists", () => {
	const files = readdirSync("console").filter((f) => /\.tsx?$/.test(f) && !f.includes(".test."));
	const known = new Set([...Object.keys(en), ...Object.keys(staff), ...Object.keys(shared)]);
	expect(files.length).toBeGreaterThan(20);
	for (const file of files)
		for (const m of readFileSync(`console/${file}`, "utf8").matchAll(/\bt\(\s*"([\w.]+)"/g))
			expect(known, `${file} ${m[1]}`).toContain(m[1]);
});
test("every reason and every state of the gate has words", () => {
	const reasons = [...readFileSync("../verify/reason.go", "utf8").matchAll(/Reason = "([\w.]+)"/g)];
	expect(reasons.length).toBeGreaterThan(50);
	for (const m of reasons) expect(Object.keys(staff)).toContain(`reason.${m[1]}`);
	const states = [...readFileSync("../verify/challenge.go", "utf8").matchAll(/State = "(\w+)"/g)];
	expect(states.length).toBeGreaterThan(10);
	for (const m of states) expect(Object.keys(en)).toContain(`gate.${m[1]}`);
});
test("every kind of text that the leak guard finds has words", () => {
	const kinds = [...readFileSync("../gateway/leak.go", "utf8").matchAll(/LeakKind = "(\w+)"/g)];
	expect(kinds.length).toBeGreaterThan(10);
	for (const m of kinds) expect(Object.keys(en)).toContain(`held.${m[1]}`);
});
test("a held message is told without its text, and its fate after it", () => {
	const staff = (seq: number, ev: string, data: object) =>
		event({ topic: "cv_1/staff", seq, ev, data, by: { role: "agent", id: "ag_1" } });
	let th = { ...blank("cv_1"), loaded: true };
	th = take(th, staff(1, "message.held", { message: "ms_1", kinds: ["card"] }));
	th = take(th, staff(2, "message.held", { message: "ms_2", kinds: ["secret"], blocked: true }));
	th = take(th, staff(3, "message.withdrawn", { message: "ms_1" }));
	th = take(th, staff(4, "message.released", { message: "ms_3", reason: "ours" }));
	th = take(th, event({ seq: 1, at: 5, ev: "conversation.frozen", data: { change: "" }, by: { role: "system" } }));
	const names = { agent: () => "Mia", mailbox: () => "" };
	expect(story(th, names).map((i) => i.kind === "line" && i.key)).toEqual([
		"sys.held",
		"sys.blocked",
		"sys.withdrawn",
		"sys.let",
		"sys.frozen.held",
	]);
});
test("no text of the console offers to apply, approve or override", () => {
	for (const [k, v] of Object.entries(en))
		if (typeof v === "string" && /^(offer|gate|guide)\./.test(k)) expect(v, k).not.toMatch(/\b(apply|override)\b/i);
});

test("a row stands in the views that the server would list it in", () => {
	const queued = row({});
	expect(inView(queued, "incoming", "ag_1")).toBe(true);
	expect(inView(queued, "unassigned", "ag_1")).toBe(true);
	const mine = row({ status: "active", assignee: "ag_1" });
	expect(inView(mine, "mine", "ag_1")).toBe(true);
	expect(inView(mine, "mine", "ag_2")).toBe(false);
	expect(inView(row({ status: "open", channel: "email" }), "missed", "ag_1")).toBe(true);
	expect(counts({ a: queued, b: mine }, "ag_1")).toMatchObject({ incoming: 1, mine: 1, unassigned: 1, missed: 0 });
});
test("who waits longest stands first", () => {
	const rows = { a: row({ id: "a", queued_at: 9 }), b: row({ id: "b", queued_at: 5 }) };
	expect(list(rows, "incoming", "ag_1", "").map((r) => r.id)).toEqual(["b", "a"]);
	expect(list(rows, "incoming", "ag_1", "mb_2")).toEqual([]);
});
test("an older row never overwrites a newer one, and a full list takes out what has gone", () => {
	const newer = row({ seq: 5, status: "active" });
	expect(merge({ cv_1: newer }, [row({ seq: 4 })]).cv_1?.status).toBe("active");
	expect(settle({ cv_1: row({}) }, "incoming", "ag_1", [])).toEqual({});
	expect(settle({ cv_1: newer }, "incoming", "ag_1", [])).toEqual({ cv_1: newer });
});
test("only a live ring at me rings, and it holds a seat", () => {
	const at = (agent: string, until: number) => row({ offer: { agent, until, ring: 1 } });
	expect(ringing({ a: at("ag_1", 50) }, "ag_1", 40)).toHaveLength(1);
	expect(ringing({ a: at("ag_1", 50) }, "ag_1", 60)).toEqual([]);
	expect(ringing({ a: at("ag_2", 50) }, "ag_1", 40)).toEqual([]);
	expect(seats({ a: at("ag_1", 50), b: row({ id: "b", status: "active", assignee: "ag_1" }) }, "ag_1")).toBe(2);
});
test("unread is what the visitor wrote after my last look", () => {
	const r = row({ status: "active", assignee: "ag_1", last_author: "visitor", last_message_at: 9 });
	expect(unread(r, "ag_1", {})).toBe(true);
	expect(unread(r, "ag_1", { cv_1: 9 })).toBe(false);
	expect(unread({ ...r, last_author: "agent" }, "ag_1", {})).toBe(false);
});

test("variables are filled, fall back, or stay and are named", () => {
	const vars = { "agent.name": "Mia", "visitor.name": "" };
	expect(fill("Hi {visitor.name|there}, {agent.name}", vars)).toEqual({ text: "Hi there, Mia", missing: [] });
	expect(fill("{account.plan} {visitor.name}", vars)).toEqual({
		text: "{account.plan} {visitor.name}",
		missing: ["account.plan", "visitor.name"],
	});
	expect(fill("{Not A Name} {x|}", {})).toEqual({ text: "{Not A Name} ", missing: [] });
	expect(unfilled("a {account.plan} b {plan} {json}", ["plan"])).toEqual(["account.plan", "plan"]);
	expect(unfilled("nothing", ["plan"])).toEqual([]);
});
test("a sign asks only at the start of a word", () => {
	expect(asked("/hel", 4, "/#")).toEqual({ sign: "/", q: "hel", from: 0 });
	expect(asked("see #par", 8, "/#")).toEqual({ sign: "#", q: "par", from: 4 });
	expect(asked("https://x", 9, "/#")).toBeUndefined();
	expect(asked("and/or", 6, "/#")).toBeUndefined();
	expect(asked("/ no", 4, "/#")).toBeUndefined();
	expect(asked("mia@x", 5, "@")).toBeUndefined();
});

test("keys act outside fields only, G and D take a second key, single keys can be off", () => {
	const k = new Keys();
	expect(k.take(press({ key: "j" }), 0)).toBe("next");
	expect(k.take(press({ key: "j", typing: true }), 0)).toBeUndefined();
	expect(k.take(press({ key: "k", ctrl: true, typing: true }), 0)).toBe("palette");
	expect(k.take(press({ key: "g" }), 0)).toBeUndefined();
	expect(k.take(press({ key: "m" }), 500)).toBe("go:mine");
	expect(k.take(press({ key: "g" }), 1000)).toBeUndefined();
	expect(k.take(press({ key: "i" }), 2500)).toBe("claim");
	expect(k.take(press({ key: "d" }), 3000)).toBeUndefined();
	expect(k.take(press({ key: "3" }), 3100)).toBe("be:unavailable");
	expect(k.take(press({ key: "j", composing: true }), 0)).toBeUndefined();
	k.single = false;
	expect(k.take(press({ key: "j" }), 9000)).toBeUndefined();
	expect(k.take(press({ key: "Enter" }), 9000)).toBe("accept");
	expect(k.take(press({ key: "Enter", layer: true }), 9000)).toBeUndefined();
});

test("a thread takes each event of its two topics once", () => {
	let t = take(blank("cv_1"), event({ seq: 1 }));
	const note = event({ ev: "note.created", topic: "cv_1/staff", seq: 1, at: 2, by: { role: "agent", id: "ag_1" } });
	t = take(t, note);
	expect(take(t, note)).toBe(t);
	expect(take(t, event({ topic: "cv_2" }))).toBe(t);
	const names = { agent: () => "Mia", mailbox: () => "Orders" };
	expect(story(t, names).map((i) => i.kind)).toEqual(["message", "note"]);
	expect(lastFromVisitor(t)).toBe(1);
});
test("reads count by side; a change has its steps in order", () => {
	const read = (seq: number, role: string, up_to: number) =>
		event({ ev: "message.read", seq, by: { role }, data: { up_to } });
	const moved = (seq: number, ev: string, state: string) =>
		event({ ev, seq, data: { change: "ch_1", kind: "k", state } });
	const t = [
		event({ seq: 1 }),
		read(2, "agent", 1),
		read(3, "visitor", 2),
		moved(4, "change.offered", "offered"),
		moved(5, "change.denied", "denied"),
	].reduce(take, blank("cv_1"));
	expect(readBy(t, "staff")).toBe(1);
	expect(readBy(t, "visitor")).toBe(2);
	expect(steps(t, "ch_1").map((s) => s.state)).toEqual(["offered", "denied"]);
	expect(steps(t, "ch_2")).toEqual([]);
	const gate = story(t, { agent: () => "", mailbox: () => "" }).filter((i) => i.kind === "gate");
	expect(gate.map((i) => i.kind === "gate" && i.move.state)).toEqual(["denied"]);
});
test("three plain lines of a day fold into the last; what warns, and a message between, stands alone", () => {
	const line = (seq: number, tone?: string, at = seq) =>
		({ kind: "line", id: `e${seq}`, at, seq, key: "sys.offered", params: {}, tone }) as const;
	const message = { id: "m", text: "", nodes: [] };
	const said: Item = { kind: "message", id: "m", at: 9, seq: 9, by: "", role: "visitor", message };
	const shape = (items: Parameters<typeof folds>[0]) =>
		folds(items).map((f) => (f.folded ? `fold ${f.items.length}` : f.items.length));
	expect(shape([line(1), line(2), line(3), said])).toEqual(["fold 3", 1]);
	expect(shape([line(1), line(2), said, line(10)])).toEqual([2, 1, 1]);
	expect(shape([line(1), line(2, "stop"), line(3)])).toEqual([1, 1, 1]);
	expect(shape([line(1), line(2), line(3, undefined, 90_000_000)])).toEqual([2, 1]);
	expect(folds([said, line(10)])[1]?.before).toBe(said);
});
test("the site's word on who is signed in is said once", () => {
	const signed = (seq: number) => event({ ev: "identity.claimed", seq, data: { how: "signed" } });
	const t = [signed(1), event({ seq: 2 }), signed(3)].reduce(take, blank("cv_1"));
	expect(story(t, { agent: () => "", mailbox: () => "" }).map((i) => i.kind)).toEqual(["line", "message"]);
});
test("a clock stays with its turn: another turn, state or mailbox has another, and what is over is late", () => {
	const clock = { name: "first", warn: 600, due: 900 };
	const read = row({ last_author: "visitor", clock });
	const rows = merge({}, [read]);
	const now = (r: Partial<Row>) => merge(rows, [row({ last_author: "visitor", seq: 2, ...r })]).cv_1;
	expect(now({})?.clock).toEqual(clock);
	expect(now({ last_author: "agent" })?.clock).toBeUndefined();
	expect(now({ status: "active" })?.clock).toBeUndefined();
	expect(now({ mailbox: "mb_2" })?.clock).toBeUndefined();
	expect(now({ clock: {} })?.clock).toEqual({});
	expect(merge({}, [row({})]).cv_1?.clock).toBeUndefined();
	expect([
		late(read, 899),
		late(read, 900),
		late(row({ status: "closed", clock }), 900),
		late(row({ clock: {} }), 900),
	]).toEqual([false, true, false, false]);
	expect([inView(read, "late", "me", 899), inView(read, "late", "me", 900)]).toEqual([false, true]);
	const sooner = row({ id: "cv_2", clock: { name: "next", due: 800 } });
	const both = merge(rows, [sooner]);
	expect(list(both, "late", "me", "", 900).map((r) => r.id)).toEqual(["cv_2", "cv_1"]);
	expect(counts(both, "me", "", 850).late).toBe(1);
	expect(Object.keys(settle(both, "late", "me", [sooner]))).toEqual(["cv_1", "cv_2"]);
});
test("two thirds of the time make a risk, until it is late; a holding reply begins another clock and is no news", () => {
	const clock = { name: "next", warn: 600, due: 900 };
	const r = row({ last_author: "visitor", status: "open", assignee: "me", last_message_at: 500, clock });
	const at = (now: number) => [inView(r, "risk", "me", now), inView(r, "late", "me", now)];
	expect([at(599), at(600), at(899), at(900)]).toEqual([
		[false, false],
		[true, false],
		[true, false],
		[false, true],
	]);
	expect(inView({ ...r, status: "closed" }, "risk", "me", 700)).toBe(false);
	expect(Object.keys(settle({ cv_1: r }, "risk", "me", []))).toEqual(["cv_1"]);
	expect(unread(r, "me", {})).toBe(true);
	const held = row({ ...r, seq: 2, last_message_at: 600, holding_at: 600, clock: undefined });
	expect(unread(held, "me", {})).toBe(false);
	expect(merge({ cv_1: r }, [held]).cv_1?.clock).toBeUndefined();
});
test("an escalation is drawn as a card, a clock as a line", () => {
	const report = { customer: "Vic", issue: "x", spent_ms: 0, tried: [], status: "open", urgency: 1, impact: "" };
	const said = (seq: number, ev: string, data: object) =>
		event({ topic: "cv_1/staff", seq, ev, data, by: { role: "system" } });
	let th = { ...blank("cv_1"), loaded: true };
	th = take(th, said(1, "clock.warned", { clock: "first", due: 5 }));
	th = take(th, said(2, "clock.broken", { clock: "resolve", due: 5 }));
	th = take(th, said(3, "conversation.escalated", { level: 2, told: [], report }));
	const drawn = story(th, { agent: () => "Mia", mailbox: () => "" });
	expect(drawn.map((i) => (i.kind === "line" ? i.key : i.kind))).toEqual([
		"sys.warned.first",
		"sys.broken.resolve",
		"escalation",
	]);
	for (const key of ["first", "next", "resolve"])
		for (const text of [
			`sys.warned.${key}`,
			`sys.broken.${key}`,
			`clock.${key}.in`,
			`clock.${key}.soon`,
			`clock.${key}.late`,
		])
			expect(Object.keys(en), text).toContain(text);
});

test("a ticket that sleeps stands in Snoozed and nowhere else", () => {
	const asleep = row({ status: "open", channel: "email", assignee: "ag_1", snoozed_until: 99 });
	for (const v of ["incoming", "mine", "unassigned", "missed", "late", "waiting", "closed"] as const)
		expect(inView(asleep, v, "ag_1"), v).toBe(false);
	expect(inView(asleep, "snoozed", "ag_1")).toBe(true);
	expect(inView({ ...asleep, snoozed_until: undefined }, "snoozed", "ag_1")).toBe(false);
});
test("snoozing goes to later today, nine tomorrow, and nine on a Monday that is still to come", () => {
	const at = (day: number, hour: number, minute = 0) => new Date(2026, 10, day, hour, minute).getTime();
	expect(snoozeTime("later", at(24, 10, 10))).toBe(at(24, 13, 30));
	expect(snoozeTime("tomorrow", at(24, 23))).toBe(at(25, 9));
	expect(snoozeTime("monday", at(24, 10))).toBe(at(30, 9));
	expect(snoozeTime("monday", at(30, 8))).toBe(new Date(2026, 11, 7, 9).getTime());
	expect(snoozeTime("monday", at(29, 8))).toBe(at(30, 9));
	expect(snoozeTime("date", 5)).toBeUndefined();
});
test("what is undone, snoozed, silent or a duplicate is told in the thread", () => {
	const staff = (seq: number, ev: string, data: object) =>
		event({ topic: "cv_1/staff", seq, ev, data, by: { role: "agent", id: "ag_1" } });
	const th = [
		staff(1, "message.posted", { message: "ms_1", until: 5 }),
		staff(2, "message.undone", { message: "ms_1" }),
		staff(3, "conversation.snoozed", { until: 9 }),
		staff(4, "conversation.woken", { why: "visitor" }),
		staff(5, "conversation.duplicate", { of: "cv_2", number: 7 }),
		event({ seq: 1, at: 9, ev: "conversation.idling", data: { until: 9 }, by: { role: "system" } }),
	].reduce(take, { ...blank("cv_1"), loaded: true });
	const names = { agent: () => "Mia", mailbox: () => "" };
	expect(story(th, names).map((i) => i.kind === "line" && i.key)).toEqual([
		"sys.undone",
		"sys.snoozed",
		"sys.woken.visitor",
		"sys.duplicate.of",
		"sys.idling",
	]);
});
test("a merged history stands in one line of time, and what is not its own says whose it is", () => {
	const names = { agent: () => "Ana", mailbox: () => "" };
	const own = story(take(blank("cv_1"), event({ at: 5 })), names);
	const other = { ...row({ id: "cv_2", number: 7 }) };
	const said = (at: number, seq: number) => event({ topic: "cv_2", at, seq, id: `o${seq}` });
	const all = joined(own, [{ conversation: other, events: [said(3, 1), said(9, 2)], staff: [] }], names);
	expect(all.map((i) => [i.at, i.of])).toEqual([
		[3, "#7"],
		[5, undefined],
		[9, "#7"],
	]);
	expect(joined(own, [], names)).toBe(own);
});
test("merges and splits say from which side they are seen", () => {
	const names = { agent: () => "Ana", mailbox: () => "" };
	const data = { from: "cv_1", from_number: 1, into: "cv_2", into_number: 2, from_seq: 4 };
	const key = (topic: string, ev: string) =>
		story({ ...blank(topic), staff: [event({ topic: `${topic}/staff`, ev, data })] }, names).map(
			(i) => i.kind === "line" && i.key,
		)[0];
	expect(key("cv_1", "conversation.merged")).toBe("sys.merged.into");
	expect(key("cv_2", "conversation.merged")).toBe("sys.merged.from");
	expect(key("cv_2", "conversation.unmerged")).toBe("sys.unmerged");
	expect(key("cv_1", "conversation.continued")).toBe("sys.continued.into");
	expect(key("cv_2", "conversation.continued")).toBe("sys.continued.from");
	expect(key("cv_1", "conversation.split")).toBe("sys.split.off");
	expect(key("cv_2", "conversation.split")).toBe("sys.split.of");
});
