import { expect, test } from "vitest";
import mailAr from "../mail/i18n/ar.json";
import mailEn from "../mail/i18n/en.json";
import ar from "./i18n/ar.json";
import en from "./i18n/en.json";

type File = Record<string, string | Record<string, string>>;
const holes = (v: string | Record<string, string> | undefined) =>
	typeof v === "string" ? [...v.matchAll(/\{\w+\}/g)].map(String).sort() : Object.keys(v ?? {}).includes("other");

test("the page for ratings and the line in mails have the same keys and placeholders in both languages", () => {
	for (const [a, b] of [
		[en, ar],
		[mailEn, mailAr],
	] as [File, File][]) {
		expect(Object.keys(b).sort()).toEqual(Object.keys(a).sort());
		for (const k of Object.keys(a)) expect([k, holes(b[k])]).toEqual([k, holes(a[k])]);
	}
});
