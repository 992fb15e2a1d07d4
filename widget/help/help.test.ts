import { expect, test } from "vitest";
import ar from "./i18n/ar.json";
import en from "./i18n/en.json";

const holes = (v: string | undefined) => [...(v ?? "").matchAll(/\{\w+\}/g)].map(String).sort();

test("the help center has the same keys and placeholders in both languages, and no text is empty", () => {
	const [a, b] = [en, ar] as [Record<string, string>, Record<string, string>];
	expect(Object.keys(b).sort()).toEqual(Object.keys(a).sort());
	for (const k of Object.keys(a)) {
		expect([k, holes(b[k])]).toEqual([k, holes(a[k])]);
		expect([k, Boolean(a[k]?.trim() && b[k]?.trim())]).toEqual([k, true]);
	}
});
