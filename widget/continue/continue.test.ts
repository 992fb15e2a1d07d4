import { expect, test } from "vitest";
import ar from "./i18n/ar.json";
import en from "./i18n/en.json";
import { arrival } from "./kept";

const holes = (v: string) => [...v.matchAll(/\{\w+\}/g)].map(String).sort();

test("the page that leads from a mail into a chat has the same keys and placeholders in both languages", () => {
	expect(Object.keys(ar).sort()).toEqual(Object.keys(en).sort());
	for (const [k, v] of Object.entries(en))
		expect([k, holes((ar as Record<string, string>)[k] ?? "")]).toEqual([k, holes(v)]);
});

test("a fragment is a link or a login that comes back, or nothing", () => {
	const link = "c.cv_01arz3ndektsv4rrffq69g5fav-tk3x2a.abcdefgh234567ab";
	expect(arrival(`#${link}`)).toEqual({ link, back: "" });
	expect(arrival("#postern=abc_DEF-1.2~3")).toEqual({ link: "", back: "abc_DEF-1.2~3" });
	for (const none of ["", "#", "#postern=", "#postern=a b", "#a/b", `#${"x".repeat(65)}`, "#<script>"])
		expect(arrival(none)).toEqual({ link: "", back: "" });
});
