import { expect, test } from "vitest";
import ar from "./i18n/ar.json";
import en from "./i18n/en.json";
import { safe } from "./kept";

const holes = (v: string) => [...v.matchAll(/\{\w+\}/g)].map(String).sort();

test("the page of an old conversation has the same keys and placeholders in both languages", () => {
	expect(Object.keys(ar).sort()).toEqual(Object.keys(en).sort());
	for (const [k, v] of Object.entries(en))
		expect([k, holes((ar as Record<string, string>)[k] ?? "")]).toEqual([k, holes(v)]);
});

test("the way back is a path of the help center here, and nothing else", () => {
	for (const ok of ["/help/accounts/en", "/help/a/en/ar_1/how-to", "/help/a/ar/%D8%A3"]) expect(safe(ok)).toBe(ok);
	for (const bad of [
		"",
		"/",
		"/console",
		"/helpers",
		"//evil.test/help/",
		"/help//evil.test",
		"/help/../console",
		"/help/%2e%2e/console",
		"/help/a/./en",
		"/\\\\evil.test",
		"/help/\\\\evil.test",
		"https://evil.test/help/a",
		"javascript:alert(1)",
		"/help/a?x=1",
		"/help/a#x",
		"/help/a\n",
	])
		expect(safe(bad)).toBe("");
});
