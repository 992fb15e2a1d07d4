import { expect, test } from "vitest";
import { hostName, over, web } from "./api";
import ar from "./i18n/ar.json";
import en from "./i18n/en.json";

test("both languages have the same keys and placeholders", () => {
	expect(Object.keys(ar).sort()).toEqual(Object.keys(en).sort());
	const marks = (v: string) => (v.match(/\{\w+\}/g) ?? []).sort();
	for (const k of Object.keys(en) as (keyof typeof en)[]) expect(marks(ar[k]), k).toEqual(marks(en[k]));
});
test("every state of a change has words", () => {
	const states =
		"challenged matched proven cooling released unsettled applied expired denied disowned withdrawn revoked failed";
	for (const state of states.split(" ")) expect(Object.keys(en), state).toContain(over({ state }));
	expect(over({ state: "applied" })).toBe("confirm.over.done");
	expect(over({ state: "failed" })).toBe("confirm.over.other");
});
test("only web addresses are followed", () => {
	for (const bad of ["javascript:alert(1)", "data:text/html,x", "//evil.test", "/x", "", undefined, 1])
		expect(web(bad)).toBeUndefined();
	expect(web("https://a.test/x#postern=t")).toBe("https://a.test/x#postern=t");
	expect(hostName("https://site.test/help")).toBe("site.test");
	expect(hostName("site")).toBe("");
});
