import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { empty, take } from "./conversation";
import { dir, languageName, t, use } from "./i18n";
import ar from "./i18n/ar.json";
import en from "./i18n/en.json";
import staffAr from "./i18n/staff/ar.json";
import staffEn from "./i18n/staff/en.json";
import { finishText, newKey, newToken, signHello } from "./key";
import { safeURL } from "./nodes";
import type { Event } from "./wire";

test("both languages have the same keys and placeholders", () => {
	expect(Object.keys(ar).sort()).toEqual(Object.keys(en).sort());
	const marks = (v: unknown) => (typeof v === "string" ? (v.match(/\{\w+\}/g) ?? []).sort() : []);
	for (const k of Object.keys(en) as (keyof typeof en)[]) expect(marks(ar[k]), k).toEqual(marks(en[k]));
	expect(Object.keys(staffAr).sort()).toEqual(Object.keys(staffEn).sort());
	for (const k of Object.keys(staffEn) as (keyof typeof staffEn)[])
		expect(marks(staffAr[k]), k).toEqual(marks(staffEn[k]));
});
test("every text that the shared parts name exists", () => {
	const known = new Set([...Object.keys(en), ...Object.keys(staffEn)]);
	const files = readdirSync("kit/ui").filter((f) => /\.tsx?$/.test(f));
	const named = files.flatMap((f) =>
		[...readFileSync(`kit/ui/${f}`, "utf8").matchAll(/\bt\(\s*"([\w.]+)"/g)].map((m) => m[1]),
	);
	expect(named.length).toBeGreaterThan(20);
	expect(named.filter((k) => !known.has(k ?? ""))).toEqual([]);
});
test("every code of the gateway has words", () => {
	const go = readFileSync("../gateway/error.go", "utf8");
	const codes = [...go.matchAll(/Is: "(\w+)"/g)].map((m) => `error.${m[1]}`);
	expect(codes.length).toBeGreaterThan(15);
	for (const c of codes) expect(Object.keys({ ...en, ...staffEn })).toContain(c);
});
test("plurals and direction follow the language", () => {
	use("ar", ar);
	expect(t("launcher.unread", { n: 2 })).toBe("رسالتان غير مقروءتين");
	expect(dir()).toBe("rtl");
	use("en", en);
	expect(t("launcher.unread", { n: 1 })).toBe("1 unread message");
});
test("a language has its name, any other text stays as it is", () => {
	use("en", en);
	expect(languageName("de")).toBe("German");
	expect(languageName("not a language")).toBe("not a language");
});
test("a script address is never a link", () => {
	for (const bad of ["javascript:alert(1)", "data:text/html,x", "//evil.test", "/\\evil.test"])
		expect(safeURL(bad)).toBeUndefined();
	expect(safeURL("https://a.test/x")).toBe("https://a.test/x");
});
test("a key signs in 64 bytes and cannot be exported", async () => {
	const key = await newKey();
	if (!key) throw new Error("no WebCrypto");
	expect(await signHello(key, "n", newToken())).toHaveLength(86);
	await expect(crypto.subtle.exportKey("jwk", key.privateKey)).rejects.toThrow();
	expect(await finishText({ challenge: "a", chg: "b", commit: "c" }, "x")).toMatch(
		/^postern\.finish\.v1\n\{"challenge":"a","chg":"b","commit":"c","token":"[\w-]{43}","v":"1"\}$/,
	);
});
test("the conversation drops repeats and asks for gaps", () => {
	const e = (seq: number) => ({
		ev: "conversation.started",
		topic: "cv",
		seq,
		id: `e${seq}`,
		at: 0,
		by: { role: "visitor" },
		data: {},
	});
	const one = take(empty("cv"), e(1));
	expect(one?.lines).toHaveLength(1);
	expect(one && take(one, e(1))).toBe(one);
	expect(one && take(one, e(3))).toBeUndefined();
});

const idling: Partial<Event> = { ev: "conversation.idling", data: { until: 9 } };
/** The conversation after these events, one a millisecond. */
const after = (...events: Partial<Event>[]) =>
	events.reduce((v, e, i) => {
		const all = { topic: "cv", seq: i + 1, id: `e${i}`, at: i, by: { role: "system" }, data: {}, ...e } as Event;
		return take(v, all) ?? v;
	}, empty("cv"));
const keys = (v: ReturnType<typeof empty>) => v.lines.map((l) => ("key" in l ? l.key : l.message.text));

for (const [name, e, lines] of [
	["his word", { ev: "message.created", by: { role: "visitor" }, data: { text: "Yes" } }, ["Yes"]],
	["an answer", { ev: "message.created", by: { role: "agent" }, data: { text: "No" } }, ["No"]],
	["another's claim", { ev: "conversation.claimed", data: { name: "Ben" } }, ["line.claimed"]],
	["a handing over", { ev: "conversation.assigned", data: { agent: "ag_2", name: "Ben" } }, ["line.assigned"]],
	["his staying", { ev: "conversation.stayed", by: { role: "visitor" } }, []],
	["the end, above which it stays to be read", { ev: "conversation.closed" }, ["line.idling", "line.closed"]],
] as [string, Partial<Event>, string[]][])
	test(`P44: a warning of silence holds until ${name}; the next one holds again`, () => {
		expect(after(idling).idling).toMatchObject({ id: "e0", key: "line.idling" });
		const over = after(idling, e);
		expect(over.idling).toBeUndefined();
		expect(keys(over)).toEqual(lines);
		expect(after(idling, e, idling).idling?.id).toBe("e2");
	});
test("P44: a warning of silence holds over what is nobody's answer", () => {
	const others: Partial<Event>[] = [
		{ ev: "message.read", by: { role: "visitor" }, data: { up_to: 1 } },
		{ ev: "identity.proven" },
	];
	for (const e of others) expect(after(idling, e).idling?.id, e.ev).toBe("e0");
});
