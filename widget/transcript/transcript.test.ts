import { expect, test } from "vitest";
import ar from "./i18n/ar.json";
import en from "./i18n/en.json";

const holes = (v: string) => [...v.matchAll(/\{\w+\}/g)].map(String).sort();

test("the page of an old conversation has the same keys and placeholders in both languages", () => {
	expect(Object.keys(ar).sort()).toEqual(Object.keys(en).sort());
	for (const [k, v] of Object.entries(en))
		expect([k, holes((ar as Record<string, string>)[k] ?? "")]).toEqual([k, holes(v)]);
});
